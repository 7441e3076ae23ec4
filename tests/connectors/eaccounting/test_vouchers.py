"""Vouchers at the simulated books: rows, look-ups where the server filters less, and what is refused before a write."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from commerce.order import LineKind, Order
from commerce.problems import ProblemCode
from connectors.eaccounting import CONNECTOR
from connectors.eaccounting.document_fields import FIELDS, ROW_FIELDS, default_rules
from connectors.eaccounting.settings import EAccountingOrders
from connectors.eaccounting.target import EAccountingTarget
from connectors.errors import RecordRefused
from connectors.oauth import authorization_url
from connectors.order_mapping import compile_order_rules
from connectors.protocols import CustomerRef, Document, DocumentRequest, DocumentType, Identifier, PreparedDocument
from mapping.rules import Rule, merged
from tests.connectors.eaccounting.conftest import PLACED, Office, connection_settings, line, order

ACCOUNTS: dict[str, Any] = {
    "voucher_account": "1100",
    "voucher_revenue_account": {"21": "8210", "9": "8090", "0": "8000", "BE 21": "8000"},
    "voucher_vat_account": {"21": "1500", "9": "1510"},
}
SHIPPING = line("", "1", "4.95", kind=LineKind.SHIPPING)


def shown(prepared: PreparedDocument) -> list[tuple[int, Decimal]]:
    """Account and amount of every row, credit below zero."""
    return [
        (row["AccountNumber"], row["DebitAmount"] if "DebitAmount" in row else -row["CreditAmount"])
        for row in prepared.body["document"]["Rows"]
    ]


def request_of(placed: Order, rules: tuple[Rule, ...] = (), **values: dict[str, str]) -> DocumentRequest:
    rows = merged(default_rules(EAccountingOrders()), rules)
    return DocumentRequest(
        order=placed,
        kind=DocumentType.TRANSACTION,
        customer=CustomerRef("", "", "none"),
        products={},
        identifier=Identifier.SKU,
        values=values,
        rounding_limit=Decimal("0.05"),
        rules=compile_order_rules(rows, FIELDS, ROW_FIELDS),
    )


def target_of(office: Office, **changes: Any) -> EAccountingTarget:
    settings = EAccountingOrders.model_validate({**ACCOUNTS, **changes})
    return EAccountingTarget(office.client, settings, books_vouchers=True)


async def found(target: EAccountingTarget, reference: str = "1001") -> Document | None:
    return await target.find_document(reference, DocumentType.TRANSACTION, placed_at=PLACED)


async def refusal(office: Office, placed: Order, **settings: Any) -> tuple[ProblemCode, str]:
    with pytest.raises(RecordRefused) as refused:
        await target_of(office, **settings).prepare_document(request_of(placed))
    return refused.value.problem.code, refused.value.problem.field


async def test_shipping_and_fees_have_accounts_of_their_own_where_they_are_set(office: Office):
    fee = line("", "1", "0.60", kind=LineKind.FEE)
    own = {"voucher_shipping_account": {"21": "8500"}, "voucher_fee_account": {"21": "8510"}}
    placed = order(line(), SHIPPING, fee)
    prepared = await target_of(office, **own).prepare_document(request_of(placed))
    assert shown(prepared) == [
        (1100, Decimal("17.65")),
        (8210, Decimal("-10.00")),
        (8500, Decimal("-4.09")),
        (8510, Decimal("-0.50")),
        (1500, Decimal("-3.06")),
    ]
    together = await target_of(office).prepare_document(request_of(placed))
    assert shown(together) == [(1100, Decimal("17.65")), (8210, Decimal("-14.59")), (1500, Decimal("-3.06"))]


async def test_a_discount_lowers_the_revenue_of_its_rate_and_then_what_else_was_charged_at_it(office: Office):
    free = line("", "1", "-4.95", kind=LineKind.DISCOUNT)
    own = {"voucher_shipping_account": {"21": "8500"}}
    placed = order(line("BOOK", "1", "10.90", rate="9"), SHIPPING, free)
    prepared = await target_of(office, **own).prepare_document(request_of(placed))
    assert shown(prepared) == [(1100, Decimal("10.90")), (8090, Decimal("-10.00")), (1510, Decimal("-0.90"))]
    more = order(line("BOOK", "1", "10.90", rate="9"), line("", "1", "-1.21", kind=LineKind.DISCOUNT))
    assert await refusal(office, more) == (ProblemCode.INVALID_VALUE, "discount")


@pytest.mark.parametrize(
    ("total", "rows"),
    [
        ("12.12", [(1100, "12.12"), (8210, "-10.00"), (4950, "-0.02"), (1500, "-2.10")]),
        ("12.08", [(1100, "12.08"), (8210, "-9.98"), (1500, "-2.10")]),
    ],
)
async def test_a_remainder_goes_to_the_rounding_account_or_comes_off_the_revenue(
    office: Office, total: str, rows: list[tuple[int, str]]
):
    target = target_of(office, voucher_rounding_account="4950")
    prepared = await target.prepare_document(request_of(order(total=total)))
    assert shown(prepared) == [(account, Decimal(amount)) for account, amount in rows]
    assert prepared.rounding == Decimal(total) - Decimal("12.10")
    assert len(prepared.notes) == 1
    assert (await target.push_document(prepared, None)).total == Decimal(total)


async def test_what_cannot_be_booked_is_refused_before_anything_is_written(office: Office):
    nobody: dict[str, Any] = {"voucher_account": ""}
    assert await refusal(office, order(total="12.20")) == (ProblemCode.TOTALS_DIFFER, "total")
    assert await refusal(office, order(currency="USD")) == (ProblemCode.UNKNOWN_CURRENCY, "currency")
    assert await refusal(office, order(), **nobody) == (ProblemCode.SETTING_MISSING, "voucher_account")
    assert await refusal(office, order(line(rate="6"))) == (ProblemCode.UNKNOWN_TAX_RATE, "voucher_revenue_account")
    assert await refusal(office, order(line(price="0"))) == (ProblemCode.EMPTY_ORDER, "total")
    for number in ("8990", "9999", "bank"):
        told = await refusal(office, order(), voucher_account=number)
        assert told == (ProblemCode.INVALID_VALUE, "voucher_account")
    late = order(placed_at=PLACED.replace(year=2040))
    assert await refusal(office, late) == (ProblemCode.PERIOD_CLOSED, "VoucherDate")
    assert await office.count("vouchers") == 0


async def test_a_payment_method_may_have_an_account_of_its_own(office: Office):
    target = target_of(office)
    table = {"paypal": "1150"}
    prepared = await target.prepare_document(request_of(order(payment_method="paypal"), payment_account=table))
    assert shown(prepared)[0] == (1150, Decimal("12.10"))
    other = await target.prepare_document(request_of(order(), payment_account=table))
    assert shown(other)[0] == (1100, Decimal("12.10"))
    with pytest.raises(RecordRefused) as refused:
        await target_of(office, voucher_account="").prepare_document(request_of(order(), payment_account=table))
    assert (refused.value.problem.code, refused.value.problem.value) == (ProblemCode.UNMAPPED_VALUE, "ideal")


async def test_rows_carry_the_mapped_texts_and_cost_centres_and_nothing_a_voucher_lacks(office: Office):
    centre = "11111111-1111-4111-8111-111111111111"
    rules = (
        Rule(target="Rows.CostCenterItemId1", expression=f'"{centre}" if line.sku == "CUP" else ""'),
        Rule(target="DeliveryMethodCode", expression='"PARCEL"'),
    )
    placed = order(line("MUG"), line("JUG"), line("CUP"), line("B", rate="9", name="A book " * 20))
    prepared = await target_of(office).prepare_document(request_of(placed, rules))
    _, mugs, cups, books, *vat = prepared.body["document"]["Rows"]
    assert mugs["TransactionText"] == "The MUG, The JUG"
    assert (cups["TransactionText"], cups["CostCenterItemId1"]) == ("The CUP", centre)
    assert "CostCenterItemId1" not in mugs
    assert (len(books["TransactionText"]), books["TransactionText"][-1]) == (60, "…")
    assert [row["TransactionText"] for row in vat] == ["VAT 21 %", "VAT 9 %"]
    assert "DeliveryMethodCode" in " ".join(prepared.notes)
    document = await target_of(office).push_document(prepared, None)
    assert set(prepared.body["document"]) == {"VoucherDate", "VoucherText", "Rows"}
    assert document.total == placed.total


@pytest.mark.parametrize("unfilterable", [[], ["VoucherText"], ["VoucherText", "ModifiedUtc"]])
async def test_a_voucher_is_found_by_its_text_however_little_the_server_filters(
    office: Office, unfilterable: list[str]
):
    await office.simulation.set_now("2026-03-02T11:00:00Z")
    target = target_of(office)
    await office.simulation.settings({"unfilterable": unfilterable})
    assert await found(target) is None
    prepared = await target.prepare_document(request_of(order()))
    made = await target.push_document(prepared, None)
    assert (made.kind, made.total, made.currency, made.complete) == (
        DocumentType.TRANSACTION,
        Decimal("12.10"),
        "EUR",
        True,
    )
    assert await found(target_of(office)) == made
    assert await target.push_document(prepared, None) == made
    assert await found(target, "100") is None
    assert await office.count("vouchers") == 1


async def test_a_connection_without_the_permission_neither_reads_nor_writes_vouchers(office: Office):
    target = EAccountingTarget(office.client, EAccountingOrders.model_validate(ACCOUNTS))
    steps: list[Callable[[], Any]] = [
        lambda: found(target),
        lambda: target.prepare_document(request_of(order())),
    ]
    for step in steps:
        with pytest.raises(RecordRefused) as refused:
            await step()
        assert refused.value.problem.field == "book_vouchers"
    assert await office.simulation.requests() == []


def test_only_a_connection_that_books_vouchers_asks_for_the_permission():
    assert CONNECTOR.oauth_client is not None
    asked = {}
    for wanted in (False, True):
        settings = connection_settings("http://127.0.0.1").model_copy(update={"book_vouchers": wanted})
        url = authorization_url(CONNECTOR.oauth_client(settings), redirect_uri="http://127.0.0.1/back", state="s")
        asked[wanted] = set(parse_qs(urlsplit(url).query)["scope"][0].split())
    assert asked[True] - asked[False] == {"ea:accounting"}
    assert asked[False] < asked[True]


async def test_a_country_may_have_a_revenue_account_of_its_own(office: Office):
    placed = order()
    abroad = placed.model_copy(update={"shipping": placed.shipping.model_copy(update={"country": "BE"})})
    prepared = await target_of(office).prepare_document(request_of(abroad))
    assert shown(prepared)[1][0] == 8000
