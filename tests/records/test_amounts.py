"""An amount per run: how much a run reads, where the next goes on, and what a read in several runs must not do."""

import asyncio
from datetime import timedelta

import pytest

from activities.customer_turns import turn_name
from connectors.record_flow import COMMON_SETTINGS
from connectors.records import RecordKind
from tests.records.goods import (
    TO_BOOKS,
    TO_SHOP,
    article,
    articles,
    change_article,
    change_product,
    product,
    products,
    writes,
)
from tests.records.registers import debtors, to_books, user
from tests.world import World

ALL = 25
NUMBERS = [f"A-{number:02}" for number in range(1, ALL + 1)]
LIMIT = {"amount_per_run": 12, "page_size": 5}
"""Two pages of five fit into twelve."""


async def read_everything_again(world: World, flow: str) -> int:
    """Ask for a complete read, and wait for the first of its runs; returns how many records it read."""
    before = (await world.standing(flow))["runs"]
    await world.api("POST", f"/integrations/{world.integration_id}/resync", {"flow_id": flow, "everything": True})
    return int((await world.settled(flow, after_run=before))["reading"]["records"])


async def test_a_run_reads_its_amount_and_the_next_goes_on_there(small_world: World):
    world = small_world
    await world.shop.load({"products": [product(place, number) for place, number in enumerate(NUMBERS, 1)]})
    flow = await world.add_flow("products", source="shop", common=LIMIT, target_settings=TO_BOOKS)
    await world.start()
    standing = await world.settled(flow)
    assert (standing["state"], standing["blocked"], standing["done"]) == ("waiting", "", 10)
    assert standing["reading"]["records"] == 10
    assert sorted(await articles(world)) == NUMBERS[:10]

    await change_product(world, "A-01", name="Changed")
    standing = await world.run(flow)
    assert (standing["done"], standing["reading"]["records"]) == (20, 20)
    standing = await world.run(flow)
    assert (standing["done"], standing["reading"], standing["page"]) == (ALL, None, "")
    assert sorted(await articles(world)) == NUMBERS
    assert await writes(world) == ["POST /v2/articles"] * ALL

    # All were loaded in one moment, so the read of what changed may show all of them once more.
    while (await world.run(flow))["reading"]:
        continue
    assert (await articles(world))["A-01"]["Name"] == "Changed"

    await world.shop.delete("products", 3)
    assert [await read_everything_again(world, flow)] == [10]
    await world.run(flow)
    assert (await world.run(flow))["reading"] is None
    await read_everything_again(world, flow)
    await world.run(flow)
    assert (await articles(world))["A-03"]["IsActive"], "one complete read and a part of another may have missed it"
    await world.run(flow)
    held = await articles(world)
    assert [number for number, one in held.items() if not one["IsActive"]] == ["A-03"]


async def test_a_change_between_two_runs_hides_no_article_of_the_same_second(small_world: World):
    world = small_world
    second = "2026-10-01T10:00:00Z"
    await world.books.load({"articles": [article(number, ChangedUtc=second) for number in NUMBERS]})
    flow = await world.add_flow("products", common=LIMIT, target_settings=TO_SHOP)
    await world.start()
    standing = await world.settled(flow)
    await change_article(world, "A-01", Name="Changed")
    while standing["reading"]:
        standing = await world.run(flow)
    held = await products(world)
    assert sorted(held) == NUMBERS
    assert held["A-01"]["name"] == "Changed"


async def test_a_new_amount_begins_a_new_read(small_world: World):
    world = small_world
    await world.shop.load({"products": [product(place, number) for place, number in enumerate(NUMBERS, 1)]})
    flow = await world.add_flow("products", source="shop", common={"amount_per_run": 10}, target_settings=TO_BOOKS)
    await world.start()
    assert (await world.settled(flow))["done"] == 10
    await world.change_flow(flow, "products", amount_per_run=None)
    standing = await world.run(flow)
    assert (standing["done"], standing["reading"]) == (ALL, None)
    assert await writes(world) == ["POST /v2/articles"] * ALL


async def test_an_amount_that_is_none_is_refused_with_a_sentence(small_world: World):
    world = small_world
    await world.shop.load({"products": [product(1, "MUG")]})
    flow = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    await world.start()
    for amount, allowed in (
        (0, "greater than or equal to 1"),
        (-1, "greater than or equal to 1"),
        (2.5, "a valid int"),
    ):
        settings = {"products": {"amount_per_run": amount}, "target": TO_BOOKS}
        refused = await world.api("PATCH", f"/flows/{flow}", {"settings": settings}, status=422)
        assert f"amount_per_run: Input should be {allowed}" in refused["detail"]


@pytest.mark.parametrize("kind", list(COMMON_SETTINGS))
def test_every_flow_that_moves_in_pages_has_an_amount_per_run_in_whole_pages(kind: RecordKind):
    settings = COMMON_SETTINGS[kind]
    assert settings().amount_per_run is None
    assert not settings().ends_run(read=1_000_000, last_page=250)
    for size, amount, a_page, whole in ((5, 12, 5, 10), (250, 10, 10, 10), (10, 10, 10, 10), (100, 250, 100, 200)):
        limited = settings(page_size=size, amount_per_run=amount)
        assert limited.amount_per_read == a_page
        reads = range(a_page, 10 * a_page, a_page)
        assert next(read for read in reads if limited.ends_run(read=read, last_page=a_page)) == whole


async def test_a_record_that_was_put_off_is_worked_on_before_the_next_run(small_world: World):
    world = small_world
    await world.shop.load({"users": [user(7, "jan@example.nl")]})
    flow = await world.add_flow("customers", source="shop", target_settings=await to_books(world))
    name = turn_name(world.books_id, "jan@example.nl")
    await world.store.claims.take(world.workspace_id, name, timedelta(seconds=8))
    await world.start()
    async with asyncio.timeout(40):
        standing = await world.settled(flow)
    assert (standing["runs"], standing["done"]) == (1, 1), "nobody asked for a second run"
    assert set(await debtors(world)) == {"jan@example.nl"}
