"""What people and shops ask of an integration, and what it tells them."""

from datetime import UTC, datetime, timedelta

from temporalio.exceptions import ApplicationError

from tests.workflows.edge import problem, silent_for_a_day
from tests.workflows.rig import ALL, FLOW, INTEGRATION, WORKSPACE, Rig, plan
from workflows.messages import (
    FlowProgress,
    FlowTarget,
    Reconfigure,
    ReleaseInput,
    Resync,
    ResyncInput,
    Retry,
)

HOUR = timedelta(hours=1)


def adds_up(flow: FlowProgress) -> bool:
    """Whether everything listed is somewhere."""
    return flow.listed == flow.done + flow.skipped + flow.parked + flow.in_flight


async def test_pausing_everything_takes_effect_at_the_next_item(rig: Rig):
    rig.edge.pages.append([str(number) for number in range(6)])
    rig.edge.hold("0", "1")
    await rig.start(plan(window=2))
    await rig.until(lambda: rig.edge.count("in_flight") == 2)
    await rig.signal("pause", ALL)
    rig.edge.let_go("0", "1")
    flow = await rig.idle()
    assert (flow.state, flow.done, flow.in_flight) == ("paused", 2, 4)
    assert (await rig.progress()).paused
    assert adds_up(flow)
    await rig.signal("resume", ALL)
    await rig.until(lambda: rig.edge.count("done") == 6)
    assert len({source_id for _, source_id in rig.edge.steps}) == 6
    assert len(rig.edge.steps) == 6 * 4


async def test_a_paused_flow_stands_still_and_makes_up_with_one_run(rig: Rig):
    await rig.start(plan("a", "*/5 * * * *"), plan("b", "*/5 * * * *"))
    await rig.idle("b")
    await rig.signal("pause", FlowTarget(flow_id="a"))
    await rig.skip(6 * HOUR)
    assert (await rig.flow("a")).state == "paused"
    assert rig.edge.runs_of("a") == 1
    assert rig.edge.runs_of("b") in {72, 73, 74}
    assert not (await rig.progress()).paused
    await rig.signal("resume", FlowTarget(flow_id="a"))
    await rig.idle("a", after_run=2)
    await rig.skip(timedelta(minutes=5, seconds=25))
    assert rig.edge.runs_of("a") in {3, 4}


async def test_resync_is_written_down_and_runs_the_flow(rig: Rig):
    await rig.start(plan("a"), plan("b"))
    await rig.idle("b")
    since = datetime(2026, 11, 1, tzinfo=UTC)
    await rig.signal("resync", Resync(flow_id="a", since=since, source_ids=["7"]))
    await rig.idle("a", after_run=2)
    expected = ResyncInput(
        workspace_id=WORKSPACE, integration_id=INTEGRATION, flow_id="a", since=since, source_ids=["7"]
    )
    assert rig.edge.resyncs == [expected]
    assert rig.edge.runs_of("b") == 1


async def test_retry_releases_and_sends_the_order_again_under_its_id(rig: Rig):
    rig.edge.pages.append(["1", "2"])
    rig.edge.script["create_document", "1"] = problem()
    await rig.start(plan())
    flow = await rig.idle()
    assert (flow.done, flow.parked) == (1, 1)
    first_run = (await rig.order("1").describe()).run_id
    rig.edge.script.clear()
    await rig.signal("retry", Retry(item_ids=["item-1"]))
    await rig.until(lambda: rig.edge.count("done") == 2)
    expected = ReleaseInput(workspace_id=WORKSPACE, integration_id=INTEGRATION, item_ids=["item-1"])
    assert rig.edge.releases == [expected]
    assert (await rig.order("1").describe()).run_id != first_run
    flow = await rig.idle(after_run=2)
    assert (flow.listed, flow.done, flow.parked, flow.released) == (2, 2, 0, 1)


async def test_a_retry_or_resync_that_cannot_be_written_down_leaves_the_integration_alive(rig: Rig):
    await rig.start(plan())
    await rig.idle()
    rig.edge.ledger_error = ApplicationError("The ledger refuses.", non_retryable=True)
    await rig.signal("retry", Retry(problem_id="problem-1"))
    await rig.signal("resync", Resync(flow_id=FLOW, everything=True))
    await rig.until(lambda: len(rig.edge.releases) + len(rig.edge.resyncs) == 2)
    await rig.signal("run_now", ALL)
    assert (await rig.idle(after_run=2)).state == "waiting"


async def test_reconfiguring_keeps_what_stays_and_begins_what_is_new(rig: Rig):
    rig.edge.pages.append(["1", "2", "3"])
    await rig.start(plan("stays"), plan("goes", "*/5 * * * *"))
    await rig.until(lambda: rig.edge.count("done") == 3)
    await rig.signal("run_now", ALL)
    before = await rig.idle("stays", after_run=2)
    await rig.idle("goes", after_run=2)
    flows = [plan("stays", "0 * * * *"), plan("new")]
    await rig.signal("reconfigure", Reconfigure(time_zone="Asia/Kathmandu", flows=flows))
    await rig.until(lambda: rig.edge.runs_of("new") == 1)
    after = await rig.flow("stays")
    assert {flow.flow_id for flow in (await rig.progress()).flows} == {"stays", "new"}
    assert (after.runs, after.cursor, after.listed) == (before.runs, before.cursor, before.listed)
    assert after.next_run is not None
    assert after.next_run.minute == 15, "a full hour in Kathmandu"
    gone = rig.edge.runs_of("goes")
    await rig.skip(2 * HOUR)
    assert rig.edge.runs_of("goes") == gone
    assert (await rig.flow("stays")).runs in {before.runs + 2, before.runs + 3}


async def test_stopping_ends_the_execution_and_leaves_orders_alone(rig: Rig):
    rig.edge.pages.append(["1"])
    rig.edge.hold("1")
    await rig.start(plan())
    await rig.until(lambda: rig.edge.count("in_flight") == 1)
    await rig.signal("stop")
    await rig.integration.result()
    rig.edge.let_go("1")
    assert (await rig.order("1").result())["outcome"] == "done"


async def test_stopping_does_not_wait_for_a_source_that_hangs(rig: Rig):
    rig.edge.hold_page()
    await rig.start(plan())
    await rig.until(lambda: len(rig.edge.fetches) == 1)
    await rig.signal("stop")
    await rig.integration.result()
    rig.edge.free_page()


async def test_a_refused_connection_blocks_the_flow_until_a_run_finds_it_well(rig: Rig):
    rig.edge.pages.append(["1"])
    rig.edge.blocked = "consent_withdrawn"
    await rig.start(plan(schedule="*/5 * * * *"))
    await rig.idle()
    flow = await rig.flow()
    assert (flow.state, flow.blocked) == ("blocked", "consent_withdrawn")
    rig.edge.blocked = ""
    await rig.skip(timedelta(minutes=5, seconds=25))
    flow = await rig.idle(after_run=2)
    assert (flow.state, flow.blocked, flow.done) == ("waiting", "", 1)


async def test_a_source_that_is_silent_for_a_day_blocks_the_flow_and_is_asked_on(rig: Rig):
    rig.edge.fetch_error = silent_for_a_day()
    await rig.start(plan(schedule="*/5 * * * *"))
    flow = await rig.idle()
    assert (flow.state, flow.blocked) == ("blocked", "temporary_trouble")
    rig.edge.fetch_error = None
    await rig.skip(timedelta(minutes=5, seconds=25))
    flow = await rig.idle(after_run=2)
    assert (flow.state, flow.blocked) == ("waiting", "")
    assert rig.edge.most_at_once[FLOW] == 1
