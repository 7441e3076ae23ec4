"""A mapping changed through the API, on real runs of the engine."""

import pytest

from simulators.eaccounting.account import fixed_id
from tests.records.goods import TO_BOOKS, articles, product, writes
from tests.shop_orders import shop_order
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


@pytest.mark.feature("MAP-05", "MAP-07")
async def test_members_that_only_one_shop_has_are_offered_by_name_and_can_be_sent(small_world: World):
    world = small_world
    await world.ready()
    before = {field["name"] for field in (await offered(world, world.flow_id))}
    assert not [name for name in before if name.startswith("raw.")], "no order shows what there is yet"
    await world.shop.load({"products": [product(1, "CUP")]})
    await world.shop.patch("products", 1, {"x_glaze": "matt"})
    flow = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    assert ("raw.x_glaze", "x glaze") in {(one["name"], one["title"]) for one in await offered(world, flow)}
    await world.shop.load({"orders": [shop_order(1001, loyalty={"level": "gold", "points": 12, "club": True})]})
    kinds = {one["name"]: one["kind"] for one in await offered(world, world.flow_id)}
    wanted = {
        "raw.loyalty.level": "text",
        "raw.loyalty.points": "number",
        "raw.loyalty.club": "boolean",
        "raw.customer.reference": "text",
    }
    assert wanted.items() <= kinds.items()

    for path, expression in (
        (f"{world.flow_id}/mapping/OurReference", "raw.loyalty.level"),
        (f"{flow}/mapping/StockLocationReference", "raw.x_glaze"),
    ):
        await world.api("PUT", f"/flows/{path}", {"expression": expression})
    await world.run()
    await world.run(flow)
    assert [document["OurReference"] for document in world.stored()] == ["gold"]
    assert (await articles(world))["CUP"]["StockLocationReference"] == "matt"


async def offered(world: World, flow: str) -> list[dict[str, str]]:
    """The source fields that the mapper offers for a flow, those of the account included."""
    told = await world.api("GET", f"/flows/{flow}/mapping?account=true")
    assert told["unavailable"] == []
    fields: list[dict[str, str]] = told["source_fields"]
    return fields


@pytest.mark.feature("R15")
async def test_a_lookup_table_of_a_persons_own_is_in_force_on_the_next_run(small_world: World):
    world = small_world
    await world.shop.load({"products": [product(1, "MUG", stocklocation="B12"), product(2, "CUP", stocklocation="C1")]})
    flow = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    row = {"expression": 'raw.stocklocation | lookup("shelf", "elsewhere")'}
    await world.api("PUT", f"/flows/{flow}/mapping/StockLocationReference", row)
    await world.api("PUT", f"/flows/{flow}/values/shelf", {"source_value": "B12", "target_value": "Cellar, left"})
    await world.start()
    await world.settled(flow)
    places = {number: one["StockLocationReference"] for number, one in (await articles(world)).items()}
    assert places == {"MUG": "Cellar, left", "CUP": "elsewhere"}

    before = (await world.standing(flow))["runs"]
    await world.api("PUT", f"/flows/{flow}/values/shelf", {"source_value": "C1", "target_value": "Cellar, right"})
    await world.settled(flow, after_run=before)
    assert (await articles(world))["CUP"]["StockLocationReference"] == "Cellar, right"


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
