"""A migrated store on either database, and a shop in it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from store import KeyRing, Store, migrate
from tests.store.shop import Shop, make_shop


@pytest_asyncio.fixture
async def migrated_url(database_url: str) -> str:
    """A database in its newest form."""
    await migrate(database_url)
    return database_url


@pytest_asyncio.fixture
async def store(migrated_url: str) -> AsyncIterator[Store]:
    """A store on an empty, migrated database."""
    opened = await Store.open(migrated_url, KeyRing.generate())
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def shop(store: Store) -> Shop:
    """The shop of a test."""
    return await make_shop(store)
