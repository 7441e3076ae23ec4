"""Run simulators on loopback ports inside the present event loop."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import Self

import uvicorn

from simulators.kit import Simulator, SimulatorApp, build_app

SIMULATORS: dict[str, tuple[str, str]] = {
    "ccvshop": ("simulators.ccvshop", "CcvShop"),
    "eaccounting": ("simulators.eaccounting", "EAccounting"),
}


def create(name: str) -> Simulator:
    """A fresh simulator of the named vendor.

    Raises:
        ValueError: there is no simulator of that name.
    """
    if name not in SIMULATORS:
        raise ValueError(f"There is no simulator {name!r}; there are {', '.join(sorted(SIMULATORS))}.")
    module, class_name = SIMULATORS[name]
    simulator = getattr(importlib.import_module(module), class_name)()
    if not isinstance(simulator, Simulator):
        raise TypeError(f"{module}.{class_name} is no simulator.")
    return simulator


class RunningSimulator:
    """A simulator on its own 127.0.0.1 port for as long as the context lasts.

    Attributes:
        simulator: the simulator, for tests that look inside.
        app: its ASGI application.
        port: the port, chosen by the system unless one was asked for.
    """

    def __init__(self, simulator: Simulator, port: int = 0) -> None:
        self.simulator = simulator
        self.app: SimulatorApp = build_app(simulator)
        self.port = port
        self._server: _EmbeddedServer | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def base_url(self) -> str:
        """Scheme, host and port, without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        """Listen; when this returns, requests are answered.

        Raises:
            OSError: the port is taken.
        """
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", self.port))
        except OSError:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self.app,
            access_log=False,
            log_config=None,
            log_level="critical",
            date_header=False,
            server_header=False,
            lifespan="on",
            ws="none",
            timeout_graceful_shutdown=2,
        )
        self._server = _EmbeddedServer(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self._task
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and drop what is still under way."""
        self.app.closing.set()
        if self._server is not None and self._task is not None:
            self._server.stop.set()
            await self._task


@contextlib.asynccontextmanager
async def serve(ports: Mapping[str, int]) -> AsyncIterator[dict[str, RunningSimulator]]:
    """Run the named simulators, each on its port (0: any free one), until the context ends.

    Raises:
        ValueError: a name is unknown.
        OSError: a port is taken.
    """
    async with contextlib.AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(RunningSimulator(create(name), port)) for name, port in ports.items()
        }


class _EmbeddedServer(uvicorn.Server):
    """A server that leaves signals to its host and stops at once when told."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.stop = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        self.ready.set()
        await self.stop.wait()
