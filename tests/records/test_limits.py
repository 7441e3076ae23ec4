"""A vendor that lets only so many calls through slows a flow down and fails none of its steps."""

from tests.world import World

PRODUCTS = 30


async def test_work_that_meets_the_limit_again_and_again_goes_on_step_by_step(small_world: World):
    world = small_world
    articles = [{"Number": f"SKU-{n}", "Name": f"Article {n}", "NetPrice": 10, "vat_rate": 21} for n in range(PRODUCTS)]
    await world.books.load({"articles": articles})
    limit = {"fault": "429_with_retry_after", "when": {"every": 8}, "seconds": 1}
    await world.shop.faults([{**limit, "method": "POST", "path": "^/api/rest/v1/products"}])
    flow = await world.add_flow("products", target_settings={"package": "1"})
    await world.start()
    standing = await world.settled(flow)
    assert (standing["listed"], standing["done"]) == (PRODUCTS, PRODUCTS)
    assert len((await world.shop.state("products"))["products"]) == PRODUCTS
    assert (await world.shop.fault_counters())[0]["fired"] >= 3
    history = await world.integration_execution().fetch_history()
    begun = [event.activity_task_started_event_attributes for event in history.events]
    assert {one.attempt for one in begun if one.scheduled_event_id} == {1}
