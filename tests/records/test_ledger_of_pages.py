"""What the ledger of flows in pages makes of lost answers, refusals and changes, without an engine around it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy.exc import OperationalError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.flows import FlowActivities
from activities.record_removal import remove_unwanted
from activities.records import RecordActivities
from activities.vendors import OpenRecordFlow, Recording, Vendors
from commerce.problems import Problem, ProblemCode
from connectors.errors import OutcomeUnknown, RecordRefused
from connectors.protocols import ReadFrom
from connectors.records import RecordPage, RecordSource
from mapping.fields import Field
from store import BindingRecord, ItemState
from store.records import NewFlow
from tests.records.stockroom import REFUSED, Stockroom, stockroom
from workflows.messages import ResyncInput, SyncInput, SyncResult


@pytest_asyncio.fixture
async def room(database_url: str) -> AsyncIterator[Stockroom]:
    """An empty one, on either database."""
    async with stockroom(database_url) as opened:
        yield opened


async def test_what_a_lost_answer_may_have_left_is_set_right_when_the_source_takes_it_back(room: Stockroom):
    await room.read(("MUG", 5))
    await room.work()
    await room.read(("MUG", 4))
    room.shelf.trouble = OutcomeUnknown("No answer came.", settled=True)
    with pytest.raises(OutcomeUnknown):
        await room.work()
    assert room.pieces("MUG") == 4
    room.shelf.trouble = None
    await room.read(("MUG", 5))
    await room.work()
    assert room.pieces("MUG") == 5
    assert await room.states() == {ItemState.DONE: 1}


async def test_records_that_had_no_turn_when_their_batch_broke_off_are_not_taken_for_unanswered(room: Stockroom):
    await room.read(("MUG", 5), ("CUP", 5), ("JUG", 5))
    room.shelf.trouble = OutcomeUnknown("No answer came.", settled=False)
    with pytest.raises(OutcomeUnknown):
        await room.work()
    listed = (await room.items()).values()
    waiting = sorted((item.id, item.source_id) for item in listed if room.pieces(item.source_id) is None)
    assert len(waiting) == 2

    # The other that waited gets through first; then the last of them loses an answer for the first time.
    _, unlucky = waiting[-1]
    room.shelf.troubled = frozenset({unlucky})
    room.shelf.held[unlucky] = {}
    with pytest.raises(OutcomeUnknown):
        await room.work()
    assert ItemState.PARKED not in await room.states()
    room.shelf.held[unlucky] = {}
    await room.work()
    assert await room.states() == {ItemState.DONE: 2, ItemState.PARKED: 1}


async def test_what_the_target_refuses_to_take_away_is_asked_once_and_waits(room: Stockroom):
    number = 130
    await room.read(*((f"A-{one}", 1) for one in range(number)))
    await room.work()
    room.shelf.trouble = RecordRefused(REFUSED)
    for _ in range(2):
        await room.read()
    steps = 0
    while await remove_unwanted(room.store, room.workspace_id, room.flow, None, timedelta(0)):
        steps += 1
        assert steps < 5, "it asks for the same records for ever"
    assert not await remove_unwanted(room.store, room.workspace_id, room.flow, None, timedelta(0))
    assert room.shelf.asked == number
    assert await room.states() == {ItemState.PARKED: number}

    # One is back; the others are let go by a person, and must not be sent again for that.
    await room.read(("A-7", 1))
    room.shelf.trouble = None
    held = {sku: dict(values) for sku, values in room.shelf.held.items()}
    await room.store.items.release(room.workspace_id, flow_id=room.flow.flow.id, by="a person")
    await room.work()
    assert room.shelf.held == held
    assert await room.states() == {ItemState.DONE: 1, ItemState.SKIPPED: number - 1}
    await room.remove()
    assert [sku for sku, values in room.shelf.held.items() if values] == ["A-7"]


async def test_trouble_of_our_own_database_is_no_fault_of_the_record(room: Stockroom):
    await room.read(("MUG", 5))
    room.shelf.trouble = OperationalError("SELECT 1", {}, Exception("locked"))
    with pytest.raises(OperationalError):
        await room.work()
    assert await room.states() == {ItemState.READY: 1}
    assert await room.store.problems.open(room.workspace_id) == ()


async def test_settings_that_change_between_two_batches_are_not_passed_over(room: Stockroom):
    await room.read(("MUG", 5))
    flow = room.flow.flow
    await room.store.flows.update_settings(room.workspace_id, flow.id, {"stock": {"manage_stock": False}})
    await room.work()
    assert room.shelf.held == {}
    assert await room.states() == {ItemState.READY: 1}


async def test_a_flow_of_the_other_direction_that_stands_still_stops_no_other(room: Stockroom):
    flow = room.flow.flow
    back = await room.store.flows.create(
        room.workspace_id,
        flow.integration_id,
        NewFlow(
            "stock",
            flow.target_connection_id,
            flow.source_connection_id,
            "*/5 * * * *",
            {"stock": {"calculation": "no longer offered"}},
        ),
    )
    await room.store.bindings.put(room.workspace_id, back, BindingRecord("stock", "9", "MUG", "MUG", "", {}))
    await room.read(("MUG", 5))
    await room.work()
    assert room.pieces("MUG") == 5


class Shown(Vendors):
    """Opens one flow as it is given, whatever is stored."""

    def __init__(self, room: Stockroom, source: RecordSource) -> None:
        super().__init__(room.store, call_timeout=timedelta(seconds=1))
        self._shown = replace(room.flow, source=source)

    async def open_record_flow(
        self, workspace_id: str, flow_id: str, *, version: int | None = None, recording: Recording | None = None
    ) -> OpenRecordFlow:
        """That flow, at its place of now."""
        del version, recording
        return replace(self._shown, flow=await self._store.flows.get(workspace_id, flow_id))


class Fails:
    """A source that shows nothing, or fails."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    async def list_records(self, start: ReadFrom, page: str | None, size: int) -> RecordPage:
        """An empty page."""
        del start, page, size
        if self.error is not None:
            raise self.error
        return RecordPage(())

    async def read_records(self, source_ids: Sequence[str]) -> RecordPage:
        """None of them."""
        return RecordPage((), removed=source_ids)

    def cursor_at(self, moment: datetime) -> str | None:
        """Every read is of everything."""
        del moment
        return None

    async def own_fields(self) -> Sequence[Field]:
        """None."""
        return ()


