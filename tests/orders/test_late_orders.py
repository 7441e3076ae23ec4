from tests.shop_orders import shop_order
from tests.world import World


async def test_an_order_that_appears_long_after_its_date_is_found_by_the_sweep(small_world: World):
    await small_world.ready()
    await small_world.deliver(shop_order(1002, create_date="2026-11-20T22:00:00Z"))
    late = shop_order(1001, create_date="2026-11-20T02:00:00Z")
    standing = await small_world.deliver(late)
    assert (standing["listed"], standing["done"]) == (2, 2)
