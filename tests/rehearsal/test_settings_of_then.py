"""Mappings tried on what was read before, and retries with the settings of then or of today."""

from decimal import Decimal
from typing import Any

import pytest

from tests.records.goods import TO_SHOP, article, product, products
from tests.rehearsal.support import ledger, sent
from tests.shop_orders import shop_order, shop_row
from tests.world import World

TODAY = {"settings": "today"}
AS_IT_WAS = {"settings": "as_it_was"}


def row(target: str, expression: str) -> dict[str, str]:
    """A row of a mapping."""
    return {"target": target, "expression": expression}


async def item_of(world: World, flow: str, reference: str) -> dict[str, Any]:
    """The item of a record."""
    (found,) = await world.items(flow_id=flow, reference=reference)
    return found


async def remap(world: World, flow: str, *rows: dict[str, str]) -> None:
    """Save a mapping, and wait until what it released is worked on."""
    before = (await world.standing(flow))["runs"]
    await world.api("PATCH", f"/flows/{flow}", {"settings": {"mapping": list(rows)}})
    await world.settled(flow, after_run=before)


async def test_a_mapping_is_tried_on_products_that_were_read(small_world: World) -> None:
    world = small_world
    await world.books.load({"articles": [article("MUG"), article("CUP", Name="cup")]})
    flow = await world.add_flow("products", target_settings=TO_SHOP)
    await world.start()
    await world.settled(flow)
    before, requests = await ledger(world), len(await world.books.requests()) + len(await world.shop.requests())
    wish = {"mapping": [row("name", "name | upper")]}
    tried = await world.api("POST", f"/flows/{flow}/back-test", wish)
    assert (tried["alike"], tried["unread"]) == (1, 0)
    (cup,) = tried["items"]
    assert (cup["reference"], cup["differences"]) == ("CUP", {"name": {"before": "cup", "after": "CUP"}})
    broken = {"mapping": [row("weight", "name | number")]}
    tried = await world.api("POST", f"/flows/{flow}/back-test", broken)
    assert all("weight" in one["problem_after"] and not one["problem_before"] for one in tried["items"])
    refused = await world.api("POST", f"/flows/{flow}/back-test", {"mapping": [row("name", "nme")]}, status=422)
    assert "nme" in refused["detail"]
    assert await ledger(world) == before
    assert len(await world.books.requests()) + len(await world.shop.requests()) == requests


async def test_a_mapping_is_tried_on_orders_that_were_read(small_world: World) -> None:
    world = small_world
    await world.ready()
    await world.deliver(shop_order(1001))
    wish = {"mapping": [row("OurReference", '"Shop " ~ reference'), row("Rows.Text", "line.sku")]}
    (item,) = (await world.api("POST", f"/flows/{world.flow_id}/back-test", wish))["items"]
    assert item["differences"]["OurReference"]["after"] == "Shop 1001"
    assert item["differences"]["line 1: Rows.Text"] == {"before": "A MUG", "after": "MUG"}


@pytest.mark.feature("D7")
async def test_orders_are_retried_as_they_were_or_with_todays_mapping(small_world: World) -> None:
    world = small_world
    await world.ready()
    await world.deliver(*(shop_order(number, rows=[shop_row("NEW", 1, Decimal(10))]) for number in (1001, 1002)))
    await remap(world, world.flow_id, row("OurReference", '"Shop " ~ reference'))
    assert {one["state"] for one in await world.items()} == {"parked"}
    await world.books.load({"articles": [{"Number": "NEW", "vat_rate": 21}]})

    before, was_sent = await ledger(world), await sent(world)
    item = await item_of(world, world.flow_id, "1001")
    difference = await world.api("GET", f"/items/{item['id']}/difference")
    assert difference["as_it_was"] < difference["today"]
    assert difference["item"]["differences"] == {"OurReference": {"before": "", "after": "Shop 1001"}}
    assert (await ledger(world), await sent(world)) == (before, was_sent)

    run = (await world.standing())["runs"]
    await world.api("POST", f"/items/{item['id']}/retry", AS_IT_WAS)
    other = await item_of(world, world.flow_id, "1002")
    await world.api("POST", f"/items/{other['id']}/retry", TODAY)
    await world.settled(after_run=run)
    assert {one["state"] for one in await world.items()} == {"done"}
    assert sorted(document["OurReference"] or "" for document in world.stored()) == ["", "Shop 1002"]
    versions = {one["reference"]: one["settings_version"] for one in await world.items()}
    assert versions == {"1001": difference["as_it_was"], "1002": difference["today"]}


@pytest.mark.feature("D7")
async def test_records_are_retried_as_they_were_or_with_todays_mapping(small_world: World) -> None:
    world = small_world
    await world.books.load({"articles": [article("MUG"), article("CUP")]})
    twins = [product(901, "MUG"), product(902, "MUG"), product(903, "CUP"), product(904, "CUP")]
    await world.shop.load({"products": [{**one, "name": "Old"} for one in twins]})
    flow = await world.add_flow("products", target_settings=TO_SHOP)
    await world.start()
    await world.settled(flow)
    await remap(world, flow, row("name", 'name ~ " (today)"'))
    assert {one["state"] for one in await world.items(flow_id=flow)} == {"parked"}
    for twin in (902, 904):
        await world.shop.delete("products", twin)

    mug, cup = await item_of(world, flow, "MUG"), await item_of(world, flow, "CUP")
    difference = await world.api("GET", f"/items/{mug['id']}/difference")
    assert difference["item"]["differences"] == {"name": {"before": "A MUG", "after": "A MUG (today)"}}
    run = (await world.standing(flow))["runs"]
    await world.api("POST", f"/items/{mug['id']}/retry", AS_IT_WAS)
    await world.api("POST", f"/items/{cup['id']}/retry", TODAY)
    await world.settled(flow, after_run=run)
    assert {number: one["name"] for number, one in (await products(world)).items()} == {
        "MUG": "A MUG",
        "CUP": "A CUP (today)",
    }
