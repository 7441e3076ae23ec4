"""Two orders flows of one integration, opposite to each other."""

import asyncio
from decimal import Decimal

import pytest

from tests.shop_orders import shop_order
from tests.world import World

CUSTOMER = {
    "CustomerNumber": "77",
    "Name": "Piet Pietersen",
    "IsPrivatePerson": True,
    "EmailAddress": "piet@example.nl",
    "InvoiceAddress1": "Kerkplein 4",
    "InvoicePostalCode": "3511 AB",
    "InvoiceCity": "Utrecht",
}


async def typed(world: World, count: int = 1) -> None:
    """Somebody types orders in the books, for a customer of theirs."""
    rows = [
        {"ArticleNumber": "MUG", "Quantity": 3, "UnitPrice": Decimal("12.10")},
        {"ArticleNumber": "BOOK", "Quantity": 1, "UnitPrice": Decimal("21.80")},
    ]
    typed_order = {"CustomerNumber": "77", "OrderDate": "2026-11-20", "Rows": rows}
    await world.books.load({"customers": [CUSTOMER], "orders": [typed_order] * count})


async def both_ways(world: World) -> str:
    """Orders flow from the shop to the books, and back; the id of the flow back."""
    await world.ready()
    await world.shop.load(
        {
            "products": [
                {"productnumber": number, "name": f"A {number}", "price": 1, "vatrate": rate}
                for number, rate in (("MUG", 21), ("BOOK", 9))
            ]
        }
    )
    # Every order of the books is listed, so that only what is known of the other flow can hold one back.
    back = await world.add_flow("orders", source_settings={"leave_shop_orders": False})
    await world.settled(back)
    return back


@pytest.mark.feature("ORD-07", "ORD-08")
async def test_each_flow_sends_what_began_at_its_own_side_and_nothing_comes_back(small_world: World):
    world = small_world
    back = await both_ways(world)
    await world.deliver(shop_order(1001))
    await typed(world)

    standing = await world.run(back)
    assert (standing["listed"], standing["done"], standing["parked"]) == (2, 1, 0), await world.problems()
    [item] = await world.items(flow_id=back, state="skipped")
    assert item["reason"] == "echo"
    orders = (await world.shop.state())["orders"]
    [written] = [order for order in orders if str(order["id"]) != "1001"]
    rows = (await world.shop.record("orders", written["id"]))["orderrows"]
    assert [(row["product_number"], row["count"]) for row in rows] == [("MUG", 3), ("BOOK", 1)]

    standing = await world.run()
    assert (standing["listed"], standing["done"], standing["skipped"]) == (2, 1, 1)
    assert len(world.stored()) == 2
    assert len((await world.shop.state())["orders"]) == 2


async def test_both_flows_at_once_send_every_order_once_and_none_back(small_world: World):
    world = small_world
    back = await both_ways(world)
    numbers = range(1001, 1006)
    await world.shop.load({"orders": [shop_order(number) for number in numbers]})
    await typed(world, len(numbers))
    await asyncio.gather(world.run(), world.run(back))
    for _ in range(2):
        # What one flow has written meanwhile is listed by the other from now on.
        await asyncio.gather(world.run(), world.run(back))
    for flow in (world.flow_id, back):
        standing = await world.standing(flow)
        assert (standing["listed"], standing["done"], standing["skipped"], standing["parked"]) == (10, 5, 5, 0)
    assert len(world.stored()) == len((await world.shop.state())["orders"]) == 2 * len(numbers)
