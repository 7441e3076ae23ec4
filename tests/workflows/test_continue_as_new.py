"""An integration lives for years in short histories, and loses nothing when one follows another."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner

from tests.workflows.rig import ALL, Rig, plan
from workflows.messages import FlowTarget, Retry
from workflows.schedule import next_run

MOST_EVENTS = 5_000
TICKS = 20_000
SMALL = 60


def jitter(flow_id: str) -> int:
    """By how many seconds a flow that runs every minute runs later than the minute."""
    return next_run("* * * * *", "UTC", flow_id, datetime(2027, 1, 1, tzinfo=UTC)).second


def continued(history: Sequence[HistoryEvent]) -> bool:
    """Whether a run of the workflow was followed by another."""
    return history[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW


async def test_every_place_is_carried_over(rig: Rig):
    rig.edge.pages.append(["1", "2"])
    await rig.start(plan("paused"), plan("runs", "*/5 * * * *"), history_limit=SMALL)
    await rig.until(lambda: rig.edge.count("done") == 2)
    await rig.idle("paused")
    await rig.signal("pause", FlowTarget(flow_id="paused"))
    before = await rig.flow("paused")
    await rig.skip(timedelta(hours=3))
    chain = await rig.chain()
    assert len(chain) >= 5
    assert all(continued(history) for history in chain[:-1])
    after = await rig.flow("paused")
    assert after.state == "paused"
    assert after == before.model_copy(update={"state": "paused"})
    assert rig.edge.runs_of("paused") == 1
    flow = await rig.flow("runs")
    assert (flow.listed, flow.done) == (2, 2)
    assert flow.runs <= rig.edge.runs_of("runs")
    assert 36 <= flow.runs <= 38
    await rig.signal("pause", ALL)
    await rig.skip(timedelta(hours=1))
    assert rig.edge.runs_of("runs") <= 38


async def test_orders_on_their_way_go_on_and_are_counted_from_the_ledger(rig: Rig):
    rig.edge.pages.append([str(number) for number in range(20)])
    held = ["3", "4", "5"]
    rig.edge.hold(*held)
    await rig.start(plan(), history_limit=SMALL)
    await rig.until(lambda: rig.edge.count("done") == 17)
    while len(await rig.chain()) < 3:
        await rig.one_more_run(ask=True)
    flow = await rig.flow()
    assert (flow.listed, flow.done, flow.in_flight) == (20, 17, 3)
    rig.edge.let_go(*held)
    await rig.until(lambda: rig.edge.count("done") == 20)
    runs = flow.runs
    await rig.signal("run_now", ALL)
    flow = await rig.idle(after_run=runs + 1)
    assert (flow.listed, flow.done, flow.in_flight) == (20, 20, 0)
    assert len(rig.edge.steps) == 20 * 4


async def test_a_run_that_is_interrupted_goes_on_at_once(rig: Rig):
    rig.edge.pages.extend([[f"{page}-{number}" for number in range(6)] for page in range(12)])
    await rig.start(plan(window=500), history_limit=SMALL)
    await rig.until(lambda: rig.edge.count("done") == 72)
    assert len(await rig.chain()) >= 3
    assert not rig.edge.pages
    assert len({source_id for _, source_id in rig.edge.steps}) == 72


async def test_a_message_that_cannot_be_written_down_yet_does_not_stop_the_flows(rig: Rig):
    rig.edge.ledger_error = ApplicationError("The database is away.", next_retry_delay=timedelta(days=1))
    await rig.start(plan(), history_limit=SMALL)
    await rig.idle()
    await rig.signal("retry", Retry(item_ids=["item-1"]))
    await rig.until(lambda: len(rig.edge.releases) == 1)
    for _ in range(12):
        await rig.one_more_run(ask=True)
    [history] = await rig.chain()
    assert len(history) > SMALL


@pytest.mark.slow
async def test_twenty_thousand_ticks_keep_every_history_short(time_skipping: WorkflowEnvironment):
    """Many flows tick together and outside the sandbox, which halves the time and changes no command."""
    rig = Rig(time_skipping.client, time_skipping)
    candidates = [plan(f"f{number}", "* * * * *") for number in range(700)]
    together = [flow for flow in candidates if jitter(flow.flow_id) == jitter("f0")][:50]
    # On a busy machine a step can take longer than the two seconds after which a worker calls it a deadlock.
    async with rig.working(workflow_runner=UnsandboxedWorkflowRunner(), debug_mode=True):
        await rig.start(*together)
        await rig.idle("f0")
        while (missing := TICKS - len(rig.edge.runs)) > 0:
            await rig.skip(timedelta(minutes=missing // len(together) + 1))
        chain = await rig.chain()
    assert len(chain) > 40
    assert max(map(len, chain)) < MOST_EVENTS
    assert all(rig.edge.runs_of(flow.flow_id) > TICKS / len(together) * 0.95 for flow in together)
