"""Every kit fault on a real socket, with a small counting vendor behind it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.simulation import Simulation, running
from tests.simulators.kit.counter import Counter


async def call(sim: Simulation, method: str = "GET", path: str = "/add?x=1%2C2") -> httpx.Response:
    async with httpx.AsyncClient(base_url=sim.base_url, trust_env=False, timeout=5) as client:
        return await client.request(method, path)


async def count(sim: Simulation) -> int:
    return int((await sim.state())["count"])


@pytest.mark.parametrize(
    ("fault", "status", "worked"),
    [
        ("429", 429, 0),
        ("daily_limit", 429, 0),
        ("500_before_commit", 500, 0),
        ("500_after_commit", 500, 1),
        ("token_expired", 401, 0),
        ("html_200", 200, 0),
        ("html_200_after_commit", 200, 1),
        ("truncated_json", 200, 1),
    ],
)
async def test_faults_that_answer(fault: str, status: int, worked: int) -> None:
    async with running(Counter()) as sim:
        await sim.faults([{"fault": fault, "when": "once"}])
        response = await call(sim)
        assert response.status_code == status
        assert await count(sim) == worked
        if status == 200:
            with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
                response.json()
        assert (await call(sim)).json()["count"] == worked + 1


@pytest.mark.parametrize(
    ("fault", "worked"),
    [
        ("reset_before_commit", 0),
        ("reset_after_commit", 1),
        ("reset_mid_body", 1),
        ("timeout_before_commit", 0),
        ("timeout_after_commit", 1),
    ],
)
async def test_faults_that_cut_the_connection(fault: str, worked: int) -> None:
    async with running(Counter()) as sim:
        await sim.faults([{"fault": fault, "when": "once", "seconds": 0.01}])
        with pytest.raises(httpx.TransportError):
            await call(sim)
        assert await count(sim) == worked
        entry = (await sim.requests())[0]
        assert (entry["fault"], entry["status"]) == (fault, None)


async def test_silent_vendor_ends_when_the_client_gives_up() -> None:
    async with running(Counter()) as sim:
        await sim.faults([{"fault": "timeout_after_commit", "when": "once", "seconds": 3600}])
        async with httpx.AsyncClient(base_url=sim.base_url, trust_env=False, timeout=0.05) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get("/add")
        assert await count(sim) == 1


async def test_retry_after_is_told_in_seconds() -> None:
    async with running(Counter()) as sim:
        await sim.faults([{"fault": "429_with_retry_after", "seconds": 7}])
        assert (await call(sim)).headers["retry-after"] == "7"


async def test_slow_answers_after_all() -> None:
    async with running(Counter()) as sim:
        await sim.faults([{"fault": "slow", "seconds": 0.01}])
        assert (await call(sim)).json()["count"] == 1


async def test_vendor_fault_reaches_the_vendor() -> None:
    async with running(Counter()) as sim:
        await sim.faults([{"fault": "backwards"}])
        assert (await call(sim)).json()["count"] == -1


async def test_rules_have_their_own_counters_and_filters() -> None:
    async with running(Counter()) as sim:
        await sim.faults(
            [
                {"fault": "429", "when": {"every": 2}, "method": "POST"},
                {"fault": "500_before_commit", "when": {"times": 1}, "path": "^/other"},
            ]
        )
        statuses = [(await call(sim, "POST")).status_code for _ in range(4)]
        assert statuses == [200, 429, 200, 429]
        assert [(await call(sim, path="/other")).status_code for _ in range(2)] == [500, 200]
        assert [(rule["matched"], rule["fired"]) for rule in await sim.fault_counters()] == [(4, 2), (2, 1)]


async def test_random_rules_repeat_with_their_seed() -> None:
    async def run() -> list[int]:
        async with running(Counter()) as sim:
            await sim.faults([{"fault": "429", "when": {"random": 0.5, "seed": 7}}])
            return [(await call(sim)).status_code for _ in range(12)]

    first = await run()
    assert first == await run()
    assert set(first) == {200, 429}


@pytest.mark.parametrize(
    "rule", [{"fault": "nonsense"}, {"fault": "429", "when": "sometimes"}, {"fault": "429", "path": "("}]
)
async def test_unusable_rule_is_refused_and_the_old_ones_stay(rule: dict[str, Any]) -> None:
    async with running(Counter()) as sim:
        await sim.faults([{"fault": "slow"}])
        async with httpx.AsyncClient(base_url=sim.base_url, trust_env=False) as client:
            response = await client.put("/_sim/faults", json=[rule])
        assert response.status_code == 400
        assert response.json()["error"]
        assert len(await sim.fault_counters()) == 1
