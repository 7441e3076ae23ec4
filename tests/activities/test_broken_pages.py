"""A failure of Longshore itself at a whole page: tried again, then the flow stands still and says so."""

import dataclasses
import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn

import pytest
import pytest_asyncio
import structlog
from sqlalchemy.exc import OperationalError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import Vendors
from activities.flows import FlowActivities
from activities.records import RecordActivities
from commerce.problems import ProblemCode
from store import Store
from tests.activities.ledger import Ends, make_ends
from tests.simulation import running
from workflows.messages import WAIT, FetchInput, FlowResult, SyncInput

CUSTOMER = "Jan de Vries"
LAST_ATTEMPT = 5
STEPS = {"fetch_orders": ("orders", "open_flow"), "sync_records": ("products", "open_record_flow")}


@dataclass(frozen=True)
class Room:
    """A flow from an empty shop, and the step that reads its pages."""

    ends: Ends
    vendors: Vendors
    step: str
    flow_id: str

    async def run(self, attempt: int) -> FlowResult:
        """The first page of a run."""
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(environment.info, attempt=attempt, activity_type=self.step)
        ends = self.ends
        flow: dict[str, Any] = {
            "workspace_id": ends.workspace_id,
            "integration_id": ends.integration_id,
            "flow_id": self.flow_id,
        }
        if self.step == "fetch_orders":
            fetch = FetchInput(**flow, begin=True, read=True, window=10, under_way=0)
            return await environment.run(FlowActivities(ends.store, self.vendors).fetch_orders, fetch)
        sync = SyncInput(**flow, begin=True, read=True)
        return await environment.run(RecordActivities(ends.store, self.vendors).sync_records, sync)

    async def failed(self, attempt: int) -> Exception:
        """What Temporal is told of an attempt that failed."""
        with pytest.raises(Exception) as told:  # noqa: PT011 - which one it is, is the question
            await self.run(attempt)
        return told.value

    def breaks(self, patch: pytest.MonkeyPatch, error: Exception) -> None:
        """Let the step fail at its beginning."""

        async def opening(*_: Any, **__: Any) -> NoReturn:
            raise error

        patch.setattr(self.vendors, STEPS[self.step][1], opening)


@pytest_asyncio.fixture(params=[*STEPS])
async def room(request: pytest.FixtureRequest, store: Store) -> AsyncIterator[Room]:
    """One for each step."""
    async with running("ccvshop") as sim:
        ends = await make_ends(store, {"base_url": sim.base_url, "public_key": "k3y-public-0001"})
        flow_id = await ends.add_flow(STEPS[request.param][0])
        vendors = Vendors(store, call_timeout=timedelta(seconds=5))
        yield Room(ends, vendors, request.param, flow_id)
        await vendors.aclose()


async def open_problems(room: Room) -> list[Any]:
    return [one.problem for one in await room.ends.store.problems.open(room.ends.workspace_id, flow_id=room.flow_id)]


@pytest.mark.parametrize("attempt", range(1, LAST_ATTEMPT))
async def test_early_attempts_are_left_to_temporal(room: Room, attempt: int, monkeypatch: pytest.MonkeyPatch):
    room.breaks(monkeypatch, KeyError(CUSTOMER))
    told = await room.failed(attempt)
    assert isinstance(told, ApplicationError)
    assert (told.type, told.non_retryable) == (WAIT, False)
    assert "KeyError" in str(told)
    assert room.step in str(told)
    assert CUSTOMER not in "".join(traceback.format_exception(told))
    assert await open_problems(room) == []


async def test_the_last_attempt_blocks_the_flow_until_the_next_run(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    with structlog.testing.capture_logs() as logged, monkeypatch.context() as broken:
        room.breaks(broken, KeyError(CUSTOMER))
        result = await room.run(LAST_ATTEMPT)
    assert result.blocked == ProblemCode.INTERNAL_ERROR
    (problem,) = await open_problems(room)
    assert (problem.code, problem.field, problem.value) == (ProblemCode.INTERNAL_ERROR, room.step, "KeyError")
    assert "KeyError" in problem.sentence
    assert room.step in problem.sentence
    assert [line["event"] for line in logged if line["log_level"] == "error"] == ["page_failed"]
    assert CUSTOMER not in f"{problem}{logged}{caplog.text}"

    assert (await room.run(1)).blocked == ""
    assert await open_problems(room) == []


async def test_a_busy_database_never_blocks_a_flow(room: Room, monkeypatch: pytest.MonkeyPatch):
    room.breaks(monkeypatch, OperationalError("UPDATE items", {"name": CUSTOMER}, Exception("database is locked")))
    told = await room.failed(50)
    assert isinstance(told, ApplicationError)
    assert told.type == WAIT
    assert CUSTOMER not in "".join(traceback.format_exception(told))
    assert await open_problems(room) == []
