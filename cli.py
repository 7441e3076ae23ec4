"""The command ``longshore``: everything on one machine, or one part of it per process."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
import uvicorn
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from activities import Vendors
from activities.account_fields import read_account_fields
from embedded import CannotStart, key_ring, private_file, temporal_server, with_codec_token
from logs import configure_logs
from settings import Settings
from store import KeyRing, KeyRingError, Store, UndecipherableError, migrate
from worker import MetricsRefused, compose_worker, connect

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console()
_log = structlog.get_logger()


@dataclass(frozen=True)
class Running:
    """All of Longshore in this process."""

    url: str
    token: str
    temporal_ui_url: str


class _Server(uvicorn.Server):
    """A web server that leaves signals to the command."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@retry(
    retry=retry_if_exception_type((RuntimeError, OSError)),
    stop=stop_after_delay(60),
    wait=wait_exponential_jitter(multiplier=0.2, max=5),
    reraise=True,
)
async def _connect(settings: Settings, keys: KeyRing) -> Client:
    return await connect(settings, keys)


@contextlib.asynccontextmanager
async def _opened(settings: Settings, keys: KeyRing) -> AsyncIterator[tuple[Store, Vendors]]:
    try:
        store = await Store.open(settings.resolved_database_url(), keys)
    except (SQLAlchemyError, OSError) as error:
        raise CannotStart(
            f"The database cannot be used ({type(error).__name__}). Check LONGSHORE_DATABASE_URL, and run "
            "`longshore migrate` once before other commands."
        ) from error
    vendors = Vendors(store, call_timeout=timedelta(seconds=settings.vendor_timeout_seconds))
    try:
        yield store, vendors
    finally:
        await vendors.aclose()
        await store.close()


@contextlib.asynccontextmanager
async def _serving(settings: Settings, keys: KeyRing, store: Store, vendors: Vendors) -> AsyncIterator[None]:
    """The API, answering when the body begins."""
    from activities.rehearsal import LedgerRehearsals
    from api.app import create_app
    from api.services import Services
    from workflows.converter import EncryptionCodec

    # Metrics are the worker's; with `up` both are one process, and the address can be taken once.
    temporal = await _connect(settings.model_copy(update={"metrics_address": ""}), keys)
    services = Services(
        store=store,
        temporal=temporal,
        settings=settings,
        open_account=vendors.open_account,
        read_account_fields=partial(read_account_fields, store, vendors),
        rehearsals=LedgerRehearsals(store, vendors),
        codec=EncryptionCodec(keys.derive("temporal")),
    )
    config = uvicorn.Config(
        create_app(services),
        host=settings.api_host,
        port=settings.api_port,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=5,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if serving.done():
                raise CannotStart(f"The API could not listen on {settings.api_host}:{settings.api_port}; is it taken?")
            await asyncio.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        with contextlib.suppress(SystemExit):
            await serving


async def _token(store: Store, path: Path | None) -> str:
    """A token of the first workspace, made on first use and kept in a private file when there is one."""
    workspace_id = await store.workspaces.first() or await store.workspaces.create("Longshore")
    if path is not None and await asyncio.to_thread(path.exists):
        return private_file(path, "")
    token = await store.workspaces.issue_token(workspace_id, "first")
    return private_file(path, token) if path is not None else token


@contextlib.asynccontextmanager
async def everything(settings: Settings) -> AsyncIterator[Running]:
    """Temporal server, worker and API, with keys and token made on first use.

    Raises:
        CannotStart: A port is taken, or the Temporal server is not installed.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    keys = key_ring(settings, create=True)
    settings = with_codec_token(settings)
    await migrate(settings.resolved_database_url())
    async with temporal_server(settings), _opened(settings, keys) as (store, vendors):
        token = await _token(store, settings.data_dir / "token")
        async with (
            compose_worker(await _connect(settings, keys), store, vendors, settings),
            _serving(settings, keys, store, vendors),
        ):
            yield Running(settings.resolved_public_url(), token, settings.temporal_ui_url)


async def until_stopped() -> None:
    """Wait for Ctrl-C or a request to end."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped.set)
    await stopped.wait()


def _run(main: Coroutine[Any, Any, int]) -> None:
    """Run a command to its end and leave at once: the engine's threads can crash an interpreter that takes its time."""
    try:
        code = asyncio.run(main)
    except (CannotStart, KeyRingError, MetricsRefused, UndecipherableError) as error:
        console.print(f"[red]{error}[/red]")
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@app.command()
def up() -> None:
    """Everything on this machine: Temporal with its UI, a worker, the API. Prints a link with a token."""

    async def main() -> int:
        settings = Settings()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        configure_logs(settings.log_level, settings.data_dir / "longshore.log")
        async with everything(settings) as running:
            console.print(f"Longshore    {running.url}/?token={running.token}", soft_wrap=True)
            console.print(f"Temporal UI  {running.temporal_ui_url}", soft_wrap=True)
            console.print(f"Log          {settings.data_dir / 'longshore.log'}", soft_wrap=True)
            await until_stopped()
        return 0

    _run(main())


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End when everything has settled.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Another day of orders in the same CSV format.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running afterwards.")] = False,
) -> None:
    """Everything, with simulated vendors and a day of real orders on its way."""
    from demo import Options, run_demo

    _run(run_demo(Options(once=once, json_file=json_file, data=data, keep=keep), console))


