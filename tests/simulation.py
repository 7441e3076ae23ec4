"""Run a simulator on a real socket inside a test, and control it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx

from simulators.kit import Simulator, exactjson
from simulators.serve import RunningSimulator, create


def _exact(value: Any) -> Any:
    """The same value with every float as the Decimal of its shortest text."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return value


class Simulation:
    """A running simulator and its control interface.

    Amounts in ``state()`` are Decimal, never float.
    """

    def __init__(self, running: RunningSimulator, client: httpx.AsyncClient) -> None:
        self._running = running
        self._client = client

    @property
    def base_url(self) -> str:
        return self._running.base_url

    @property
    def simulator(self) -> Simulator:
        return self._running.simulator

    async def about(self) -> Any:
        return await self._call("GET", "")

    async def load(self, body: dict[str, Any]) -> Any:
        return await self._call("POST", "load", body)

    async def reset(self) -> None:
        await self._call("POST", "reset")

    async def state(self, *only: str) -> Any:
        """Everything stored, or only the named parts of it."""
        return await self._call("GET", f"state?only={','.join(only)}" if only else "state")

    async def record(self, kind: str, record_id: str | int) -> Any:
        return await self._call("GET", f"records/{kind}/{record_id}")

    async def requests(self, since: int = 0) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = (await self._call("GET", f"requests?since={since}"))["requests"]
        return entries

    async def forget_requests(self) -> None:
        await self._call("DELETE", "requests")

    async def faults(self, rules: list[dict[str, Any]]) -> Any:
        return await self._call("PUT", "faults", rules)

    async def fault_counters(self) -> Any:
        return await self._call("GET", "faults")

    async def no_faults(self) -> None:
        await self._call("DELETE", "faults")

    async def advance(self, seconds: float) -> Any:
        return await self._call("POST", "clock", {"advance_seconds": seconds})

    async def skew(self, seconds: float) -> Any:
        return await self._call("POST", "clock", {"skew_seconds": seconds})

    async def set_now(self, moment: str) -> Any:
        return await self._call("POST", "clock", {"now": moment})

    async def patch(self, kind: str, record_id: str | int, changes: dict[str, Any]) -> Any:
        return await self._call("PATCH", f"records/{kind}/{record_id}", changes)

    async def delete(self, kind: str, record_id: str | int) -> None:
        await self._call("DELETE", f"records/{kind}/{record_id}")

    async def settings(self, changes: dict[str, Any] | None = None) -> Any:
        return await self._call("PATCH", "settings", changes or {})

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        content = None if body is None else exactjson.dumps(_exact(body)).encode("ascii")
        response = await self._client.request(method, f"/_sim/{path}", content=content)
        assert response.status_code < 400, response.text
        return exactjson.loads(response.content) if response.content else None


@contextlib.asynccontextmanager
async def running(simulator: str | Simulator) -> AsyncIterator[Simulation]:
    """A fresh simulator by vendor name, or the given one, on a free loopback port."""
    chosen = create(simulator) if isinstance(simulator, str) else simulator
    async with (
        RunningSimulator(chosen) as served,
        httpx.AsyncClient(base_url=served.base_url, timeout=60, trust_env=False) as client,
    ):
        yield Simulation(served, client)
