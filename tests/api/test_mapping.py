"""Rows of a mapping: seen, changed, added, switched off, reset."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from connectors.errors import Temporary
from tests.api.scene import Scene
from tests.api.test_shared_settings import ARTICLES, added, move, real

__all__ = ["real"]


@pytest_asyncio.fixture
async def products(real: Scene) -> Scene:
    """A products flow from the books to the shop."""
    real.flow_id = (await added(real, "products", back=True, settings={"target": {"package": "1"}}))["id"]
    return real


def path(scene: Scene, target: str = "") -> str:
    return f"/api/v1/flows/{scene.flow_id}/mapping" + (f"/{target}" if target else "")


async def table(scene: Scene) -> dict[str, dict[str, Any]]:
    """Target → row in force."""
    answer = await scene.client.get(path(scene))
    assert answer.status_code == 200, answer.text
    return {row["target"]: row for row in answer.json()["rows"]}


async def save(scene: Scene, target: str, **row: Any) -> dict[str, dict[str, Any]]:
    answer = await scene.client.put(path(scene, target), json=row)
    assert answer.status_code == 200, answer.text
    return {row["target"]: row for row in answer.json()["rows"]}


async def test_a_row_is_changed_added_switched_off_and_reset(products: Scene):
    before = await table(products)
    assert {row["origin"] for row in before.values()} == {"default"}
    changed = await save(products, "name", expression="name | upper", when="create")
    assert (changed["name"]["origin"], changed["name"]["when"]) == ("changed", "create")
    assert changed["name"]["default"]["expression"] == before["name"]["expression"]
    assert (await save(products, "specs", expression="raw.Bin"))["specs"]["origin"] == "added"
    off = await save(products, "eannumber", active=False)
    assert (off["eannumber"]["origin"], off["eannumber"]["active"]) == ("off", False)
    flow = (await products.client.get(f"/api/v1/flows/{products.flow_id}")).json()
    assert flow["settings_version"] == 4, "every save is a version"
    assert [row["target"] for row in flow["settings"]["mapping"]] == ["name", "specs", "eannumber"]
    for target in ("name", "specs"):
        assert (await products.client.delete(path(products, target))).status_code == 200
    assert (await products.client.delete(path(products, "name"))).status_code == 404
    assert (await table(products))["eannumber"]["origin"] == "off"
    assert (await save(products, "eannumber", active=True))["eannumber"]["origin"] == "default"
    await save(products, "name", expression="name | lower")
    assert (await products.client.delete(path(products))).status_code == 200
    assert await table(products) == before


async def test_a_refused_row_is_named_with_its_expression_and_the_reason(products: Scene):
    for target, row, told in (
        ("name", {"expression": "name | shout"}, ["“name”", "name | shout", "shout"]),
        ("name", {"expression": "colour"}, ["“name”", "colour"]),
        ("weather", {"expression": "name"}, ["“weather”", "CCV Shop"]),
        ("specs", {"when": "create"}, ["“specs”", "expression"]),
    ):
        answer = await products.client.put(path(products, target), json=row)
        assert answer.status_code == 422
        assert all(part in answer.json()["detail"] for part in told), answer.text
        assert answer.json()["errors"][0]["field"] == "expression"
    flow = (await products.client.get(f"/api/v1/flows/{products.flow_id}")).json()
    assert flow["settings_version"] == 1


async def test_a_saved_row_lets_the_flow_read_again_and_the_same_row_does_not(products: Scene):
    await move(products, products.flow_id, records=1, next_page=None)
    await save(products, "name", expression="name | trim")
    flow = await products.store.flows.get(products.workspace_id, products.flow_id)
    assert (flow.cursor, flow.settings_version) == (None, 2)
    await move(products, products.flow_id, records=1, next_page=None)
    await save(products, "name", expression="name | trim")
    flow = await products.store.flows.get(products.workspace_id, products.flow_id)
    assert (flow.cursor, flow.settings_version) == ("c1", 2)


async def test_rows_saved_at_once_all_stay(products: Scene):
    targets = ("name", "specs", "memo", "page_title")
    await asyncio.gather(*(save(products, target, expression="name") for target in targets))
    rows = await table(products)
    assert {rows[target]["expression"] for target in targets} == {"name"}


async def test_a_row_of_an_orders_flow_releases_what_waits(running: Scene):
    items = await running.list_orders(["1"])
    await running.park(items.values())
    refused = await running.client.put(path(running, "name"), json={"expression": "reference"})
    assert refused.status_code == 422, "the made-up books declare no fields"


@pytest.mark.feature("MAP-04")
async def test_each_direction_has_its_own_mapping(real: Scene):
    there = await added(real, "products", back=True, settings={"target": {"package": "1"}})
    back = await added(real, "products", settings={"target": {"unit": "1"}})
    real.flow_id = back["id"]
    untouched = await table(real)
    real.flow_id = there["id"]
    assert (await table(real)).keys() != untouched.keys()
    await save(real, "name", expression="name | upper")
    real.flow_id = back["id"]
    assert await table(real) == untouched
    assert (await real.client.get(f"/api/v1/flows/{back['id']}")).json()["settings_version"] == 1


async def test_orders_have_a_mapping_too(real: Scene):
    flow = await added(real, "orders", settings={"target": {"rounding_article": ARTICLES}})
    real.flow_id = flow["id"]
    await save(real, "YourReference", expression='concat("Web ", reference)')
    assert (await table(real))["YourReference"]["origin"] == "changed"
    await save(real, "Rows.Text", expression="line.name | upper")
    refused = await real.client.put(path(real, "YourReference"), json={"expression": "line.name"})
    assert refused.status_code == 422, "a line is known only on its row"


async def test_a_mapping_shows_what_can_be_read_written_and_called(products: Scene):
    told = (await products.client.get(path(products), params={"account": True})).json()
    sources = {field["name"] for field in told["source_fields"]}
    assert {"sku", "price_excl", "raw.Bin"} <= sources
    assert {"name", "price", "specs"} <= {field["name"] for field in told["target_fields"]}
    functions = {function["name"]: function for function in told["functions"]}
    assert functions["truncate"]["example_result"] == "A very lo…"
    assert (await products.client.get("/api/v1/mapping/functions")).json() == told["functions"]
    products.accounts.failure = lambda: Temporary("The books did not answer.")
    partly = (await products.client.get(path(products), params={"account": True})).json()
    assert partly["unavailable"] == ["The books did not answer."]
    assert "raw.Bin" not in {field["name"] for field in partly["source_fields"]}


async def test_a_table_that_only_a_row_names_can_be_filled(products: Scene):
    values = f"/api/v1/flows/{products.flow_id}/values"
    row = {"source_value": "blue", "target_value": "blauw"}
    assert (await products.client.put(f"{values}/colour", json=row)).status_code == 404
    await save(products, "specs", expression='raw.Colour | lookup("colour")')
    assert (await products.client.put(f"{values}/colour", json=row)).status_code == 200
    [colours] = [one for one in (await products.client.get(values)).json() if one["table"] == "colour"]
    assert colours["values"] == {"blue": "blauw"}