@app.command()
def worker() -> None:
    """A worker: carries orders. Run as many as needed against one database and one Temporal cluster."""

    async def main() -> int:
        settings = Settings()
        configure_logs(settings.log_level)
        keys = key_ring(settings, create=False)
        async with _opened(settings, keys) as (store, vendors):
            client = await _connect(settings, keys)
            await register_search_attributes(client)
            async with compose_worker(client, store, vendors, settings):
                _log.info("worker_started", temporal=settings.temporal_address)
                await until_stopped()
        return 0

    _run(main())


@app.command()
def api(
    token: Annotated[bool, typer.Option("--token", help="Make a token for this workspace and print it first.")] = False,
) -> None:
    """The API, by itself."""

    async def main() -> int:
        settings = Settings()
        configure_logs(settings.log_level)
        keys = key_ring(settings, create=False)
        async with _opened(settings, keys) as (store, vendors):
            if token:
                console.print(f"{settings.resolved_public_url()}/?token={await _token(store, None)}", soft_wrap=True)
            async with _serving(settings, keys, store, vendors):
                _log.info("api_started", address=settings.resolved_public_url())
                await until_stopped()
        return 0

    _run(main())


@app.command()
def simulators(
    ccvshop_port: Annotated[int, typer.Option(help="Port of the simulated CCV Shop.")] = 9101,
    eaccounting_port: Annotated[int, typer.Option(help="Port of the simulated eAccounting.")] = 9102,
) -> None:
    """Strict stand-ins of the vendors on this machine (docs/simulators.md)."""
    from simulators.serve import serve

    async def main() -> int:
        async with serve({"ccvshop": ccvshop_port, "eaccounting": eaccounting_port}) as running:
            for name, simulator in running.items():
                console.print(f"{name:12} {simulator.base_url}", soft_wrap=True)
            await until_stopped()
        return 0

    _run(main())


@app.command(name="migrate")
def migrate_database() -> None:
    """Bring the database to the newest form; harmless when it is already."""

    async def main() -> int:
        settings = Settings()
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        await migrate(settings.resolved_database_url())
        return 0

    _run(main())


@app.command()
def keys(
    name: Annotated[str, typer.Option(help="What the key is called; another one than any in the ring has.")] = "k1",
) -> None:
    """Print a new key for LONGSHORE_KEYS; to renew, put it before those that are there."""
    print(KeyRing.generate(name).to_text())  # noqa: T201 - the output is the result


@app.command()
def rotate() -> None:
    """Re-encrypt everything under the first key of the ring; run it again after every process has the new ring."""

    async def main() -> int:
        settings = Settings()
        async with _opened(settings, key_ring(settings, create=False)) as (store, _):
            console.print(f"{await store.rotate()} rows renewed.")
        return 0

    _run(main())


async def register_search_attributes(client: Client) -> None:
    """Make the search attributes known to the namespace; those that exist stay as they are."""
    from temporalio.api.enums.v1 import IndexedValueType
    from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest

    from workflows.names import SEARCH_ATTRIBUTES

    known = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    missing = {
        key.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        for key in SEARCH_ATTRIBUTES
        if key.name not in known.custom_attributes
    }
    if missing:
        request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        await client.operator_service.add_search_attributes(request)


def main() -> None:
    """Entry point of the command."""
    app()


if __name__ == "__main__":
    main()
