"""Stock of the books in the shop while the shop's own orders are on their way into the books."""

from decimal import Decimal

import pytest

from tests.records.stocks import SHIPPED, fill_shop, in_books, in_shop, keep_stock, sent_to_shop
from tests.shop_orders import shop_order, shop_row
from tests.waiting import eventually
from tests.world import World
from workflows import names

PRICE = Decimal("12.10")


async def sold_in_shop(world: World, number: int, sku: str, count: int, **members: object) -> None:
    """A customer's order of the shop; the shop itself takes the pieces off."""
    stored = next(one for one in (await world.shop.state("products"))["products"] if one["productnumber"] == sku)
    await world.shop.patch("products", stored["id"], {"stock": stored["stock"] - count})
    await world.shop.load({"orders": [shop_order(number, rows=[shop_row(sku, count, PRICE)], **members)]})


async def both_flows(world: World, stock: int, *, document_type: str = "order", **common: object) -> str:
    """Books and shop with so many mugs, orders going one way and stock the other; returns the stock flow's id."""
    await world.connect()
    await world.stock_up()
    await keep_stock(world, MUG=stock)
    await fill_shop(world, MUG=0)
    await world.ready(target={"terms_of_payment": ""}, document_type=document_type)
    flow = await world.add_flow("stock", common=common)
    await world.settled(flow)
    assert await in_shop(world) == {"MUG": stock}
    return flow


@pytest.mark.feature("STK-07")
async def test_a_sale_lowers_the_books_stock_once_and_the_stock_flow_does_not_fight_it(small_world: World):
    """30 in the house, 29 sold and not shipped, 50 more come in: 1, then 51."""
    world = small_world
    flow = await both_flows(world, 30)
    await world.shop.forget_requests()
    await sold_in_shop(world, 1001, "MUG", 29)
    await world.run()
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 1}
    mug = (await in_books(world))["MUG"]
    assert (mug["StockBalance"], mug["StockBalanceReserved"]) == (30, 29)
    assert await sent_to_shop(world) == []

    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": 80}]})
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 51}

    (order,) = await world.documents()
    await world.books.load({"orders": [{"Number": order["Number"], "Status": SHIPPED}]})
    await world.run(flow)
    mug = (await in_books(world))["MUG"]
    assert (mug["StockBalance"], mug["StockBalanceReserved"]) == (51, 0)
    assert await in_shop(world) == {"MUG": 51}
    assert await sent_to_shop(world) == [{"stock": 51}]


async def test_orders_that_wait_on_their_way_into_the_books_are_taken_off(small_world: World):
    """The same, while the order is parked: the books do not know yet that 29 are sold."""
    world = small_world
    flow = await both_flows(world, 30)
    await world.shop.forget_requests()
    await sold_in_shop(world, 1001, "MUG", 29, paymethod="Cheque")
    assert (await world.run())["parked"] == 1
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 1}
    assert (await in_books(world))["MUG"]["StockBalanceReserved"] == 0

    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": 80}]})
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 51}

    # The order goes through at last, and from now on the books reserve what was taken off here.
    assert await world.map_payment("Cheque") == 1
    await world.run()
    await world.run(flow)
    assert (await in_books(world))["MUG"]["StockBalanceReserved"] == 29
    assert await in_shop(world) == {"MUG": 51}
    assert await sent_to_shop(world) == [{"stock": 51}]

    await sold_in_shop(world, 1002, "MUG", 1, paymethod="Barter")
    await world.run()
    await world.change_flow(flow, "stock", subtract_orders=False)
    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": 90}]})
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 61}


async def test_orders_count_for_the_article_whatever_the_shop_calls_it(small_world: World):
    """A prefix in the shop; then articles found by EAN, where only the shop's own number stands on the orders."""
    world = small_world
    await world.connect()
    await world.stock_up()
    await keep_stock(world, MUG=30)
    await world.books.load({"articles": [{"Number": "MUG", "Barcodes": [{"Barcode": "8712345678906"}]}]})
    await fill_shop(world, **{"WEB-MUG": 0})
    await world.shop.patch("products", 900, {"eannumber": "8712345678906"})
    await world.ready(target={"terms_of_payment": ""})
    flow = await world.add_flow("stock", common={"add_prefix": "WEB-"})
    await world.settled(flow)
    await sold_in_shop(world, 1001, "WEB-MUG", 4)
    assert (await world.run())["parked"] == 1
    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": 31}]})
    await world.run(flow)
    assert await in_shop(world) == {"WEB-MUG": 27}

    await world.change_flow(flow, "stock", add_prefix="", identifier="ean")
    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": 40}]})
    await world.run(flow)
    assert await in_shop(world) == {"WEB-MUG": 36}


async def test_a_sale_that_its_own_flow_has_not_seen_yet_is_taken_off(small_world: World):
    world = small_world
    flow = await both_flows(world, 10)
    await sold_in_shop(world, 1001, "MUG", 3)
    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": 15}]})
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 12}
    # The stock flow only takes the order down; its own flow sends it, once.
    assert await world.documents() == []
    standing = await world.run()
    assert (standing["listed"], standing["done"]) == (1, 1)
    await world.run(flow)
    assert len(await world.documents()) == 1
    assert await in_shop(world) == {"MUG": 12}


async def refusing_stock(world: World, flow: str, balance: int) -> None:
    """The books have so many mugs now; the stock flow has read that, and the shop does not take it."""
    await world.shop.faults([{"fault": "429_with_retry_after", "when": "always", "method": "PATCH", "seconds": 1}])
    await world.shop.forget_requests()
    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": balance}]})
    await world.api("POST", f"/integrations/{world.integration_id}/run", {"flow_id": flow})

    async def refused() -> bool:
        return any(call["method"] == "PATCH" for call in await world.shop.requests())

    await eventually(refused)


