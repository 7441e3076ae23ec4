import pytest

from tests.shop_orders import shop_order
from tests.world import World


@pytest.mark.feature("ORD-01")
async def test_an_order_of_the_shop_is_in_the_books_after_one_run_with_its_reference(small_world: World):
    await small_world.integrate()
    await small_world.map_payment("Ideal")
    await small_world.settled()
    await small_world.shop.load({"orders": [shop_order(1001)]})
    standing = await small_world.run()
    assert (standing["listed"], standing["done"], standing["parked"]) == (1, 1, 0)
    [document] = await small_world.documents()
    assert document["BuyersOrderReference"] == "1001"
