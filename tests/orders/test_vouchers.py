"""An order as a financial transaction: a voucher in the books, with accounts and neither customer nor article."""

from decimal import Decimal
from typing import Any

import pytest

from tests.rehearsal.support import preview
from tests.shop_orders import shop_order, shop_row
from tests.world import World

ACCOUNTS = {
    "voucher_account": "1100",
    "voucher_revenue_account": {"21": "8210", "9": "8090", "0": "8000"},
    "voucher_vat_account": {"21": "1500", "9": "1510"},
    "voucher_shipping_account": {"21": "8500"},
    "rounding_article": {},
}
MIXED = [shop_row("MUG", 2, Decimal("12.10")), shop_row("BOOK", 1, Decimal("21.80"), 9)]


def sums(voucher: dict[str, Any]) -> tuple[Decimal, Decimal]:
    debit, credit = (
        sum((row[side] for row in voucher["Rows"]), Decimal(0)) for side in ("DebitAmount", "CreditAmount")
    )
    return debit, credit


async def ready(world: World, **target: Any) -> None:
    """A flow of financial transactions, on a connection that may book them."""
    await world.connect()
    await world.api("PATCH", f"/connections/{world.books_id}", {"settings": {"book_vouchers": True}})
    await world.consent()
    await world.ready(document_type="transaction", target={**ACCOUNTS, **target})


@pytest.mark.feature("ORD-06")
async def test_an_order_becomes_a_balanced_voucher_of_its_total(small_world: World):
    world = small_world
    await ready(world)
    row = {"source_value": "PayPal", "target_value": "1150"}
    await world.api("PUT", f"/flows/{world.flow_id}/values/payment_account", row)
    tables = {one["table"]: one for one in await world.api("GET", f"/flows/{world.flow_id}/values?choices=true")}
    offered = tables["payment_account"]
    assert [one["value"] for one in offered["source_choices"]] == [
        one["value"] for one in tables["payment_method"]["source_choices"]
    ]
    assert {"1100", "1150"} <= {one["value"] for one in offered["target_choices"]}
    assert not {"1300", "8990"} & {one["value"] for one in offered["target_choices"]}
    guest = {"email": "", "id": None}
    costs = {"total_shipping": Decimal("4.95"), "total_discounts": Decimal("3.00")}
    standing = await world.deliver(
        shop_order(1001, rows=MIXED, customer=guest, **costs),
        shop_order(1002, rows=[shop_row("NO-ARTICLE", 3, Decimal("0.99"))], paymethod="PayPal"),
    )
    assert (standing["done"], standing["parked"]) == (2, 0), await world.problems()

    asked = {str(order["id"]): order["total_price"] for order in (await world.shop.state("orders"))["orders"]}
    assert asked == {"1001": Decimal("47.95"), "1002": Decimal("2.97")}
    vouchers = {voucher["VoucherText"]: voucher for voucher in world.stored("vouchers")}
    assert {text: sums(voucher) for text, voucher in vouchers.items()} == {
        "Order 1001": (Decimal("47.95"), Decimal("47.95")),
        "Order 1002": (Decimal("2.97"), Decimal("2.97")),
    }
    mixed = [(row["AccountNumber"], row["DebitAmount"] - row["CreditAmount"]) for row in vouchers["Order 1001"]["Rows"]]
    # 24.20 less 3.00, and 4.95 of shipping, at 21 %; 21.80 at 9 %.
    assert mixed == [
        (1100, Decimal("47.95")),
        (8210, Decimal("-17.52")),
        (8500, Decimal("-4.09")),
        (8090, Decimal("-20.00")),
        (1500, Decimal("-4.54")),
        (1510, Decimal("-1.80")),
    ]
    assert vouchers["Order 1002"]["Rows"][0]["AccountNumber"] == 1150
    assert {voucher["VoucherDate"] for voucher in vouchers.values()} == {"2026-11-20"}

    # Neither a customer nor an article is needed, so none is written.
    assert await world.writes() == ["POST /v2/vouchers"] * 2
    item = (await world.item("1001"))["item"]
    assert (item["target_kind"], item["target_id"]) == ("transaction", vouchers["Order 1001"]["Id"])

    # A second integration of the same accounts knows nothing of what the first has sent, and finds it.
    first = world.integration_execution()
    await world.integrate(document_type="transaction", target=ACCOUNTS)
    standing = await world.settled()
    assert (standing["done"], standing["skipped"]) == (0, 2)
    assert len(world.stored("vouchers")) == 2
    await first.terminate()


