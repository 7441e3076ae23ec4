"""One writer at a time for every customer: orders bring customers along to where flows of customers write them too."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from datetime import timedelta

from activities.claiming import claimed
from store import Claim, Store

_LOOK_AGAIN = 0.1


def turn_name(connection_id: str, buyer: str) -> str:
    """What is claimed while a customer of this account is looked for and written.

    Args:
        connection_id: The account the customer is of.
        buyer: The e-mail address as it is compared, or what else the buyer is known by.
    """
    return f"customer/{connection_id}/{buyer}"


@contextlib.asynccontextmanager
async def turn(
    store: Store, workspace_id: str, name: str, lease: timedelta, patience: timedelta
) -> AsyncIterator[Claim]:
    """`claimed`, after waiting a while for whoever is at it; ``held_for`` of the claim tells that it was in vain."""
    until = time.monotonic() + patience.total_seconds()
    while True:
        async with claimed(store, workspace_id, name, lease) as claim:
            if claim.held_for is None or time.monotonic() >= until:
                yield claim
                return
        await asyncio.sleep(_LOOK_AGAIN)
