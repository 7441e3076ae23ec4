"""What tests of activities without an engine work on."""

from collections.abc import AsyncIterator

import pytest_asyncio

from store import KeyRing, Store, migrate
from tests.activities.ledger import Ends, make_ends


@pytest_asyncio.fixture
async def store(sqlite_url: str) -> AsyncIterator[Store]:
    """An empty store."""
    await migrate(sqlite_url)
    opened = await Store.open(sqlite_url, KeyRing.generate())
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def ends(store: Store) -> Ends:
    """A shop and the books, with no flow yet."""
    return await make_ends(store)
