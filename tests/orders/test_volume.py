import os

import pytest

from bench import volume
from tests.shop_orders import shop_order
from tests.world import World

ORDERS, PAID_EVERY = 10_000, 200


LONG = "LONGSHORE_LONG_TESTS"


@pytest.mark.slow
@pytest.mark.feature("ORD-34")
@pytest.mark.skipif(LONG not in os.environ, reason=f"takes about 20 minutes; set {LONG}=1, as a nightly run does")
async def test_ten_thousand_orders_of_one_day_all_arrive():
    """Every part in a process of its own, two workers; what arrived is read from the simulators' state."""
    outcome = await volume.run(ORDERS)
    assert outcome.ok, outcome
    assert outcome.flow["done"] == ORDERS


@pytest.mark.slow
async def test_a_day_of_ten_thousand_orders_is_read_whole(small_world: World):
    """Most wait for their payment: that ten thousand are sent takes minutes, which `dev.py bench volume` measures."""
    world = small_world
    await world.ready(page_size=250, only_paid=True)
    orders = [shop_order(number, paid=number % PAID_EVERY == 0) for number in range(1, ORDERS + 1)]
    standing = await world.deliver(*orders, seconds=120)
    paid = ORDERS // PAID_EVERY
    assert (standing["listed"], standing["done"], standing["skipped"]) == (ORDERS, paid, ORDERS - paid)
    assert {int(document["BuyersOrderReference"]) for document in await world.documents()} == set(
        range(PAID_EVERY, ORDERS + 1, PAID_EVERY)
    )
