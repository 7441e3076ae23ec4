"""What a person's own rules make of a document, beside the rows' money."""

from typing import Any

import pytest

from commerce.problems import ProblemCode
from connectors.ccvshop import CONNECTOR as SHOP
from connectors.eaccounting import CONNECTOR as BOOKS
from connectors.eaccounting.document_fields import FIELDS, ROW_FIELDS, default_rules
from connectors.eaccounting.target import EAccountingTarget
from connectors.errors import RecordRefused
from connectors.order_flow import SettingsRefused, missing_order_settings, parse_order_flow
from connectors.protocols import CustomerRef, DocumentRequest, DocumentType, Identifier, PreparedDocument
from tests.connectors.eaccounting.conftest import Office, line, order, orders_settings

COST_CENTRE = "22222222-2222-4222-8222-222222222222"


def row(target: str, expression: str, **members: Any) -> dict[str, Any]:
    return {"target": target, "expression": expression, **members}


def settings(*rows: dict[str, Any], **target: Any) -> dict[str, Any]:
    return {"mapping": list(rows), "target": orders_settings(**target).model_dump(mode="json")}


async def prepared(
    office: Office,
    *rows: dict[str, Any],
    kind: DocumentType = DocumentType.ORDER,
    target: EAccountingTarget | None = None,
    **order_members: Any,
) -> PreparedDocument:
    """The document of an order under a changed mapping."""
    flow = parse_order_flow(SHOP, BOOKS, settings(*rows))
    placed = order(line("MUG", "2"), line("BOOK", rate="9"), **order_members)
    target = target or office.target()
    customer = CustomerRef("", "", "created", (await target.plan_customer(placed, None, update=True)).planned)
    return await target.prepare_document(
        DocumentRequest(
            order=placed,
            kind=kind,
            customer=customer,
            products=await target.find_products(["MUG", "BOOK"], Identifier.SKU),
            identifier=Identifier.SKU,
            values=office.values,
            rounding_limit=flow.orders.rounding_limit,
            rules=flow.rules,
        )
    )


async def test_rules_fill_fields_of_the_document_and_texts_of_its_rows(office: Office):
    document = await prepared(
        office,
        row("YourReference", '"Order " ~ reference ~ " for " ~ customer.last_name | upper'),
        row("DeliveryDate", 'placed_at | date("%Y-%m-%d")'),
        row("DeliveryTermName", "raw.pickup_point | default('Franco huis')"),
        row("InvoiceCity", "billing.city", active=False),
        row("Rows.Text", "line.sku ~ ': ' ~ line.name"),
        row("Rows.CostCenterItemId1", f'"{COST_CENTRE}" if line.tax_rate == 21 else none'),
    )
    body = document.body["document"]
    assert body["YourReference"] == "Order 1001 for JANSEN"
    assert (body["DeliveryDate"], body["DeliveryTermName"]) == ("2026-03-02", "Franco huis")
    assert "InvoiceCity" not in body
    assert body["InvoicePostalCode"] == "3511 AB"
    mug, book = body["Rows"]
    assert (mug["Text"], mug["CostCenterItemId1"]) == ("MUG: The MUG", COST_CENTRE)
    assert (book["Text"], "CostCenterItemId1" in book) == ("BOOK: The BOOK", False)


async def test_what_a_rule_makes_too_long_is_cut_visibly_and_kept_on_a_text_row(office: Office):
    document = await prepared(office, row("OurReference", f'"{"long " * 30}"'))
    body = document.body["document"]
    assert len(body["OurReference"]) <= 100
    assert body["OurReference"].endswith("…")
    assert any("Store" in note for note in document.notes)
    assert any(text["IsTextRow"] and "long " * 29 in text["Text"] for text in body["Rows"])


async def test_the_order_number_stands_where_it_is_looked_for_whatever_the_mapping(office: Office):
    target = office.target(reference_field="YourReference")
    document = await prepared(office, row("YourReference", '"mine"'), target=target)
    assert document.body["document"]["YourReference"] == "1001"


async def test_an_invoice_has_the_fields_it_can_have_and_a_quote_none(office: Office):
    rules = (row("OurReference", "channel"), row("InvoiceCity", '"Elsewhere"'))
    invoice = await prepared(office, *rules, kind=DocumentType.INVOICE_DRAFT, channel="bol")
    assert invoice.body["document"]["OurReference"] == "bol"
    assert "InvoiceCity" not in invoice.body["document"]
    quote = await prepared(office, *rules, kind=DocumentType.QUOTE)
    assert "OurReference" not in quote.body["document"]


@pytest.mark.parametrize(
    ("changed", "code", "field", "says"),
    [
        (row("OurReference", 'status | lookup("branch")'), ProblemCode.UNMAPPED_VALUE, "branch", ("branch", "new")),
        (row("OurReference", "reference / 0"), ProblemCode.INVALID_VALUE, "OurReference", ("OurReference",)),
        (row("DeliveryDate", '"tomorrow"'), ProblemCode.INVALID_VALUE, "DeliveryDate", ("tomorrow", "2026-12-31")),
    ],
    ids=["no row in a table", "failing", "no date"],
)
async def test_a_rule_that_fails_parks_the_order_with_field_and_reason(office: Office, changed, code, field, says):
    with pytest.raises(RecordRefused) as refused:
        await prepared(office, changed, status="new")
    problem = refused.value.problem
    assert (problem.code, problem.field) == (code, field)
    assert all(part in problem.sentence for part in ("1001", *says))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (row("Nonsense", "reference"), ("Nonsense", "no such field")),
        (row("OurReference", "referense"), ("OurReference", "referense")),
        (row("Rows.Text", "line.name |"), ("Rows.Text", "line.name")),
    ],
)
def test_a_rule_that_cannot_be_saved_is_named_with_its_expression_and_the_reason(changed, says):
    with pytest.raises(SettingsRefused) as refused:
        parse_order_flow(SHOP, BOOKS, settings(changed))
    assert all(part in str(refused.value) for part in says)


def test_every_default_rule_has_a_field_that_can_be_written():
    fields = {field.name for field in (*FIELDS, *ROW_FIELDS)}
    for chosen in (orders_settings(), orders_settings(store_field="our_reference")):
        assert {rule.target for rule in default_rules(chosen)} <= fields


@pytest.mark.parametrize(
    ("target", "orders", "missing"),
    [
        ({}, {}, ()),
        ({"rounding_article": {}}, {}, ("Rounding article",)),
        ({"missing_product": "create"}, {}, ("Unit of new articles",)),
        ({"missing_product": "substitute"}, {}, ("Substitute article",)),
        ({"rounding_article": {}}, {"document_type": "transaction"}, ("Revenue account",)),
        ({"rounding_article": {}, "voucher_revenue_account": {"21": "8210"}}, {"document_type": "transaction"}, ()),
        ({}, {"mode": "once"}, ("Status of an order that was sent",)),
    ],
)
def test_mandatory_settings_that_are_empty_are_named(target, orders, missing):
    flow = parse_order_flow(SHOP, BOOKS, {**settings(**target), "orders": orders})
    assert missing_order_settings(flow) == missing
