"""What the engine supplies to connectors, small and in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import httpx

from connectors.answers import Answer
from connectors.exchange import Exchange
from connectors.oauth import Tokens


@dataclass
class LocalBudget:
    """Grants everything and remembers what was asked."""

    acquired: list[tuple[str, int | None]] = field(default_factory=list)
    paused: list[tuple[str, timedelta]] = field(default_factory=list)

    async def acquire(self, bucket: str, per_minute: int | None) -> None:
        self.acquired.append((bucket, per_minute))

    async def exhausted(self, bucket: str, retry_after: timedelta) -> None:
        self.paused.append((bucket, retry_after))


@dataclass
class KeptExchanges:
    """Remembers every exchange."""

    exchanges: list[Exchange] = field(default_factory=list)

    async def record(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)


@dataclass
class Badge:
    """Puts a numbered badge on requests; gets a new number as often as allowed."""

    renewals: int = 0
    number: int = 1

    async def sign(self, request: httpx.Request) -> None:
        request.headers["authorization"] = f"Badge {self.number}"

    async def verify(self, request: httpx.Request, answer: Answer) -> None:
        return

    async def renew(self) -> bool:
        if not self.renewals:
            return False
        self.renewals -= 1
        self.number += 1
        return True


def tokens(version: int = 0, *, life: timedelta = timedelta(hours=1)) -> Tokens:
    return Tokens(f"access-{version}", f"refresh-{version}", datetime.now(UTC) + life, version)


@dataclass
class MemoryVault:
    """Keeps one pair of tokens; the lock stands for the lease on the row."""

    held: Tokens
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def load(self) -> Tokens:
        return self.held

    async def refresh_exclusively(self, version: int, refresh: Callable[[Tokens], Awaitable[Tokens]]) -> Tokens:
        async with self.lock:
            if self.held.version == version:
                self.held = replace(await refresh(self.held), version=version + 1)
            return self.held
