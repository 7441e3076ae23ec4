"""What the store's tests run in processes of their own; prints what happened as JSON."""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from store import KeyRing, Store
from tests.waiting import eventually

PROCESSES = 4
"""That refresh the same pair of tokens."""


@dataclass(frozen=True)
class Pair:
    """A pair of tokens, as a connector would have it."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    version: int = 0


FIRST = Pair("access-0", "refresh-0", datetime(2030, 1, 1, tzinfo=UTC))


def renewed(tokens: Pair) -> Pair:
    """The pair that a vendor gives for the refresh token of ``tokens``."""
    number = int(tokens.refresh_token.rsplit("-", 1)[1]) + 1
    return replace(tokens, access_token=f"access-{number}", refresh_token=f"refresh-{number}")


def note(file: Path, text: str) -> None:
    """One more line."""
    with file.open("a") as lines:
        lines.write(f"{text}\n")


def noted(file: Path) -> int:
    """How many lines there are."""
    return len(file.read_text().splitlines())


async def refresh(store: Store, workspace_id: str, connection_id: str, calls: str) -> object:
    """Ten callers want pair 1 replaced; a refresh leaves a line in the file ``calls``.

    The vendor answers once the callers of all ``PROCESSES`` are there.
    """
    callers = Path(f"{calls}.callers")

    async def all_are_there() -> bool:
        return noted(callers) == PROCESSES

    async def ask_vendor(tokens: Pair) -> Pair:
        note(Path(calls), "called")
        await eventually(all_are_there)
        return renewed(tokens)

    note(callers, "here")
    vault = store.connections.vault(workspace_id, connection_id, Pair)
    pairs = await asyncio.gather(*(vault.refresh_exclusively(1, ask_vendor) for _ in range(10)))
    return [[pair.access_token, pair.version] for pair in pairs]


async def reserve(store: Store, workspace_id: str, connection_id: str, per_minute: str, slots: str) -> object:
    """Take slots as fast as possible; the moments of the calls they allow."""
    budget = store.budget(workspace_id, connection_id)
    moments = []
    for _ in range(int(slots)):
        before = time.time()
        reservation = await budget.reserve("calls", int(per_minute), timedelta(hours=1))
        assert reservation.wait is not None
        moments.append([before + reservation.wait.total_seconds(), time.time() + reservation.wait.total_seconds()])
    return moments


async def main(url: str, keys: str, work: str, *arguments: str) -> None:
    """Open the store, do the work, print its result."""
    store = await Store.open(url, KeyRing.parse(keys))
    try:
        result = await (refresh if work == "refresh" else reserve)(store, *arguments)
        print(json.dumps(result))  # noqa: T201 - how the test gets it
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
