"""Filters of every kind of flow: what is left out needs nothing that it would need to be sent."""

from decimal import Decimal

from tests.records.goods import TO_SHOP, article, products
from tests.records.registers import debtors, to_books, user
from tests.records.stocks import fill_shop, keep_stock
from tests.records.stocks import in_shop as stock_in_shop
from tests.records.test_group_prices import DEALERS, assign, in_shop, trade
from tests.records.test_shipments import AT_ONCE, look, ship, shipping, told
from tests.world import World


async def test_stock_that_a_filter_leaves_out_is_emptied_or_left_as_set(small_world: World):
    world = small_world
    await keep_stock(world, MUG=10, CUP=4, JUG=3)
    await fill_shop(world, MUG=0, CUP=0, JUG=1)
    flow = await world.add_flow("stock", common={"filter": "quantity > 3", "filtered_out": "zero"})
    await world.start()
    await world.settled(flow)
    # The jug was never sent, so it is nobody's to empty.
    assert await stock_in_shop(world) == {"MUG": 10, "CUP": 4, "JUG": 1}
    await world.books.load({"articles": [{"Number": "CUP", "StockBalance": 2}]})
    await world.run(flow)
    assert await stock_in_shop(world) == {"MUG": 10, "CUP": 0, "JUG": 1}


async def test_products_without_what_they_are_found_by_can_be_left_out(small_world: World):
    world = small_world
    barcode = [{"Barcode": "8712345678906"}]
    await world.books.load({"articles": [article("MUG", Barcodes=barcode), article("HOURS")]})
    common = {"identifier": "ean", "filter": 'ean != ""'}
    flow = await world.add_flow("products", target_settings=TO_SHOP, common=common)
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["skipped"], standing["parked"]) == (1, 1, 0)
    assert set(await products(world)) == {"MUG"}


async def test_customers_that_cannot_be_sent_can_be_left_out(small_world: World):
    world = small_world
    wrong = user(3, "cees@example.nl", address={"company": "Cees BV"}, btw="NL123456783B90")
    moved = user(2, "bo@example.nl", address={"city": "Assen"})
    await world.shop.load({"users": [user(1, "ann@example.nl"), moved, wrong]})
    await world.connect()
    common = {"filter": 'billing.city == "Utrecht" and not customer.company', "filtered_out": "archive"}
    flow = await world.add_flow("customers", source="shop", target_settings=await to_books(world), common=common)
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["skipped"], standing["parked"]) == (1, 2, 0)
    await world.shop.load({"users": [{"id": 1, "userinfo": {"billingaddress": {"city": "Assen"}}}]})
    await world.run(flow)
    assert {email: one["IsActive"] for email, one in (await debtors(world)).items()} == {"ann@example.nl": False}


async def test_price_lists_that_are_left_out_need_no_customer_group(small_world: World):
    world = small_world
    await trade(world, Dealers={"MUG": 8, "BOOK": 7}, Staff={"MUG": 6})
    flow = await world.add_flow("prices", common={"filter": 'sku != "BOOK" and group_name == "Dealers"'})
    await assign(world, flow, DEALERS, "4")
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["skipped"], standing["parked"]) == (1, 2, 0)
    assert await in_shop(world) == {(4, "MUG"): Decimal("9.68")}
    assert await world.problems() == []


async def test_shipments_of_one_carrier_can_be_left_out(small_world: World):
    world = small_world
    flow = await shipping(world, 1001, 1002, filter='carrier == "PNL"', **AT_ONCE)
    await world.shop.forget_requests()
    await ship(world, 1001, "Track & trace: PNL 3SABC1")
    await ship(world, 1002, "Track & trace: DHL JVGL2")
    standing = await look(world, flow)
    assert (standing["done"], standing["skipped"]) == (1, 1)
    assert [one["track_and_trace_code"] for one in await told(world)] == ["3SABC1"]
