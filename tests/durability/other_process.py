"""What tests run in processes of their own: calls to a connected account, as a worker makes them; prints JSON."""

import asyncio
import json
import os
import sys
import time
from datetime import timedelta

from activities import Vendors
from connectors.errors import RateLimited
from store import KeyRing, Store

_TIMEOUT = timedelta(seconds=10)


async def call_together(store: Store, workspace_id: str, connection_id: str, count: int) -> int:
    """So many workers' worth of calls at once, each with connections and tokens of its own; how many succeeded."""
    opened = [Vendors(store, call_timeout=_TIMEOUT) for _ in range(count)]

    async def call(vendors: Vendors) -> None:
        async with vendors.open_account(workspace_id, connection_id) as account:
            await account.test()

    try:
        await asyncio.gather(*(call(vendors) for vendors in opened))
    finally:
        for vendors in opened:
            await vendors.aclose()
    return count


async def call_for(store: Store, workspace_id: str, connection_id: str, seconds: int) -> int:
    """As many calls as the budget lets through in a while, by five at once; how many were made."""
    vendors, end, made = Vendors(store, call_timeout=_TIMEOUT), time.monotonic() + seconds, 0

    async def call_on() -> None:
        nonlocal made
        while time.monotonic() < end:
            try:
                async with vendors.open_account(workspace_id, connection_id) as account:
                    await account.test()
                made += 1
            except RateLimited as limited:
                pause = limited.retry_after or timedelta(seconds=1)
                await asyncio.sleep(min(pause.total_seconds(), max(0, end - time.monotonic())))

    try:
        await asyncio.gather(*(call_on() for _ in range(5)))
    finally:
        await vendors.aclose()
    return made


async def main(work: str, workspace_id: str, connection_id: str, number: str) -> None:
    """Open the store that the environment names, do the work, print its result."""
    store = await Store.open(os.environ["LONGSHORE_DATABASE_URL"], KeyRing.parse(os.environ["LONGSHORE_KEYS"]))
    try:
        calls = call_together if work == "together" else call_for
        print(json.dumps(await calls(store, workspace_id, connection_id, int(number))))  # noqa: T201 - the result
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
