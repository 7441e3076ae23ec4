"""Writing what must not be written twice: one writer at a time, also past its own death."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

from activities.failures import Wait
from connectors.errors import OutcomeUnknown
from store import Claim, Store


@contextlib.asynccontextmanager
async def claimed(store: Store, workspace_id: str, key: str, lease: timedelta) -> AsyncIterator[Claim]:
    """Try to be the one who writes ``key``; ``Claim.held_for`` tells for how long somebody else may still be at it.

    The claim is given back at the end, except when a request was sent whose answer never came: then it runs out by
    itself, after the time that request can still be at work. A killed worker's claim runs out in the same way.
    """
    claim = await store.claims.take(workspace_id, key, lease)
    give_back = True
    try:
        yield claim
    except OutcomeUnknown as error:
        give_back = error.settled
        raise
    except asyncio.CancelledError:
        give_back = False
        raise
    finally:
        if give_back:
            await store.claims.free(workspace_id, claim)


async def keep(store: Store, workspace_id: str, claim: Claim | None, lease: timedelta, *, of: str) -> None:
    """Let a claim of ours run for ``lease`` from now; does nothing where there is none.

    Args:
        store: The ledger.
        workspace_id: The owner.
        claim: What was taken; None where nothing is written that needs one.
        lease: How long it runs from now.
        of: What it is a claim on, for people: a flow, an order.

    Raises:
        Wait: Somebody else has taken it meanwhile.
    """
    if claim is not None and not await store.claims.extend(workspace_id, claim, lease):
        raise Wait(f"Another attempt has taken this {of} over.", lease)
