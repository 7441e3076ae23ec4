"""Many changes of stock: the newest counts, and every one has an end that can be seen."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from tests.records.stocks import fill_shop, in_shop, keep_stock, sent_to_shop
from tests.temporal_server import TIME_SKIPPING, temporal_server
from tests.waiting import eventually
from tests.world import World, world
from workflows.messages import FlowTarget

FIVE_MINUTES = timedelta(minutes=5)
SHORTLY = timedelta(seconds=5)
CHANGES = 1000
FEW = 100


async def timelines(world: World, flow: str) -> dict[str, dict[str, Any]]:
    """Every record of a flow with its time line, by reference."""
    items = (await world.api("GET", f"/items?flow_id={flow}&limit=200"))["items"]
    return {item["reference"]: await world.api("GET", f"/items/{item['id']}") for item in items}


@pytest.mark.feature("D10")
async def test_of_a_thousand_changes_in_a_moment_few_are_sent_and_the_last_one_stands(small_world: World):
    world = small_world
    await keep_stock(world, MUG=0)
    await fill_shop(world, MUG=0)
    flow = await world.add_flow("stock")
    await world.start()
    before = await world.settled(flow)
    await world.shop.forget_requests()
    execution = world.integration_execution()

    async def change() -> None:
        for balance in range(1, CHANGES + 1):
            await world.books.load({"articles": [{"Number": "MUG", "StockBalance": balance}]})

    async def poke() -> None:
        for _ in range(CHANGES // 10):
            await execution.signal("poke", FlowTarget(flow_id=flow))

    await asyncio.gather(change(), *(poke() for _ in range(10)))
    await execution.signal("poke", FlowTarget(flow_id=flow))
    await eventually(lambda: has(world, CHANGES))
    standing = await world.settled(flow, after_run=before["runs"])

    sent = [body["stock"] for body in await sent_to_shop(world)]
    assert sent == sorted(set(sent)), "an older figure was sent after a newer one, or one was sent twice"
    assert sent[-1] == CHANGES
    assert len(sent) <= FEW
    assert len(await world.shop.requests()) <= 3 * FEW
    assert standing["done"] == standing["listed"] == 1


async def has(world: World, stock: int) -> bool:
    """Whether the shop has so many mugs."""
    return await in_shop(world) == {"MUG": stock}


@pytest.mark.feature("R27")
async def test_what_became_of_a_change_of_stock_is_said(small_world: World):
    """Sent, superseded, in error, pending or skipped: each as the record's state, with a sentence in its time line."""
    world = small_world
    await keep_stock(world, MUG=5, TWIN=3, NOWHERE=2)
    await fill_shop(world, MUG=0)
    await world.shop.load({"products": [{"id": number, "productnumber": "TWIN", "name": "Twin"} for number in (7, 8)]})
    flow = await world.add_flow("stock")
    await world.start()
    await world.settled(flow)
    first = await timelines(world, flow)
    assert {reference: (one["item"]["state"], one["item"]["reason"]) for reference, one in first.items()} == {
        "MUG": ("done", "updated"),
        "TWIN": ("parked", None),
        "NOWHERE": ("skipped", "not_at_target"),
    }
    assert any("Updated: MUG" in event["text"] for event in first["MUG"]["events"])
    assert "TWIN" in first["TWIN"]["problem"]["sentence"]

    # The shop takes nothing for a while, and what it did not take is outdated before it does.
    await world.shop.faults([{"fault": "429_with_retry_after", "when": "always", "method": "PATCH", "seconds": 1}])
    await world.shop.forget_requests()
    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": 6}]})
    before = (await world.standing(flow))["runs"]
    await world.api("POST", f"/integrations/{world.integration_id}/run", {"flow_id": flow})

    async def refused() -> bool:
        return any(call["method"] == "PATCH" for call in await world.shop.requests())

    await eventually(refused)
    assert (await timelines(world, flow))["MUG"]["item"]["state"] in {"ready", "in_flight"}
    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": 9}]})
    await world.api("POST", f"/integrations/{world.integration_id}/poke", {"flow_id": flow})

    async def superseded() -> bool:
        events = (await timelines(world, flow))["MUG"]["events"]
        return any(event["kind"] == "superseded" for event in events)

    await eventually(superseded)
    await world.shop.no_faults()
    await world.settled(flow, after_run=before)
    assert await sent_to_shop(world) == [{"stock": 9}]
    last = (await timelines(world, flow))["MUG"]["item"]
    assert (last["state"], last["reason"]) == ("done", "updated")


async def test_five_hundred_changes_in_one_run_all_arrive(small_world: World):
    """`dev.py bench stock` measures fifty thousand."""
    world = small_world
    stocks = {f"A{place:03}": place for place in range(500)}
    await keep_stock(world, **dict.fromkeys(stocks, 0))
    await fill_shop(world, **dict.fromkeys(stocks, 0))
    flow = await world.add_flow("stock")
    await world.start()
    before = await world.settled(flow)
    await world.books.load(
        {"articles": [{"Number": number, "StockBalance": stock} for number, stock in stocks.items()]}
    )
    standing = await world.run(flow)
    assert standing["runs"] == before["runs"] + 1
    assert await in_shop(world) == stocks
    assert len(await sent_to_shop(world)) == len(stocks) - 1


@pytest.mark.feature("STK-10")
async def test_stock_is_brought_up_to_date_every_five_minutes_unless_told_otherwise(tmp_path: Path, sqlite_url: str):
    with temporal_server(*TIME_SKIPPING) as address:
        async with world(tmp_path, address, sqlite_url) as merchant:
            await keep_stock(merchant, MUG=10)
            await fill_shop(merchant, MUG=0)
            flow = await merchant.add_flow("stock", schedule=None)
            assert (await merchant.api("GET", f"/flows/{flow}"))["schedule"] == "*/5 * * * *"
            await merchant.start()
            await merchant.settled(flow)
            execution = merchant.integration_execution()
            skipper = TimeSkipper(merchant.temporal, config=TimeSkippingConfig(disable_propagation=True))

            async def due() -> str:
                return (await merchant.standing(flow))["next_run"] or ""

            moment = datetime.fromisoformat(await eventually(due))
            before = (await merchant.standing(flow))["runs"]
            await skipper.fast_forward(execution, moment - await skipper.get_current_time(execution) + SHORTLY)
            await merchant.settled(flow, after_run=before)
            for left in (8, 7):
                # Nobody asks for a run: the goods are only gone from the books.
                await merchant.books.load({"articles": [{"Number": "MUG", "StockBalance": left}]})
                before = (await merchant.standing(flow))["runs"]
                assert await skipper.fast_forward(execution, FIVE_MINUTES)
                standing = await merchant.settled(flow, after_run=before)
                assert standing["runs"] == before + 1
                assert await in_shop(merchant) == {"MUG": left}
