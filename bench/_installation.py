"""A whole installation whose processes can be killed: vendors, Temporal server, two workers, API."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from demo import Merchant, free_port, simulated_vendors
from embedded import child, temporal_command, web_answering
from settings import Settings
from store import KeyRing, Store, migrate

CALL_SECONDS = 3
"""How long the installation waits for a vendor's answer."""
_CLI = str(Path(__file__).parent.parent / "cli.py")


class Killable:
    """A process that is started again whenever it was killed."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._command = command
        self._environment = environment
        self._log = log
        self._stack = contextlib.AsyncExitStack()
        self._process: asyncio.subprocess.Process | None = None
        self.kills = 0

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        if self._process is None:
            raise RuntimeError("it was not started")
        return self._process.pid

    async def start(self) -> None:
        """Start it; returns at once."""
        self._process = await self._stack.enter_async_context(
            child(self._command, log=self._log, environment=self._environment)
        )

    async def kill(self) -> None:
        """SIGKILL, and start again."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
        self.kills += 1
        await self.start()

    async def stop(self) -> None:
        """End it for good."""
        await self._stack.aclose()


def number(position: int) -> str:
    """Of the article at this place of a made-up catalogue."""
    return f"SKU-{position:06d}"


async def runs_over(merchant: Merchant, flow_id: str, runs: int, seconds: float) -> dict[str, Any]:
    """A flow's figures once it has had so many runs and every record has an end; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            progress = await merchant.api("GET", f"/integrations/{merchant.integration_id}/progress")
            flow: dict[str, Any] = next(one for one in progress["flows"] if one["flow_id"] == flow_id)
            if (flow["runs"] or 0) >= runs and flow["state"] == "waiting" and not flow["in_flight"]:
                return flow
            await asyncio.sleep(0.5)


@contextlib.asynccontextmanager
async def installation(directory: Path) -> AsyncIterator[tuple[Merchant, dict[str, Killable]]]:
    """Every part as a process: vendors, Temporal server, two workers, API."""
    keys = KeyRing.generate()
    settings = Settings(
        data_dir=directory,
        temporal_address=f"127.0.0.1:{free_port()}",
        temporal_ui_url=f"http://127.0.0.1:{free_port()}",
        api_port=free_port(),
        vendor_timeout_seconds=CALL_SECONDS,
    )
    environment = {
        **os.environ,
        "LONGSHORE_DATA_DIR": str(directory),
        "LONGSHORE_DATABASE_URL": settings.resolved_database_url(),
        "LONGSHORE_KEYS": keys.to_text(),
        "LONGSHORE_TEMPORAL_ADDRESS": settings.temporal_address,
        "LONGSHORE_API_PORT": str(settings.api_port),
        "LONGSHORE_VENDOR_TIMEOUT_SECONDS": str(CALL_SECONDS),
    }
    await migrate(settings.resolved_database_url())
    store = await Store.open(settings.resolved_database_url(), keys)
    token = await store.workspaces.issue_token(await store.workspaces.create("Chaos"), "chaos")
    await store.close()
    worker = [sys.executable, _CLI, "worker"]
    parts = {
        "temporal": Killable(temporal_command(settings), environment, directory / "temporal.log"),
        "worker 1": Killable(worker, environment, directory / "worker1.log"),
        "worker 2": Killable(worker, environment, directory / "worker2.log"),
    }
    api = Killable([sys.executable, _CLI, "api"], environment, directory / "api.log")
    async with contextlib.AsyncExitStack() as stack:
        shop, books = await stack.enter_async_context(simulated_vendors())
        for part in (*parts.values(), api):
            await part.start()
            stack.push_async_callback(part.stop)
        await web_answering(f"{settings.resolved_public_url()}/")
        merchant = Merchant(settings.resolved_public_url(), token, shop, books)
        stack.push_async_callback(merchant.aclose)
        yield merchant, parts
