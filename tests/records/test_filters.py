"""Filters of flows whose records are more than products: what is left out is left alone, or taken away as set."""

from tests.records.stocks import fill_shop, keep_stock
from tests.records.stocks import in_shop as stock_in_shop
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


async def test_shipments_of_one_carrier_can_be_left_out(small_world: World):
    world = small_world
    flow = await shipping(world, 1001, 1002, filter='carrier == "PNL"', **AT_ONCE)
    await world.shop.forget_requests()
    await ship(world, 1001, "Track & trace: PNL 3SABC1")
    await ship(world, 1002, "Track & trace: DHL JVGL2")
    standing = await look(world, flow)
    assert (standing["done"], standing["skipped"]) == (1, 1)
    assert [one["track_and_trace_code"] for one in await told(world)] == ["3SABC1"]
