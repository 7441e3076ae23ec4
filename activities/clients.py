"""The accounts that a process calls: one client for each, with our database behind it as budget and token vault."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import BaseModel

from commerce.problems import ProblemCode
from connectors.client import VendorClient
from connectors.errors import ConnectionRefused, RateLimited
from connectors.oauth import Tokens
from store import AccountBudget, Vault

_LONGEST_WAIT_IN_PLACE = timedelta(seconds=15)
_UNPUBLISHED_LIMIT = 6_000
"""Calls a minute where a vendor has a limit but does not say which; its refusals pause the bucket."""


class SharedBudget:
    """The account's budget in our database, in the connectors' terms."""

    def __init__(self, budget: AccountBudget) -> None:
        self._budget = budget

    async def acquire(self, bucket: str, per_minute: int | None) -> None:
        """See `RateBudget.acquire`; a wait that is longer than a few seconds is left to the step."""
        pace = per_minute if per_minute is not None else _UNPUBLISHED_LIMIT
        slot = await self._budget.reserve(bucket, pace, _LONGEST_WAIT_IN_PLACE)
        if slot.wait is None:
            raise RateLimited("The calls this account may make are used up for now.", retry_after=slot.retry_after)
        await asyncio.sleep(slot.wait.total_seconds())

    async def exhausted(self, bucket: str, retry_after: timedelta) -> None:
        """See `RateBudget.exhausted`."""
        await self._budget.exhausted(bucket, retry_after)


class SharedVault:
    """The connection's tokens in our database, in the connectors' terms."""

    def __init__(self, vault: Vault[Tokens], name: str) -> None:
        self._vault = vault
        self._name = name

    async def load(self) -> Tokens:
        """The tokens of today; raises `ConnectionRefused` when consent was never given."""
        if (tokens := await self._vault.load()) is None:
            sentence = f"The connection “{self._name}” was never given consent. Open it and press connect."
            raise ConnectionRefused(ProblemCode.CONNECTION_EXPIRED, sentence)
        return tokens

    async def refresh_exclusively(self, version: int, refresh: Callable[[Tokens], Awaitable[Tokens]]) -> Tokens:
        """See `TokenVault.refresh_exclusively`."""
        return await self._vault.refresh_exclusively(version, refresh)


@dataclass(frozen=True)
class OpenClient:
    """An account's client with the settings that it was opened with."""

    client: VendorClient
    settings: BaseModel


@dataclass(eq=False)
class _Kept:
    version: object
    opened: OpenClient
    users: set[asyncio.Task[object]] = field(default_factory=set)


class Clients:
    """One client for each connection; whoever asks for it may call until its task ends."""

    def __init__(self) -> None:
        self._current: dict[str, _Kept] = {}
        self._replaced: set[_Kept] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def get(self, connection_id: str, version: object, opened: Callable[[], OpenClient]) -> OpenClient:
        """The connection's client, opened when there is none of this version.

        The one before it is closed when the last task that asked for it has ended.
        """
        kept = self._current.get(connection_id)
        if kept is None or kept.version != version:
            before, kept = kept, _Kept(version, opened())
            self._current[connection_id] = kept
            if before is not None:
                self._replaced.add(before)
                self._close_unused(before)
        self._used(kept)
        return kept.opened

    async def aclose(self) -> None:
        """Close all clients, also those that are in use."""
        left = [*self._current.values(), *self._replaced]
        self._current.clear()
        self._replaced.clear()
        for kept in left:
            await kept.opened.client.aclose()
        await asyncio.gather(*self._closing)

    def _used(self, kept: _Kept) -> None:
        task = asyncio.current_task()
        if task is None or task in kept.users:
            return

        def ended(user: asyncio.Task[object]) -> None:
            kept.users.discard(user)
            self._close_unused(kept)

        kept.users.add(task)
        task.add_done_callback(ended)

    def _close_unused(self, kept: _Kept) -> None:
        if kept in self._replaced and not kept.users:
            self._replaced.remove(kept)
            closing = asyncio.create_task(kept.opened.client.aclose())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
