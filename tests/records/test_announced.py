"""Previews of every kind of flow in either direction: the run then makes exactly the writes that were announced."""

from tests.records.goods import product
from tests.records.registers import debtor, user
from tests.records.test_group_prices import DEALERS, assign, in_books, trade
from tests.records.test_shipments import AT_ONCE, SENT, look, ship, shipping, tracking, yesterday
from tests.rehearsal.support import Call, announced, assert_alike, preview, sent
from tests.shop_orders import shop_order
from tests.world import World


async def forget(world: World) -> None:
    """Let both systems forget what they were asked."""
    for simulation in (world.books, world.shop):
        await simulation.forget_requests()


async def test_shipments_into_the_shop_are_announced_and_those_that_wait_said_so(small_world: World):
    world = small_world
    flow = await shipping(world, 1001, 1002)
    await ship(world, 1001, "Track & trace: PNL 3SABC1")
    await ship(world, 1002)
    await forget(world)
    made = await preview(world, flow, limit=100)
    assert made["summary"] == {"update": 1, "waits": 1}
    assert [one["reason"] for one in made["records"] if one["action"] == "waits"] == ["waits_for_tracking_code"]
    await look(world, flow, waiting=1)
    assert_alike(announced(made), await sent(world))


async def test_shipments_into_the_books_are_announced(small_world: World):
    world = small_world
    await world.ready()
    await world.deliver(*(shop_order(number, create_date=yesterday()) for number in (1001, 1002)))
    flow = await world.add_flow("shipments", source="shop", common=AT_ONCE)
    await world.settled(flow)
    await world.shop.patch("orders", 1001, {"status": SENT, **tracking("3SABC1")})
    await world.shop.patch("orders", 1002, {"status": SENT})
    await forget(world)
    made = await preview(world, flow, limit=100)
    assert made["summary"] == {"update": 2}
    await look(world, flow)
    assert_alike(announced(made), await sent(world))


async def test_prices_of_groups_are_announced(small_world: World):
    world = small_world
    await trade(world, Dealers={"MUG": 8, "BOOK": 7})
    prices = [
        {"id": 1, "usergroup_id": 4, "product_id": 900, "price": 20},
        {"id": 2, "usergroup_id": 5, "product_id": 902, "price": 30},
    ]
    await world.shop.load({"groupprices": prices})
    flow = await world.add_flow("prices")
    await assign(world, flow, DEALERS, "4")
    await forget(world)
    made = await preview(world, flow, limit=100)
    assert made["summary"] == {"create": 1, "update": 1}
    await world.start()
    await world.settled(flow)
    assert_alike(announced(made), await sent(world))


async def test_prices_into_the_books_are_announced(small_world: World):
    world = small_world
    await trade(world, Dealers={"LAMP": 9, "MUG": 8})
    prices = [
        {"id": 1, "usergroup_id": 4, "product_id": 900, "price": 20},
        {"id": 2, "usergroup_id": 4, "product_id": 901, "price": 30},
    ]
    await world.shop.load({"groupprices": prices})
    flow = await world.add_flow("prices", source="shop")
    await assign(world, flow, "4", DEALERS)
    await forget(world)
    made = await preview(world, flow, limit=100)
    assert made["summary"] == {"create": 1, "update": 1}
    assert await in_books(world) == {(DEALERS, "LAMP"): 9, (DEALERS, "MUG"): 8}
    await world.start()
    await world.settled(flow)
    # A preview shows every price by itself; the run sends those of one list together.
    ((method, path, rows),) = await sent(world)
    assert_alike(announced(made), [(method, path, [row]) for row in rows])


async def test_customers_and_orders_into_the_shop_are_announced(small_world: World):
    world = small_world
    await world.connect()
    await world.stock_up()
    await world.shop.load({"products": [product(900, "MUG")], "users": [user(7, "ann@example.nl")]})
    ann = debtor("1", "ann@example.nl", InvoiceCity="Assen")
    rows = [{"ArticleNumber": "MUG", "Quantity": 2, "UnitPrice": 10}]
    order = {"CustomerNumber": "1", "Rows": rows}
    await world.books.load({"customers": [ann, debtor("2", "bo@example.nl")], "orders": [order]})
    orders = await world.add_flow("orders")
    customers = await world.add_flow("customers")
    await forget(world)
    of_customers = await preview(world, customers, limit=100)
    of_orders = await preview(world, orders, since="2000-01-01T00:00:00Z")
    assert of_customers["summary"] == {"create": 1, "update": 1}
    assert of_orders["summary"] == {"create": 1}
    await world.start()
    await world.settled(customers)
    await world.settled(orders)
    real = await sent(world)
    passwords = [body.pop("password") for _, _, body in real if "password" in body]
    expected: list[Call] = [*announced(of_customers), *announced(of_orders)]
    # The password of a new customer is made up again in every run, and nobody is shown it.
    shown = [body.pop("password") for _, _, body in expected if "password" in body]
    assert (shown, len(passwords)) == (["(secret)"], 1)
    assert_alike(expected, real)
