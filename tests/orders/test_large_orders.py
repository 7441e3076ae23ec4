"""Orders and pages that are far larger than what may travel through the workflow engine."""

from decimal import Decimal

import pytest

from tests.shop_orders import shop_order, shop_row
from tests.world import World

MEGABYTE = 1_000_000
LARGEST_PAYLOAD = 2 * 1024 * 1024


async def history_bytes(world: World, source_id: int) -> int:
    return sum([event.ByteSize() async for event in world.order_execution(source_id).fetch_history_events()])


async def test_an_order_of_600_lines_arrives_with_all_of_them(small_world: World):
    world = small_world
    await world.ready()
    rows = [shop_row("MUG", number % 7 + 1, Decimal("0.07") * (number % 50 + 1)) for number in range(600)]
    standing = await world.deliver(
        shop_order(1001, rows=rows), shop_order(1002, rows=rows, address={"company": "B.V."})
    )
    assert standing["done"] == 2, await world.problems()
    total = sum((row["count"] * row["price"] for row in rows), Decimal(0))
    for document in await world.documents():
        priced = [row for row in document["Rows"] if row["ArticleNumber"] == "MUG"]
        assert [row["Quantity"] for row in priced] == [row["count"] for row in rows]
        assert Decimal(document["total_incl_vat"]) == total


@pytest.mark.slow
async def test_an_order_of_5_megabytes_and_a_page_of_20_pass(small_world: World):
    world = small_world
    await world.ready(page_size=100)
    row = shop_row("MUG", 1, Decimal("12.10"), memo="r" * (2 * MEGABYTE))
    standing = await world.deliver(shop_order(1001, rows=[row], remark="h" * (3 * MEGABYTE)))
    assert standing["done"] == 1, await world.problems()
    source = (await world.item("1001"))["source"]["raw"]
    assert len(source["remark"]) + len(source["orderrows"][0]["memo"]) == 5 * MEGABYTE
    assert await history_bytes(world, 1001) < LARGEST_PAYLOAD / 20

    page = [shop_order(number, remark="p" * (MEGABYTE // 2)) for number in range(2001, 2041)]
    standing = await world.deliver(*page)
    assert standing["done"] == 41, await world.problems()
    assert len(await world.documents()) == 41
