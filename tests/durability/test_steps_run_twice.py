"""A step whose answer was lost on its way to the engine runs again, and changes nothing."""

import pytest
from temporalio.testing import ActivityEnvironment

from activities import activities
from tests.shop_orders import shop_order
from tests.world import World
from workflows import names
from workflows.messages import OrderInput, OrderStep


@pytest.mark.parametrize("step", [names.FIND_ORDER, names.CREATE_DOCUMENT])
async def test_a_step_that_runs_again_after_the_end_leaves_the_order_done(small_world: World, step: str):
    world = small_world
    await world.integrate()
    await world.shop.load({"orders": [shop_order(1001)]})
    await world.run()
    before = (await world.item("1001"))["item"]
    assert before["state"] == "done"
    [again] = [one for one in activities(world.store, world.vendors) if one.__name__ == step]
    order = OrderInput(
        workspace_id=world.workspace_id,
        integration_id=world.integration_id,
        flow_id=world.flow_id,
        item_id=before["id"],
        source_id="1001",
    )
    result: OrderStep = await ActivityEnvironment().run(again, order)
    assert (result.outcome, result.target_id) == ("done", before["target_id"])
    after = (await world.item("1001"))["item"]
    assert (after["state"], after["reason"], after["target_total"]) == ("done", None, before["target_total"])
    assert len(await world.documents()) == 1