async def test_an_order_that_gets_through_before_an_older_figure_is_sent_is_taken_off_it(small_world: World):
    world = small_world
    flow = await both_flows(world, 30)
    runs = (await world.standing(flow))["runs"]
    await refusing_stock(world, flow, 40)
    await sold_in_shop(world, 1001, "MUG", 29)
    assert (await world.run())["done"] == 1
    await world.shop.forget_requests()
    await world.shop.no_faults()
    # The figure of before the order is sent now, and the order is neither in it nor on its way any more.
    await world.settled(flow, after_run=runs)
    assert await in_shop(world) == {"MUG": 11}
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 11}
    assert await sent_to_shop(world) == [{"stock": 11}]


async def test_an_order_that_came_to_nothing_is_given_back_to_a_figure_it_was_taken_off_from(small_world: World):
    world = small_world
    flow = await both_flows(world, 30)
    runs = (await world.standing(flow))["runs"]
    await refusing_stock(world, flow, 40)
    await sold_in_shop(world, 1001, "MUG", 29, paymethod="Cheque")
    assert (await world.run())["parked"] == 1
    await world.shop.no_faults()
    await world.settled(flow, after_run=runs)
    assert await in_shop(world) == {"MUG": 11}

    timeline = await world.item("1001")
    await world.api(
        "POST", f"/items/{timeline['item']['id']}/skip", {"reason": "The customer has thought better of it."}
    )
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 40}


async def test_a_sale_and_a_receipt_of_as_many_pieces_do_not_cancel_out(small_world: World):
    """30 were sent last and 30 are wanted again, but the shop has sold five of its own since."""
    world = small_world
    flow = await both_flows(world, 30)
    await sold_in_shop(world, 1001, "MUG", 5)
    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": 35}]})
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 30}

    # Once more, with an order that is through before the stock is read again.
    await world.run()
    await sold_in_shop(world, 1002, "MUG", 5)
    await world.run()
    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": 40}]})
    await world.run(flow)
    assert (await in_books(world))["MUG"]["StockBalanceAvailable"] == 30
    assert await in_shop(world) == {"MUG": 30}


async def test_a_figure_that_looks_as_before_is_compared_when_the_article_was_sold(small_world: World):
    """An invoice takes five off and a receipt brings five: the books say what they said, number for number."""
    world = small_world
    flow = await both_flows(world, 30, document_type="invoice")
    await sold_in_shop(world, 1001, "MUG", 5)
    assert (await world.run())["done"] == 1
    assert (await in_books(world))["MUG"]["StockBalance"] == 25
    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": 30}]})
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 30}
    await world.shop.forget_requests()
    await world.run(flow)
    assert await sent_to_shop(world) == []


async def test_a_figure_below_what_the_shop_has_put_back_is_sent_although_it_was_sent_before(small_world: World):
    """The shop takes a cancelled order of five back; the books cancel theirs and sell five over the counter."""
    world = small_world
    flow = await both_flows(world, 30)
    await sold_in_shop(world, 1001, "MUG", 5)
    await world.run()
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 25}
    (order,) = await world.documents()
    await world.shop.patch("products", 900, {"stock": 30})
    await world.books.load(
        {"articles": [{"Number": "MUG", "StockBalance": 25}], "orders": [{"Number": order["Number"], "Rows": []}]}
    )
    assert (await in_books(world))["MUG"]["StockBalanceAvailable"] == 25
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 25}


async def test_orders_of_a_flow_that_is_switched_off_still_count_while_they_wait(small_world: World):
    world = small_world
    flow = await both_flows(world, 30)
    await sold_in_shop(world, 1001, "MUG", 29, paymethod="Cheque")
    assert (await world.run())["parked"] == 1
    await world.run(flow)
    await world.api("POST", f"/flows/{world.flow_id}/disable")
    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": 31}]})
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 2}


@pytest.mark.feature("STK-08")
async def test_orders_move_the_books_stock_without_any_stock_flow(small_world: World):
    """What a document does to stock is the books' own rule, so the type of document is the choice."""
    world = small_world
    await world.connect()
    await world.stock_up()
    await keep_stock(world, MUG=10)
    await world.ready(document_type="order")
    seen = []
    for number, document_type in enumerate(("order", "invoice", "quote"), 1001):
        await world.change(document_type=document_type)
        await world.deliver(shop_order(number, rows=[shop_row("MUG", 3, PRICE)]))
        mug = (await in_books(world))["MUG"]
        seen.append((mug["StockBalance"], mug["StockBalanceReserved"]))
    assert seen == [(10, 3), (7, 3), (7, 3)]
    kinds = [flow["kind"] for flow in (await world.api("GET", f"/integrations/{world.integration_id}"))["flows"]]
    assert kinds == ["orders"]


@pytest.mark.feature("R16")
async def test_orders_go_before_whole_pages_of_stock(small_world: World):
    world = small_world
    await both_flows(world, 5)
    asked: dict[str, int] = {}
    async for event in world.integration_execution().fetch_history_events():
        if event.HasField("activity_task_scheduled_event_attributes"):
            scheduled = event.activity_task_scheduled_event_attributes
            asked[scheduled.activity_type.name] = scheduled.priority.priority_key
    # A smaller key is handed out first.
    assert 0 < asked[names.FETCH_ORDERS] < asked[names.SYNC_RECORDS]
