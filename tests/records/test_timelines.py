"""What people can look up of a record that moves in pages: what was read, mapped, sent and answered."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.records.goods import TO_BOOKS, TO_SHOP, article, articles, product, products
from tests.world import World
from workflows.messages import integration_workflow_id


async def timeline(world: World, flow: str, reference: str) -> dict[str, Any]:
    """The whole time line of a record."""
    (item,) = await world.items(flow_id=flow, reference=reference)
    found: dict[str, Any] = await world.api("GET", f"/items/{item['id']}")
    return found


@pytest.mark.feature("LOG-03")
async def test_a_record_shows_what_was_read_mapped_sent_and_answered_in_both_directions(small_world: World):
    world = small_world
    await world.books.load({"articles": [article("MUG", Note="From the books")]})
    await world.shop.load({"products": [product(7, "CUP", memo="Shelf 3")]})
    there = await world.add_flow("products", target_settings=TO_SHOP)
    back = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    await world.start()
    for flow in (there, back):
        await world.settled(flow)

    mug = await timeline(world, there, "MUG")
    assert (mug["source"]["raw"]["Note"], mug["source"]["price_incl"]) == ("From the books", 12.1)
    (sent,) = [call for call in mug["exchanges"] if call["method"] == "POST"]
    assert sent["url"] == f"{world.shop.base_url}/api/rest/v1/products/"
    assert (sent["request"]["productnumber"], sent["request"]["taxtariff"]) == ("MUG", "normal")
    assert (sent["status"], sent["outcome"]) == (201, "accepted")
    assert sent["response"]["id"] == (await products(world))["MUG"]["id"]
    assert mug["item"]["target_id"] == str(sent["response"]["id"])

    cup = await timeline(world, back, "CUP")
    assert (cup["source"]["raw"]["memo"], cup["source"]["sku"]) == ("Shelf 3", "CUP")
    (sent,) = [call for call in cup["exchanges"] if call["method"] == "POST"]
    assert sent["url"].partition("?")[0] == f"{world.books.base_url}/v2/articles"
    assert (sent["request"]["Number"], sent["outcome"]) == ("CUP", "accepted")
    assert sent["response"]["Id"] == cup["item"]["target_id"] == (await articles(world))["CUP"]["Id"]
    # Only orders have executions of their own; this one is where the pages of records are.
    execution = quote(integration_workflow_id(world.integration_id), safe="")
    for one in (mug, cup):
        assert one["execution_url"].endswith(f"/{execution}")
        assert one["events"][-1]["text"]
        assert all(call["settings_version"] for call in one["exchanges"] if call["method"] == "POST")
