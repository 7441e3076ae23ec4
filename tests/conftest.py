"""What every test may ask for: an empty database of either kind, and Temporal in real or in skipped time."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from tests import feature_report
from tests.postgres import PostgresMissingError, fresh_database, postgres_server
from tests.temporal_server import start_time_skipping as start_time_skipping_server
from tests.temporal_server import temporal_server
from tests.world import World, world

StartTimeSkipping = Callable[..., Awaitable[WorkflowEnvironment]]


def pytest_configure(config: pytest.Config) -> None:
    """Register the report of proven features."""
    feature_report.register(config)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the slow tests first: the quick ones then fill the other cores to the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    """A PostgreSQL server, one per test process, started by the first test that needs it."""
    try:
        with postgres_server() as url:
            yield url
    except PostgresMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def postgres_url(postgres_server_url: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of this test's own."""
    with fresh_database(postgres_server_url) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file of this test's own that does not exist yet."""
    return f"sqlite+aiosqlite:///{tmp_path / 'longshore.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database; a test with it runs once on SQLite and once on PostgreSQL.

    To run on one only: `@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)`.
    """
    url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return url


@pytest.fixture(scope="session")
def temporal_address() -> Iterator[str]:
    """The address of a Temporal server in real time, one per test process.

    Tests keep apart by workflow id and task queue.
    """
    with temporal_server() as address:
        yield address


@pytest_asyncio.fixture
async def start_time_skipping() -> AsyncIterator[StartTimeSkipping]:
    """Starts a Temporal server that skips time, with the options of the SDK's `start_time_skipping_v2`."""
    environments: list[WorkflowEnvironment] = []

    async def start(**options: object) -> WorkflowEnvironment:
        environments.append(await start_time_skipping_server(**options))
        return environments[-1]

    yield start
    for environment in environments:
        await environment.shutdown()


@pytest_asyncio.fixture
async def time_skipping(start_time_skipping: StartTimeSkipping) -> WorkflowEnvironment:
    """A Temporal server that skips time, with the pydantic data converter; `time_skipping.client` is its client."""
    return await start_time_skipping()


@pytest_asyncio.fixture
async def small_world(tmp_path: Path, temporal_address: str, sqlite_url: str) -> AsyncIterator[World]:
    """A whole Longshore on SQLite with both vendors simulated; see `tests.world`."""
    async with world(tmp_path, temporal_address, sqlite_url) as made:
        yield made


@pytest_asyncio.fixture
async def either_world(tmp_path: Path, temporal_address: str, database_url: str) -> AsyncIterator[World]:
    """The same on SQLite and on PostgreSQL: a test with it runs twice."""
    async with world(tmp_path, temporal_address, database_url) as made:
        yield made
