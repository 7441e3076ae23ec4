"""How far a long read is: its records, its total where the source gives one, its pace and the time left."""

from typing import Any

import pytest

from tests.records.goods import TO_BOOKS, TO_SHOP, article, articles, product, products
from tests.waiting import eventually
from tests.world import World

ALL, PAGE = 30, 10
NUMBERS = [f"A-{number:02}" for number in range(ALL)]


async def paused_in_the_middle(world: World, flow: str) -> dict[str, Any]:
    """Start, pause after the first page or a later one, and return what is told of the read."""
    await world.start()

    async def reading() -> bool:
        return bool((await world.standing(flow))["reading"])

    await eventually(reading)
    await world.api("POST", f"/integrations/{world.integration_id}/pause")

    async def paused() -> bool:
        return bool((await world.standing(flow))["state"] == "paused")

    await eventually(paused)
    told: dict[str, Any] = (await world.standing(flow))["reading"]
    return told


@pytest.mark.parametrize("source", ["books", "shop"])
async def test_a_paused_read_tells_how_far_it_is_and_goes_on_there(small_world: World, source: str):
    world = small_world
    slow = {"fault": "slow", "when": "always", "seconds": "0.1", "method": "POST"}
    if source == "books":
        await world.books.load({"articles": [article(number) for number in NUMBERS]})
        await world.shop.faults([{**slow, "path": "^/api/rest/v1/products"}])
    else:
        await world.shop.load({"products": [product(place, number) for place, number in enumerate(NUMBERS, 1)]})
    flow = await world.add_flow(
        "products",
        source=source,
        common={"page_size": PAGE},
        target_settings=TO_SHOP if source == "books" else TO_BOOKS,
    )
    if source == "shop":
        await world.books.faults([{**slow, "path": "^/v2/articles"}])
    told = await paused_in_the_middle(world, flow)
    assert told["records"] in {PAGE, 2 * PAGE}
    assert told["per_minute"] > 0
    if source == "books":
        assert told["total"] == ALL
        assert told["seconds_left"] > 0
    else:
        # The shop gives no total, so nobody is told a time that would be made up.
        assert (told["total"], told["seconds_left"]) == (None, None)
    await world.api("POST", f"/integrations/{world.integration_id}/resume")
    standing = await world.settled(flow)
    assert (standing["done"], standing["reading"]) == (ALL, None)
    held = await products(world) if source == "books" else await articles(world)
    assert set(held) == set(NUMBERS)
