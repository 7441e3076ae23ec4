"""Wait for what a test cannot be told about."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

AnswerT = TypeVar("AnswerT")


async def eventually(check: Callable[[], Awaitable[AnswerT]], *, seconds: float = 60) -> AnswerT:
    """Ask until the answer is true; raises TimeoutError."""
    pause = 0.02
    async with asyncio.timeout(seconds):
        while not (answer := await check()):
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, 0.5)
        return answer
