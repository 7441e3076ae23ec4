"""What an account allows is shared by all workers: one refresh of a token, one budget of calls."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.durability.other_process import call_together
from tests.durability.support import environment_of
from tests.repository import ROOT
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
