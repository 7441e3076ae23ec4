"""A mapping changed through the API, on real runs of the engine."""

import pytest

from simulators.eaccounting.account import fixed_id
from tests.records.goods import TO_BOOKS, articles, product, writes
from tests.world import World


@pytest.mark.feature("MAP-02", "MAP-05")
async def test_an_accounts_own_field_is_offered_by_name_and_a_row_with_it_is_in_force_until_reset(small_world: World):
    world = small_world
    await world.shop.load({"products": [product(1, "MUG", stocklocation="B12")]})
    flow = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    told = await world.api("GET", f"/flows/{flow}/mapping?account=true")
    assert told["unavailable"] == []
    assert "raw.stocklocation" in {field["name"] for field in told["source_fields"]}
    await world.start()
    await world.settled(flow)
    assert (await articles(world))["MUG"]["Name"] == "A MUG"
    await world.api("PUT", f"/flows/{flow}/mapping/Name", {"expression": 'name ~ ", shelf " ~ raw.stocklocation'})
    await world.run(flow)
    assert (await articles(world))["MUG"]["Name"] == "A MUG, shelf B12"
    await world.api("DELETE", f"/flows/{flow}/mapping/Name")
    await world.run(flow)
    assert (await articles(world))["MUG"]["Name"] == "A MUG"
    await writes(world)
    await world.run(flow)
    assert await writes(world) == []


async def test_what_the_integration_says_counts_until_a_flow_says_otherwise(small_world: World):
    world = small_world
    hours = fixed_id("units", "HUR")
    await world.connect()
    ends = {"connection_a_id": world.shop_id, "connection_b_id": world.books_id}
    body = {"name": "Shop and books", **ends, "settings": {world.books_id: TO_BOOKS}}
    world.integration_id = (await world.api("POST", "/integrations", body))["id"]
    await world.shop.load({"products": [product(1, "MUG")]})
    flow = await world.add_flow("products", source="shop")
    await world.start()
    await world.settled(flow)
    assert (await articles(world))["MUG"]["UnitId"] == TO_BOOKS["unit"]
    shared = {"settings": {world.books_id: {"unit": hours}}}
    assert (await world.api("PATCH", f"/integrations/{world.integration_id}", shared))["engine"] == "told"
    await world.shop.load({"products": [product(2, "JUG")]})
    await world.run(flow)
    assert (await articles(world))["JUG"]["UnitId"] == hours
    await world.change_flow(flow, "target", **TO_BOOKS)
    await world.shop.load({"products": [product(3, "CUP")]})
    await world.run(flow)
    assert (await articles(world))["CUP"]["UnitId"] == TO_BOOKS["unit"]
