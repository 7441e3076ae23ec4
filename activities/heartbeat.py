"""Long steps tell the server that they live, so that a killed worker is noticed soon and a slow vendor is not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from temporalio import activity


@contextlib.asynccontextmanager
async def beating() -> AsyncIterator[None]:
    """Heartbeat three times within the activity's heartbeat limit while the body runs."""
    limit = activity.info().heartbeat_timeout
    if limit is None:
        yield
        return
    beats = asyncio.create_task(_beat(limit.total_seconds() / 3))
    try:
        yield
    finally:
        beats.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beats


async def _beat(seconds: float) -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(seconds)
