"""Settings that decide what a run sends: each is seen at the other system, off or otherwise first."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from simulators.ccvshop import CcvShop
from simulators.eaccounting.account import fixed_id
from tests.orders.test_both_directions import CUSTOMER
from tests.records.goods import PIECES, TO_BOOKS, TO_SHOP, article, articles, product, products
from tests.records.registers import debtor, user, users
from tests.records.test_group_prices import DEALERS, assign, in_shop, trade
from tests.records.test_shipments import AT_ONCE, SENT, SHIPPED, change, look, shipping, shown, tracking
from tests.shop_orders import shop_order, shop_row
from tests.world import World

INVOICED, PICKED_UP = 4, 11


async def test_orders_for_the_shop_go_to_registered_customers_as_set(small_world: World):
    world = small_world
    await world.connect()
    await world.stock_up()
    await world.shop.load({"products": [product(900, "MUG")], "users": [user(7, "piet@example.nl")]})
    order = {"CustomerNumber": "77", "Rows": [{"ArticleNumber": "MUG", "Quantity": 1, "UnitPrice": 10}]}
    await world.books.load({"customers": [CUSTOMER], "orders": [order]})
    flow = await world.add_flow("orders", target_settings={"link_customers": False})
    await world.start()
    assert (await world.settled(flow))["done"] == 1
    await world.change_flow(flow, "target", link_customers=True)
    await world.books.load({"orders": [order]})
    assert (await world.run(flow))["done"] == 2
    held = (await world.shop.state("orders"))["orders"]
    buyers = [(await world.shop.record("orders", one["id"]))["user"] for one in held]
    assert [buyer and buyer["id"] for buyer in buyers] == [None, 7]


async def test_articles_that_orders_bring_in_get_the_label_that_is_set(small_world: World):
    world = small_world
    label = fixed_id("articlelabels", "Web shop")
    await world.books.load({"articlelabels": [{"Id": label, "Name": "Web shop"}]})
    coding = {"21": fixed_id("articleaccountcodings", "Goederen 21 %")}
    making = {"missing_product": "create", "new_article_unit": PIECES, "new_article_coding": coding}
    await world.ready(target=making)
    price = Decimal("24.20")
    await world.deliver(shop_order(1001, rows=[shop_row("LAMP", 1, price)]))
    await world.change(target={"new_article_label": label})
    standing = await world.deliver(shop_order(1002, rows=[shop_row("SOFA", 1, price), shop_row("MUG", 1, price)]))
    assert (standing["done"], standing["parked"]) == (2, 0)
    held = await articles(world)
    labels = {
        number: [one["Name"] for one in held[number]["ArticleLabels"] or ()] for number in ("LAMP", "SOFA", "MUG")
    }
    assert labels == {"LAMP": [], "SOFA": ["Web shop"], "MUG": []}


async def test_the_leading_price_arrives_as_it_is(small_world: World):
    world = small_world
    await world.shop.load({"products": [product(900, "MUG", price=10)]})
    flow = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    await world.start()
    await world.settled(flow)
    mug = (await articles(world))["MUG"]
    assert (mug["NetPrice"], mug["GrossPrice"]) == (Decimal("8.26"), Decimal("9.99"))
    await world.change_flow(flow, "target", leading_price="gross")
    await world.run(flow)
    mug = (await articles(world))["MUG"]
    assert (mug["NetPrice"], mug["GrossPrice"]) == (Decimal("8.26"), Decimal("10.00"))


async def test_products_get_the_tariff_that_is_set_and_leave_categories_as_set(small_world: World):
    world = small_world
    await world.shop.load(
        {
            "products": [product(900, "BOOK", taxtariff="low a", vatrate=9)],
            "categories": [{"id": 5, "name": "Bargains"}],
            "producttocategories": [{"product_id": 900, "category_id": 5}],
        }
    )
    await world.books.load({"articles": [article("BOOK", vat_rate=9, ArticleLabels=[{"Name": "Reading"}])]})
    flow = await world.add_flow(
        "products",
        source_settings={"labels_as_categories": True},
        target_settings={**TO_SHOP, "tariffs": {"9": "low b"}},
    )
    await world.start()
    await world.settled(flow)

    async def shown_categories() -> set[str]:
        state = await world.shop.state("products", "categories")
        names = {one["id"]: one["name"] for one in state["categories"]}
        return {names[category] for category in state["products"][0]["categories"]}

    assert (await products(world))["BOOK"]["taxtariff"] == "low b"
    assert await shown_categories() == {"Bargains", "Reading"}
    await world.change_flow(flow, "target", replace_categories=True, tariffs={"9": "low a"})
    await world.run(flow)
    assert (await products(world))["BOOK"]["taxtariff"] == "low a"
    assert await shown_categories() == {"Reading"}


async def test_prices_of_the_lists_that_are_set_use_the_rates_that_are_set(small_world: World):
    world = small_world
    await trade(world, Dealers={"MUG": 8}, Staff={"MUG": 6})
    assert isinstance(world.shop.simulator, CcvShop)
    held = world.shop.simulator.shop.products
    # The vendor calls the rate deprecated, so one day a product comes without it; the simulator always gives it.
    held[900] = {**held[900], "taxtariff": "low b", "vatrate": None}
    by_rate = [{"target": "price", "expression": "none"}, {"target": "price_without_tax", "expression": "price_excl"}]
    prices = await world.add_flow("prices", source_settings={"price_lists": [DEALERS]}, mapping=by_rate)
    await assign(world, prices, DEALERS, "4")
    await world.start()
    standing = await world.settled(prices)
    assert (standing["listed"], standing["parked"]) == (1, 1)
    (problem,) = await world.problems()
    assert 'tariff "low b"' in problem["sentence"]
    before = (await world.standing(prices))["runs"]
    await world.change_flow(prices, "target", rates={"low b": 6})
    assert (await world.settled(prices, after_run=before))["done"] == 1
    assert await in_shop(world) == {(4, "MUG"): Decimal("8.48")}


async def test_customers_whose_group_is_nobodys_get_the_group_that_is_set(small_world: World):
    world = small_world
    await trade(world, Dealers={}, Staff={})
    buyers = [
        debtor("1", "ann@example.nl"),
        debtor("2", "bo@example.nl", price_list="Staff"),
        debtor("3", "cees@example.nl", price_list="Dealers"),
    ]
    await world.books.load({"customers": buyers[:2]})
    flow = await world.add_flow("customers")
    await assign(world, flow, DEALERS, "4")
    await world.start()
    await world.settled(flow)
    await world.change_flow(flow, "target", default_group="5")
    await world.books.load({"customers": [buyers[2], debtor("4", "dirk@example.nl", price_list="Staff")]})
    await world.run(flow)
    groups = {email: one["group_id"] or None for email, one in (await users(world)).items()}
    expected = {"ann@example.nl": None, "bo@example.nl": None, "cees@example.nl": 4, "dirk@example.nl": 5}
    assert groups == expected


async def test_shipments_of_the_shop_follow_window_statuses_and_place(small_world: World):
    world = small_world
    await world.shop.load({"orders": [_sent_days_ago(1001, 1), _sent_days_ago(1002, 10), _sent_days_ago(1003, 1)]})
    await world.ready()
    flow = await world.add_flow(
        "shipments",
        source="shop",
        common=AT_ONCE,
        source_settings={"look_back_days": 5, "shipped_statuses": [str(PICKED_UP)]},
        target_settings={"tracking_place": "our_reference"},
    )
    await world.settled(flow)
    for number, status in ((1001, PICKED_UP), (1002, PICKED_UP), (1003, SENT)):
        await world.shop.patch("orders", number, {"status": status, **tracking(f"3S{number}")})
    await look(world, flow)
    assert await _shipped(world) == {"1001": "PostNL 3S1001"}
    await world.change_flow(flow, "source", look_back_days=20)
    await look(world, flow)
    assert await _shipped(world) == {"1001": "PostNL 3S1001", "1002": "PostNL 3S1002"}
    await world.change_flow(flow, "source", shipped_statuses=[str(SENT), str(PICKED_UP)])
    await world.change_flow(flow, "target", tracking_place="text_row")
    await look(world, flow)
    assert await _shipped(world) == {"1001": "PostNL 3S1001", "1002": "PostNL 3S1002", "1003": ""}
    (last,) = [one for one in world.stored() if one["BuyersOrderReference"] == "1003"]
    assert last["Rows"][-1]["Text"] == "Track & trace: PostNL 3S1003"


async def test_invoiced_orders_of_the_books_count_as_shipped_as_set(small_world: World):
    world = small_world
    flow = await shipping(world, 1001, 1002, **AT_ONCE)
    await change(world, 1001, Status=INVOICED, OurReference="PostNL 3S1001")
    for order in world.ledger_of_books.records("orders"):
        # An invoice that was made of an order with its goods still there.
        order.update(ShippedDateTime=None)
        for row in order["Rows"]:
            row.update(DeliveredQuantity=0)
    await change(world, 1002, Status=SHIPPED, text_rows=["Track & trace: DHL JVGL2"])
    await look(world, flow)
    assert [await shown(world, number) for number in (1001, 1002)] == [(1, "", None), (SENT, "JVGL2", "DHL")]
    await world.change_flow(flow, "source", invoiced_is_shipped=True, tracking_place="our_reference")
    await look(world, flow)
    assert await shown(world, 1001) == (SENT, "3S1001", "PostNL")


def _sent_days_ago(number: int, days: int) -> dict[str, Any]:
    """An order that was placed so many days ago."""
    return shop_order(number, create_date=f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}")


async def _shipped(world: World) -> dict[str, str]:
    """What the shipped orders of the books say as our reference, by the shop's number."""
    return {
        one["BuyersOrderReference"]: one["OurReference"] or "" for one in world.stored() if one["Status"] == SHIPPED
    }
