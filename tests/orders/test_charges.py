"""Shipping costs and discounts of a shop order, as rows of its document."""

from decimal import Decimal
from typing import Any

import pytest

from tests.shop_orders import shop_order, shop_row
from tests.world import World

MUG = shop_row("MUG", 2, Decimal("12.10"))


async def rows_by_order(world: World) -> dict[str, list[dict[str, Any]]]:
    """The priced rows of every document, by the shop's order number."""
    return {
        document["BuyersOrderReference"]: [row for row in document["Rows"] if row["ArticleId"]]
        for document in world.stored()
    }


async def totals(world: World) -> dict[str, str]:
    """What every document comes to, by the shop's order number."""
    return {document["BuyersOrderReference"]: document["total_incl_vat"] for document in await world.documents()}


@pytest.mark.feature("ORD-25")
async def test_shipping_costs_go_on_the_article_of_their_rate_and_free_shipping_adds_no_row(small_world: World):
    world = small_world
    await world.ready()
    high = {"total_shipping": Decimal("4.95"), "deliver_method": "PostNL"}
    low = {"total_shipping": Decimal("5.45"), "shipping_tax_percentage": 9, "deliver_method": "PostNL"}
    free = {"total_shipping": Decimal(0), "deliver_method": "PostNL"}
    await world.deliver(*(shop_order(1001 + n, rows=[MUG], **costs) for n, costs in enumerate((high, low, free))))
    rows = await rows_by_order(world)
    assert {number: [(row["ArticleNumber"], row["UnitPrice"]) for row in rows[number][1:]] for number in rows} == {
        "1001": [("SHIPPING21", Decimal("4.95"))],
        "1002": [("SHIPPING9", Decimal("5.45"))],
        "1003": [],
    }
    codings = {one["Number"]: one["CodingId"] for one in (await world.books.state("articles"))["articles"]}
    assert rows["1002"][1]["VatRateId"] == codings["BOOK"] != rows["1001"][1]["VatRateId"] == codings["MUG"]
    assert await totals(world) == {"1001": "29.15", "1002": "29.65", "1003": "24.20"}


@pytest.mark.feature("ORD-25")
async def test_free_shipping_gets_a_row_when_the_setting_says_so(small_world: World):
    world = small_world
    await world.ready(target={"zero_shipping_row": True})
    costs = {"total_shipping": Decimal("4.95"), "deliver_method": "PostNL"}
    free = {"total_shipping": Decimal(0), "deliver_method": "PostNL"}
    await world.deliver(shop_order(1001, rows=[MUG], **costs), shop_order(1002, rows=[MUG], **free))
    rows = await rows_by_order(world)
    assert {number: [(row["ArticleNumber"], row["UnitPrice"]) for row in rows[number][1:]] for number in rows} == {
        "1001": [("SHIPPING21", Decimal("4.95"))],
        "1002": [("SHIPPING21", 0)],
    }
    assert await totals(world) == {"1001": "29.15", "1002": "24.20"}


@pytest.mark.feature("ORD-29")
async def test_discounts_of_lines_and_of_the_order_keep_the_total_in_either_way(small_world: World):
    world = small_world
    await world.ready()
    rows = [shop_row("MUG", 2, Decimal("12.10"), discount=Decimal("1.10")), shop_row("BOOK", 1, Decimal("10.90"), 9)]
    for number, way in ((1001, "separate"), (1002, "spread")):
        await world.change(target={"discounts": way})
        standing = await world.deliver(shop_order(number, rows=rows, total_discounts=Decimal("3.00")))
        assert standing["parked"] == 0, await world.problems()
    asked = {str(order["id"]): order["total_price"] for order in (await world.shop.state("orders"))["orders"]}
    # 2 x 11.00 and 10.90, less 3.00.
    assert asked == {"1001": Decimal("29.90"), "1002": Decimal("29.90")}
    assert await totals(world) == {"1001": "29.90", "1002": "29.90"}
    held = await rows_by_order(world)
    mug, book, *discounts = held["1001"]
    assert [(row["ArticleNumber"], row["UnitPrice"]) for row in (mug, book)] == [
        ("MUG", Decimal("11.00")),
        ("BOOK", Decimal("10.90")),
    ]
    assert {row["ArticleNumber"] for row in discounts} <= {"DISCOUNT21", "DISCOUNT9"}
    assert sum(row["UnitPrice"] * row["Quantity"] for row in discounts) == Decimal("-3.00")
    assert [row["ArticleNumber"] for row in held["1002"]] == ["MUG", "BOOK"]
