"""What rehearsals show of orders from the books that go to the shop: the shop's own form of them."""

from tests.records.goods import product
from tests.records.registers import debtor
from tests.rehearsal.support import announced, assert_alike, preview, sent
from tests.rehearsal.test_settings_of_then import remap, row
from tests.world import World


async def test_an_order_for_the_shop_is_shown_as_it_will_be_sent(small_world: World) -> None:
    world = small_world
    await world.connect()
    await world.stock_up()
    await world.shop.load({"products": [product(900, "MUG")]})
    order = {"CustomerNumber": "1", "Rows": [{"ArticleNumber": "MUG", "Quantity": 2, "UnitPrice": 10}]}
    await world.books.load({"customers": [debtor("1", "ann@example.nl", InvoiceCity="Assen")], "orders": [order]})
    flow = await world.add_flow("orders")
    made = await preview(world, flow, since="2000-01-01T00:00:00Z")
    (record,) = made["records"]
    ((_, _, body),) = announced(made)
    assert record["body"] == body
    assert record["body"]["customer"]["billingaddress"]["city"] == "Assen"
    shown = record["differences"]
    assert {name: one["would_become"] for name, one in shown.items()} == record["body"]
    assert {one["at_target"] for one in shown.values()} == {None}

    await world.start()
    assert (await world.settled(flow))["done"] == 1
    assert_alike(announced(made), [call for call in await sent(world) if call[1] == "/api/rest/v1/orders/"])


async def test_an_order_for_the_shop_is_compared_under_two_settings(small_world: World) -> None:
    world = small_world
    await world.connect()
    await world.stock_up("NEW")
    await world.shop.load({"products": [product(900, "MUG")]})
    order = {"CustomerNumber": "1", "Rows": [{"ArticleNumber": "NEW", "Quantity": 2, "UnitPrice": 10}]}
    await world.books.load({"customers": [debtor("1", "ann@example.nl")], "orders": [order]})
    flow = await world.add_flow("orders")
    await world.start()
    assert (await world.settled(flow))["parked"] == 1
    await remap(world, flow, row("customer.reference", '"Debtor " ~ reference'))
    await world.shop.load({"products": [product(901, "NEW")]})
    (item,) = await world.items(flow_id=flow)
    difference = await world.api("GET", f"/items/{item['id']}/difference")
    assert difference["item"]["differences"] == {
        "customer.reference": {"before": None, "after": f"Debtor {item['reference']}"}
    }
