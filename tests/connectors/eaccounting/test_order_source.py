"""Orders that were typed in the books, on their way to a shop."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from commerce.customer import CustomerKind
from commerce.order import LineKind, Order
from commerce.problems import ProblemCode
from connectors.eaccounting import CONNECTOR
from connectors.eaccounting.order_source import EAccountingOrderRegister, EAccountingOrderSource
from connectors.errors import OutcomeUnknown, RecordGone, RecordRefused
from connectors.protocols import ReadFrom
from tests.connectors.eaccounting.conftest import Office, order

EVERYTHING = ReadFrom(None, None, timedelta(0))
GONE = "00000000-0000-4000-8000-000000000009"


def register(office: Office, **settings: Any) -> EAccountingOrderRegister:
    return EAccountingOrderRegister(office.client, EAccountingOrderSource.model_validate(settings))


async def typed(office: Office, rows: list[dict[str, Any]] | None = None, **changes: Any) -> str:
    """A person types an order for a private customer; returns its id."""
    await office.simulation.load(
        {
            "customers": [
                {
                    "CustomerNumber": "77",
                    "Name": "Jan Jansen",
                    "IsPrivatePerson": True,
                    "EmailAddress": "jan@example.nl",
                    "InvoiceAddress1": "Dorpsstraat 12",
                    "InvoicePostalCode": "3511 AB",
                    "InvoiceCity": "Utrecht",
                }
            ],
            "orders": [
                {
                    "CustomerNumber": "77",
                    "OrderDate": "2026-03-02",
                    "Rows": rows or [{"ArticleNumber": "MUG", "Quantity": 2, "UnitPrice": 12.1}],
                    **changes,
                }
            ],
        }
    )
    found: str = (await office.simulation.state())["orders"][-1]["Id"]
    return found


async def listed(source: EAccountingOrderRegister, start: ReadFrom = EVERYTHING) -> list[str]:
    page = await source.list_orders(start, None, 100)
    assert not page.refused
    return [entry.source_id for entry in page.orders]


async def read(source: EAccountingOrderRegister, order_id: str) -> Order:
    """As the engine does it: from the list, without reading the order again."""
    page = await source.list_orders_by_id([order_id])
    [entry] = page.orders
    made = await source.read_order(order_id, entry.header)
    assert (made.reference, made.placed_at, made.total, made.status) == (
        entry.reference,
        entry.placed_at,
        entry.total,
        entry.status,
    )
    assert made.computed_total() == made.total
    return made


async def test_a_typed_order_is_read_with_all_its_lines_to_the_cent(office: Office):
    rows: list[dict[str, Any]] = [
        {"ArticleNumber": "MUG", "Quantity": 3, "UnitPrice": 9.99, "DiscountPercentage": 0.1, "Text": "Blue mug"},
        {"ArticleNumber": "BOOK", "Quantity": 1, "UnitPrice": 20},
        {"ArticleNumber": "SHIP21", "Quantity": 1, "UnitPrice": 5.95},
        {"Text": "Please ring twice"},
    ]
    order_id = await typed(office, rows, DeliveryMethodName="Pakketpost")
    made = await read(register(office, shipping_articles=["SHIP21"]), order_id)
    held = (await office.simulation.state())["orders"][-1]
    assert (made.total, made.currency) == (Decimal(held["total_incl_vat"]), "EUR")
    assert [(line.kind, line.sku, line.name, line.quantity, line.total, line.tax_rate) for line in made.lines] == [
        (LineKind.PRODUCT, "MUG", "Blue mug", Decimal(3), Decimal("26.97"), Decimal(21)),
        (LineKind.PRODUCT, "BOOK", "Book", Decimal(1), Decimal("20.00"), Decimal(9)),
        (LineKind.SHIPPING, "", "Shipping 21 %", Decimal(1), Decimal("5.95"), Decimal(21)),
    ]
    assert made.lines[0].ean == "8710000000001"
    assert (made.customer.kind, made.customer.email) == (CustomerKind.PERSON, "jan@example.nl")
    assert (made.billing.street, made.billing.number, made.billing.city) == ("Dorpsstraat", "12", "Utrecht")
    assert (made.shipping.city, made.shipping_method) == ("Utrecht", "Pakketpost")
    assert made.payment_method


@pytest.mark.parametrize("including", [True, False])
async def test_both_price_modes_and_whole_units_come_to_what_the_books_say(office: Office, including: bool):
    await office.simulation.settings({"prices_incl_vat_for_private": including, "whole_unit_rounding": True})
    order_id = await typed(office, [{"ArticleNumber": "BOOK", "Quantity": 7, "UnitPrice": 3.33}])
    made = await read(register(office), order_id)
    assert made.total == Decimal((await office.simulation.state())["orders"][-1]["total_incl_vat"])
    assert made.total == made.total.to_integral_value()
    assert made.lines[-1].kind is LineKind.ROUNDING
    assert made.lines[0].includes_tax is including


async def test_an_order_of_the_shop_is_not_sent_back(office: Office):
    await office.send(order())
    mine = await typed(office)
    assert await listed(register(office)) == [mine]
    assert len(await listed(register(office, reference_prefix="WEB-"))) == 2
    assert len(await listed(register(office, leave_shop_orders=False))) == 2


async def test_only_what_changed_is_listed_again_with_another_fingerprint(office: Office):
    first, second = await typed(office), await typed(office)
    source = register(office)
    page = await source.list_orders(EVERYTHING, None, 100)
    await office.simulation.advance(60)
    await office.simulation.load({"orders": [{"Id": first, "Status": 3}]})
    again = await source.list_orders(ReadFrom(page.cursor, None, timedelta(0)), None, 100)
    before = {entry.source_id: entry.fingerprint for entry in page.orders}
    changed = {entry.source_id: entry for entry in again.orders}
    assert changed[first].fingerprint != before[first]
    assert changed[first].status == "shipped"
    assert second not in changed or changed[second].fingerprint == before[second]


async def test_the_date_of_an_order_begins_where_the_company_is(office: Office):
    await office.simulation.set_now("2026-03-05T10:00:00Z")
    earlier = await typed(office, OrderDate="2026-03-02")
    today = await typed(office, OrderDate="2026-03-05")
    source = register(office)
    assert (await read(source, earlier)).placed_at == datetime(2026, 3, 1, 23, tzinfo=UTC)
    typed_at = (await read(source, today)).placed_at - datetime(2026, 3, 5, 10, tzinfo=UTC)
    assert timedelta(0) <= typed_at < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"Text": "Only words"}], ProblemCode.EMPTY_ORDER),
        ([{"ArticleNumber": "MUG", "Quantity": -1, "UnitPrice": 12.1}], ProblemCode.CREDIT_NOTE),
    ],
)
async def test_orders_that_cannot_be_sent_say_why(office: Office, rows: list[dict[str, Any]], code: ProblemCode):
    order_id = await typed(office, rows)
    with pytest.raises(RecordRefused) as refused:
        await register(office).read_order(order_id, None)
    assert refused.value.problem.code is code
    assert "retry" in refused.value.problem.sentence


async def test_rows_that_do_not_add_up_are_refused(office: Office):
    order_id = await typed(office)
    header = await office.record("orders", order_id)
    with pytest.raises(RecordRefused) as refused:
        await register(office).read_order(order_id, {**header, "Amount": Decimal(3)})
    assert refused.value.problem.code is ProblemCode.TOTALS_DIFFER


async def test_an_order_that_was_deleted_is_gone(office: Office):
    with pytest.raises(RecordGone):
        await register(office).read_order(GONE, None)
    assert not (await register(office).list_orders_by_id([GONE])).orders


async def test_an_order_is_taken_on_to_a_status_once(office: Office):
    order_id = await typed(office, Status=1)
    source = register(office)
    assert (await read(source, order_id)).reference.startswith("draft-")
    for status, stored in (("ongoing", 2), ("shipped", 3), ("ongoing", 3)):
        await source.mark_sent(order_id, status)
        assert (await office.record("orders", order_id))["Status"] == stored
    await office.simulation.forget_requests()
    await source.mark_sent(order_id, "shipped")
    assert {entry["method"] for entry in await office.simulation.requests()} == {"GET"}


async def test_a_lost_answer_to_a_status_is_looked_up(office: Office):
    order_id = await typed(office)
    await office.simulation.faults([{"fault": "500_after_commit", "when": "once", "method": "POST"}])
    source = register(office)
    with pytest.raises(OutcomeUnknown):
        await source.mark_sent(order_id, "shipped")
    await source.mark_sent(order_id, "shipped")
    assert (await office.record("orders", order_id))["Status"] == 3


async def test_no_status_books_an_invoice(office: Office):
    order_id = await typed(office)
    with pytest.raises(RecordRefused) as refused:
        await register(office).mark_sent(order_id, "invoiced")
    assert refused.value.problem.value == "invoiced"
    assert await office.count("customerinvoices") == 0


def test_the_declaration_names_its_statuses():
    declared = CONNECTOR.order_source
    assert declared is not None
    assert list(declared.statuses) == ["draft", "ongoing", "shipped", "invoiced"]
    assert set(declared.value_tables.values()) <= set(CONNECTOR.choices)