@pytest.mark.feature("ORD-06")
async def test_a_voucher_whose_answer_was_lost_is_found_and_not_made_again(small_world: World):
    world = small_world
    await ready(world)
    lost = {"fault": "reset_after_commit", "when": "once", "method": "POST", "path": "^/v2/vouchers"}
    await world.books.faults([lost])
    await world.deliver(shop_order(1001), seconds=90)
    [voucher] = world.stored("vouchers")
    item = (await world.item("1001"))["item"]
    assert (item["state"], item["confirmed_by_lookup"], item["target_id"]) == ("done", True, voucher["Id"])


@pytest.mark.feature("ORD-06")
async def test_what_cannot_be_booked_waits_with_its_reason(small_world: World):
    world = small_world
    await world.connect()
    await world.ready(document_type="transaction", target={**ACCOUNTS, "voucher_vat_account": {"21": "1599"}})

    async def parked(number: int, **order: Any) -> tuple[str, str]:
        await world.deliver(shop_order(number, **order))
        problem = (await world.item(str(number)))["problem"]
        return problem["code"], problem["sentence"]

    # The connection may not book vouchers.
    code, sentence = await parked(1001)
    assert (code, "Book vouchers" in sentence) == ("setting_missing", True)

    # It may, on an account that the books do not have; then it may, but nobody has given consent to it.
    await world.api("PATCH", f"/connections/{world.books_id}", {"settings": {"book_vouchers": True}})
    code, sentence = await parked(1002)
    assert (code, "account 1599" in sentence) == ("invalid_value", True)
    await world.change(target={"voucher_vat_account": {"21": "1500"}})
    code, sentence = await parked(1003)
    assert (code, "Book vouchers" in sentence) == ("connection_expired", True)
    assert world.stored("vouchers") == []
    await world.consent()
    await world.run()
    assert "Order 1003" in {voucher["VoucherText"] for voucher in world.stored("vouchers")}

    # A locked year, another currency, a rate without an account, and a day that no year has.
    year = next(one for one in world.ledger_of_books.records("fiscalyears") if one["StartDate"] == "2026-01-01")
    await world.books.patch("fiscalyears", year["Id"], {"IsLockedForAccounting": True})
    code, sentence = await parked(1004)
    assert (code, "is locked" in sentence) == ("period_closed", True)
    await world.books.patch("fiscalyears", year["Id"], {"IsLockedForAccounting": False})
    code, sentence = await parked(1005, currency="USD")
    assert (code, "USD" in sentence) == ("unknown_currency", True)
    code, sentence = await parked(1006, rows=MIXED)
    assert (code, "VAT account" in sentence) == ("unknown_tax_rate", True)
    code, sentence = await parked(1007, create_date="2036-06-01T10:00:00Z")
    assert (code, "no fiscal year" in sentence) == ("period_closed", True)

    assert set(await world.writes()) == {"POST /v2/vouchers"}


async def test_a_preview_shows_the_voucher_and_writes_none(small_world: World):
    world = small_world
    await ready(world)
    await world.shop.load({"orders": [shop_order(1001, rows=MIXED)]})
    [record] = (await preview(world, world.flow_id))["records"]
    assert (record["action"], record["problems"]) == ("create", [])
    assert [(call["method"], call["path"]) for call in record["calls"]] == [("POST", "/v2/vouchers")]
    assert record["body"]["VoucherText"] == "Order 1001"
    assert [row["AccountNumber"] for row in record["body"]["Rows"]] == [1100, 8210, 8090, 1500, 1510]
    assert world.stored("vouchers") == []
