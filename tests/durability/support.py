"""What these tests share: worker processes that can be killed, and a look at what a vendor was asked."""

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.child_server import ends_with_this_process
from tests.repository import ROOT
from tests.simulation import Simulation
from tests.waiting import eventually
from tests.world import World

_SECONDS_TO_STOP = 15


async def calls(simulation: Simulation, method: str, path: str) -> list[dict[str, Any]]:
    """The requests the vendor received with this method, on paths that match from their beginning."""
    pattern = re.compile(path)
    return [one for one in await simulation.requests() if one["method"] == method and pattern.match(one["target"])]


def environment_of(world: World, **more: str) -> dict[str, str]:
    """What a process of this world's installation is told."""
    settings = world.settings
    return {
        **os.environ,
        "LONGSHORE_DATA_DIR": str(settings.data_dir),
        "LONGSHORE_DATABASE_URL": settings.database_url,
        "LONGSHORE_KEYS": world.keys.to_text(),
        "LONGSHORE_TEMPORAL_ADDRESS": settings.temporal_address,
        "LONGSHORE_TASK_QUEUE": settings.task_queue,
        "LONGSHORE_PUBLIC_URL": settings.public_url,
        "LONGSHORE_CODEC_TOKEN": settings.codec_token.get_secret_value(),
        "LONGSHORE_VENDOR_TIMEOUT_SECONDS": str(settings.vendor_timeout_seconds),
        **more,
    }


@contextlib.asynccontextmanager
async def process(
    world: World, command: str, log: Path, *, ready_words: str, **environment: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of the product, `longshore command`, that has said the words in its log; it ends with the body."""
    with log.open("ab") as output:
        started = await asyncio.create_subprocess_exec(
            *ends_with_this_process([sys.executable, str(ROOT / "cli.py"), command]),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env=environment_of(world, **environment),
            start_new_session=True,
        )
    try:

        async def ready() -> bool:
            text = await asyncio.to_thread(log.read_text)
            assert started.returncode is None, text
            return ready_words in text

        await eventually(ready)
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
            try:
                await asyncio.wait_for(started.wait(), _SECONDS_TO_STOP)
            except TimeoutError:
                started.kill()
                await started.wait()


def worker_process(
    world: World, log: Path, **environment: str
) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """A worker in a process of its own."""
    return process(world, "worker", log, ready_words="worker_started", **environment)
