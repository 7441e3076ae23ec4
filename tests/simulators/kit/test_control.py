"""The control interface, as every simulator offers it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from simulators.kit import build_app
from simulators.serve import RunningSimulator, create, serve
from tests.simulation import running
from tests.simulators.kit.counter import Counter
from tests.simulators.kit.test_faults import call


async def test_journal_keeps_the_target_exactly_as_sent() -> None:
    async with running(Counter()) as sim:
        await call(sim, "POST", "/add?x=1%2C2&y=%20")
        await call(sim)
        first, second = await sim.requests()
        assert (first["method"], first["target"], first["status"]) == ("POST", "/add?x=1%2C2&y=%20", 200)
        assert await sim.requests(since=1) == [second]
        await sim.forget_requests()
        assert await sim.requests() == []


async def test_clock_moves_and_shows_in_the_date_header() -> None:
    async with running(Counter()) as sim:
        await sim.advance(3600)
        told = parsedate_to_datetime((await call(sim)).headers["date"])
        assert timedelta(minutes=59) < told - datetime.now(UTC) < timedelta(minutes=61)
        await sim.set_now("2026-01-15T09:30:00Z")
        assert parsedate_to_datetime((await call(sim)).headers["date"]).date().isoformat() == "2026-01-15"
        await sim.skew(-300)
        assert abs((sim.simulator.clock.now() - datetime.now(UTC)).total_seconds() + 300) < 1


async def test_settings_merge_and_unknown_names_are_refused() -> None:
    async with running(Counter()) as sim:
        settings = await sim.settings({"limits": {"GET": 5}})
        assert settings == {"greeting": "hello", "limits": {"GET": 5, "POST": 100}}
        async with httpx.AsyncClient(base_url=sim.base_url, trust_env=False) as client:
            response = await client.patch("/_sim/settings", json={"colour": "red"})
        assert response.status_code == 400
        assert "colour" in response.json()["error"]


async def test_reset_returns_to_the_first_moment() -> None:
    async with running(Counter()) as sim:
        await sim.load({"count": 9})
        await sim.settings({"greeting": "bye"})
        await sim.faults([{"fault": "429"}])
        await sim.advance(99)
        await sim.reset()
        assert await sim.state() == {"count": 0}
        assert (await sim.about())["settings"]["greeting"] == "hello"
        assert await sim.fault_counters() == []
        assert sim.simulator.clock.offset_seconds == 0


async def test_unknown_record_is_not_found() -> None:
    async with running(Counter()) as sim, httpx.AsyncClient(base_url=sim.base_url, trust_env=False) as client:
        assert (await client.get("/_sim/records/orders/1")).status_code == 404
        assert (await client.patch("/_sim/records/orders/1", json={})).status_code == 404
        assert (await client.delete("/_sim/records/orders/1")).status_code == 404


async def test_state_can_be_asked_in_parts() -> None:
    async with running(Counter()) as sim, httpx.AsyncClient(base_url=sim.base_url, trust_env=False) as client:
        assert await sim.state("count") == {"count": 0}
        response = await client.get("/_sim/state?only=count,colour")
        assert (response.status_code, response.json()["error"]) == (400, "The state has no colour; there are count.")


async def test_in_process_transport_sees_a_reset_as_an_error() -> None:
    transport = httpx.ASGITransport(app=build_app(Counter()))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example.com") as client:
        await client.put("/_sim/faults", json=[{"fault": "reset_after_commit", "when": "once"}])
        with pytest.raises(ConnectionResetError):
            await client.get("/add")
        assert (await client.get("/add")).json()["count"] == 2


async def test_serve_gives_each_vendor_its_own_port_and_frees_it() -> None:
    async with serve({"ccvshop": 0}) as hosts:
        port = hosts["ccvshop"].port
        with pytest.raises(OSError, match="in use"):
            await RunningSimulator(Counter(), port).__aenter__()
    async with RunningSimulator(Counter(), port) as again:
        assert again.port == port


def test_unknown_vendor_is_named() -> None:
    with pytest.raises(ValueError, match="nosuch"):
        create("nosuch")
