"""What an account allows is shared by all workers: one refresh of a token, one budget of calls."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.durability.other_process import call_together
from tests.durability.support import environment_of
from tests.records.goods import TO_BOOKS, product
from tests.repository import ROOT
from tests.shop_orders import shop_order, shop_row
from tests.waiting import eventually
from tests.world import World, world

PROCESSES = 4


async def in_processes(made: World, work: str, number: int) -> list[int]:
    """Let several processes do the work on this world's database; their results."""
    command = [sys.executable, "-m", "tests.durability.other_process", work, made.workspace_id, made.books_id]
    running = [
        await asyncio.create_subprocess_exec(
            *command, str(number), stdout=PIPE, stderr=PIPE, cwd=ROOT, env=environment_of(made)
        )
        for _ in range(PROCESSES)
    ]
    results = []
    for process in running:
        output, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        results.append(int(json.loads(output)))
    return results


async def refreshes(made: World) -> int:
    """How often the books' identity server was asked for the next pair of tokens."""
    return int((await made.books.state())["counters"].get("token_refreshes", 0))


async def test_twenty_workers_with_one_expired_token_make_one_refresh(
    tmp_path: Path, temporal_address: str, database_url: str
):
    async with world(tmp_path, temporal_address, database_url, with_worker=False) as made:
        await made.connect()
        before = await refreshes(made)
        made.books.simulator.forget_tokens()
        assert await call_together(made.store, made.workspace_id, made.books_id, 20) == 20
        assert await refreshes(made) - before == 1
        # The same with the workers spread over processes.
        made.books.simulator.forget_tokens()
        assert await in_processes(made, "together", 5) == [5] * PROCESSES
        assert await refreshes(made) - before == 2


@pytest.mark.slow
async def test_four_processes_together_stay_within_the_limit_of_the_account(
    tmp_path: Path, temporal_address: str, sqlite_url: str
):
    """Each by itself would be allowed over a quarter of the limit in this time, so they must share one budget.

    Calls that have their slot already are made up to a quarter of a minute after the end.
    """
    limit, seconds = 100, 12
    async with world(tmp_path, temporal_address, sqlite_url, with_worker=False) as made:
        await made.connect()
        await made.api("PATCH", f"/connections/{made.books_id}", {"settings": {"calls_per_minute": limit}})
        await made.books.settings({"rate_limit": limit})
        made.books.simulator.limiter.reset()  # type: ignore[attr-defined]
        results = await in_processes(made, "for", seconds)
        state = await made.books.state()
        assert state["rate_limit_refusals"] == {}
        [peak] = state["rate_limit_peaks"].values()
        assert sum(results) == peak <= limit
        # It is used too: half of what a steady pace would allow, and by every process.
        assert peak >= limit * seconds / 60 / 2
        assert all(results)


CATALOGUE, LIMIT = 10_000, 240
INTERVAL_S = 60


@pytest.mark.slow
@pytest.mark.feature("D12", "R16")
async def test_a_back_fill_of_ten_thousand_products_delays_no_order_and_keeps_the_limit(small_world: World):
    """Both flows ask the books for articles, and so draw on one limit, which the back-fill alone would use up for
    most of an hour. The interval is a fifth of the one that flows have by default.
    """
    world = small_world
    orders = {number: f"LAMP-{number}" for number in (1001, 1002, 1003)}
    await world.stock_up(*orders.values())
    await world.ready()
    await world.deliver(shop_order(1000))
    await world.api("PATCH", f"/connections/{world.books_id}", {"settings": {"calls_per_minute": LIMIT}})
    await world.books.settings({"rate_limit": LIMIT})
    world.books.simulator.limiter.reset()  # type: ignore[attr-defined]
    await world.shop.load({"products": [product(number, f"SKU-{number}") for number in range(1, CATALOGUE + 1)]})
    back_fill = await world.add_flow("products", source="shop", common={"page_size": 10}, target_settings=TO_BOOKS)
    held = len((await world.books.state("articles"))["articles"])

    async def created() -> int:
        return len((await world.books.state("articles"))["articles"]) - held

    async def is_held_up() -> bool:
        return await created() > LIMIT // 2

    await eventually(is_held_up, seconds=180)
    for number, article in orders.items():
        before = await created()
        placed_at = time.monotonic()
        # No order before named this article, so the books are asked for it.
        rows = [shop_row(article, 1, Decimal("12.10"))]
        standing = await world.deliver(shop_order(number, rows=rows), seconds=INTERVAL_S)
        assert time.monotonic() - placed_at < INTERVAL_S
        assert standing["parked"] == 0
        assert (await world.documents())[-1]["BuyersOrderReference"] == str(number)
        assert [one for one in await world.books.requests() if one["method"] == "GET" and article in one["target"]]
        assert before <= await created() < CATALOGUE, "the back-fill was over"
    await eventually(lambda: goes_on(created, before), seconds=INTERVAL_S)
    state = await world.books.state("rate_limit_refusals", "rate_limit_peaks")
    assert state["rate_limit_refusals"] == {}
    assert max(state["rate_limit_peaks"].values()) <= LIMIT
    assert (await world.standing(back_fill))["parked"] == 0

    # What is on its way ends before the worker does.
    await world.api("POST", f"/flows/{back_fill}/disable")
    await eventually(lambda: is_at_rest(world, back_fill))


async def goes_on(created: Callable[[], Awaitable[int]], before: int) -> bool:
    """Whether the back-fill has made more articles since."""
    return await created() > before


async def is_at_rest(world: World, flow: str) -> bool:
    """Whether a flow neither runs nor has a record in work."""
    counts = await world.store.items.counts(world.workspace_id, flow)
    return (await world.standing(flow))["state"] != "running" and not counts.in_flight
