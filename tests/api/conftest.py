"""The application over a database and a Temporal server of the test's own."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from api.app import create_app
from api.services import Services
from connectors import registry
from settings import Settings
from store import KeyRing, Store, migrate
from tests.api.books import BOOKS
from tests.api.engine_double import HearingIntegration
from tests.api.rehearsal_double import KnownRehearsals
from tests.api.scene import Accounts, Scene
from tests.child_server import free_port
from workflows.converter import EncryptionCodec

ADDRESS = "http://longshore.example.com"


@pytest.fixture
def settings() -> Settings:
    return Settings(
        _env_file=None,
        task_queue=f"api-{uuid4().hex}",
        public_url=ADDRESS,
        temporal_ui_url="http://temporal.example.com:8233",
        codec_token=SecretStr("secret-part-of-the-codec"),
    )


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


@pytest_asyncio.fixture
async def store(sqlite_url: str) -> AsyncIterator[Store]:
    await migrate(sqlite_url)
    opened = await Store.open(sqlite_url, KeyRing.generate())
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def temporal(temporal_address: str) -> Client:
    """Connected to a server that answers; tests of its absence replace this."""
    return await Client.connect(temporal_address, data_converter=pydantic_data_converter)


@pytest_asyncio.fixture
async def absent_temporal() -> Client:
    """A client of an address where nobody listens."""
    return await Client.connect(f"127.0.0.1:{free_port()}", data_converter=pydantic_data_converter, lazy=True)


@pytest.fixture
def codec() -> EncryptionCodec:
    return EncryptionCodec(KeyRing.generate().derive("temporal"))


@pytest.fixture
def services(
    store: Store, settings: Settings, accounts: Accounts, temporal: Client, codec: EncryptionCodec
) -> Services:
    return Services(
        store=store,
        temporal=temporal,
        settings=settings,
        open_account=accounts.open,
        read_account_fields=accounts.own_fields,
        rehearsals=KnownRehearsals(store),
        codec=codec,
    )


@pytest.fixture
def app(services: Services, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setitem(registry.CONNECTORS, BOOKS.system, BOOKS)
    return create_app(services)


@pytest_asyncio.fixture
async def workspace(store: Store) -> str:
    return await store.workspaces.create("Test")


@pytest_asyncio.fixture
async def token(store: Store, workspace: str) -> str:
    return await store.workspaces.issue_token(workspace, "test")


@pytest_asyncio.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS) as client:
        yield client


@pytest_asyncio.fixture
async def client(app: FastAPI, token: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS, headers=headers) as client:
        yield client


@pytest_asyncio.fixture
async def scene(client: httpx.AsyncClient, services: Services, workspace: str, accounts: Accounts) -> Scene:
    made = Scene(client, services, workspace, accounts)
    await made.connect()
    await made.integrate()
    return made


@pytest_asyncio.fixture
async def worker(services: Services) -> AsyncIterator[None]:
    """Runs the workflow that writes down what it hears."""
    async with Worker(
        services.temporal,
        task_queue=services.settings.task_queue,
        workflows=[HearingIntegration],
        workflow_runner=UnsandboxedWorkflowRunner(),
        identity=uuid4().hex,
    ):
        yield


@pytest_asyncio.fixture
async def running(scene: Scene, worker: None) -> Scene:
    await scene.start()
    return scene
