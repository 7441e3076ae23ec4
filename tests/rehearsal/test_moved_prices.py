"""A price whose customer group changed: what is taken away from the former group is announced too."""

from decimal import Decimal

from tests.records.test_group_prices import DEALERS, STAFF, assign, in_shop, of_two_lists, trade, two_lists
from tests.rehearsal.support import announced, assert_alike, preview, sent
from tests.world import World


async def test_a_price_that_moves_is_announced_with_what_leaves_the_former_group(small_world: World):
    world = small_world
    await trade(world, Dealers={"MUG": 8})
    flow = await world.add_flow("prices")
    await assign(world, flow, DEALERS, "4")
    await world.start()
    await world.settled(flow)
    assert await in_shop(world) == {(4, "MUG"): Decimal("9.68")}
    await world.api("POST", f"/integrations/{world.integration_id}/pause")
    await assign(world, flow, DEALERS, "5")
    before = await sent(world)
    made = await preview(world, flow, limit=100)
    assert [record["action"] for record in made["records"]] == ["create"]
    assert [method for method, _, _ in announced(made)] == ["DELETE", "POST"]

    await world.api("POST", f"/integrations/{world.integration_id}/resume")
    await world.run(flow)
    assert await in_shop(world) == {(5, "MUG"): Decimal("9.68")}
    assert_alike(announced(made), (await sent(world))[len(before) :])


async def test_prices_of_lists_that_swap_their_groups_are_announced_as_they_are_sent(small_world: World):
    world = small_world
    flow = await two_lists(world)
    await world.api("POST", f"/integrations/{world.integration_id}/pause")
    await assign(world, flow, DEALERS, "5")
    await assign(world, flow, STAFF, "4")
    before = await sent(world)
    # The lists together, and each record alone: what the other list leaves or takes is known all the same.
    made = await preview(world, flow, limit=100)
    assert {record["reference"].partition(" ")[2] for record in made["records"]} == {"(Dealers)", "(Staff)"}
    calls = announced(made)
    assert sorted(method for method, _, _ in calls) == ["DELETE", "DELETE", "PATCH", "PATCH", "POST", "POST"]
    one_by_one = [
        call
        for record in made["records"]
        for call in announced(await preview(world, flow, reference=record["reference"]))
    ]
    assert_alike(one_by_one, calls)

    await world.api("POST", f"/integrations/{world.integration_id}/resume")
    await world.run(flow)
    assert await in_shop(world) == of_two_lists(dealers=5, staff=4)
    assert_alike(calls, (await sent(world))[len(before) :])