async def step(room: Stockroom, source: RecordSource, *, attempt: int = 1) -> SyncResult:
    """The first step of a run."""
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, attempt=attempt)
    flow = room.flow.flow
    sync = SyncInput(
        workspace_id=room.workspace_id, integration_id=flow.integration_id, flow_id=flow.id, begin=True, read=True
    )
    return await environment.run(RecordActivities(room.store, Shown(room, source)).sync_records, sync)


async def test_a_source_that_refuses_its_list_is_a_problem_until_it_gives_it(room: Stockroom):
    result = await step(room, Fails(RecordRefused(REFUSED)))
    assert result.blocked == REFUSED.code
    assert [one.problem.sentence for one in await room.store.problems.open(room.workspace_id)] == [REFUSED.sentence]
    result = await step(room, Fails(None))
    assert result.blocked == ""
    assert await room.store.problems.open(room.workspace_id) == ()


async def test_a_failure_of_our_own_at_a_page_is_told_when_more_attempts_did_not_help(room: Stockroom):
    with pytest.raises(ApplicationError, match="KeyError") as failed:
        await step(room, Fails(KeyError("a customer")))
    assert "a customer" not in str(failed.value)
    assert await room.store.problems.open(room.workspace_id) == ()
    assert (await step(room, Fails(KeyError("a customer")), attempt=5)).blocked == ProblemCode.INTERNAL_ERROR
    (problem,) = await room.store.problems.open(room.workspace_id)
    assert "KeyError" in problem.problem.sentence
    assert "a customer" not in problem.problem.sentence
    with pytest.raises(ApplicationError, match="busy or away"):
        await step(room, Fails(OperationalError("SELECT 1", {}, Exception("locked"))), attempt=9)


async def test_a_resync_that_an_account_refuses_ends_there(room: Stockroom):
    flow = room.flow.flow
    problem = Problem(code=ProblemCode.CONNECTION_EXPIRED, field="connection", value="", sentence="Consent has ended.")
    await room.store.connections.mark_broken(room.workspace_id, flow.source_connection_id, problem)
    wish = ResyncInput(
        workspace_id=room.workspace_id, integration_id=flow.integration_id, flow_id=flow.id, source_ids=["MUG"]
    )
    vendors = Vendors(room.store, call_timeout=timedelta(seconds=1))
    with pytest.raises(ApplicationError, match="Consent has ended") as refused:
        await ActivityEnvironment().run(FlowActivities(room.store, vendors).resync_flow, wish)
    assert refused.value.non_retryable
