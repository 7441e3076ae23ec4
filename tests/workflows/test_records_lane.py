"""A flow that moves in pages: one step after another, through pauses, restarts and long histories."""

from datetime import timedelta

from tests.workflows.edge import PAGE
from tests.workflows.rig import FLOW, Rig, plan
from workflows.messages import FlowTarget, Reconfigure

SMALL = 60


async def test_a_run_goes_through_every_page_and_only_the_first_begins_it(rig: Rig):
    rig.edge.record_pages = 4
    await rig.start(plan(kind="products"))
    flow = await rig.idle()
    assert [sync.begin for sync in rig.edge.syncs] == [True, False, False, False]
    assert all(sync.read for sync in rig.edge.syncs)
    assert (flow.runs, flow.state, flow.page) == (1, "waiting", "")


async def test_every_run_counts_what_it_has_read_from_its_own_beginning(rig: Rig):
    rig.edge.record_pages, rig.edge.ready_steps = 3, 4
    await rig.start(plan(kind="products"))
    await rig.idle()
    await rig.signal("run_now", FlowTarget(flow_id=FLOW))
    await rig.idle(after_run=2)
    assert [(sync.begin, sync.read, sync.read_before) for sync in rig.edge.syncs] == [
        (True, True, 0),
        (False, True, PAGE),
        (False, True, 2 * PAGE),
        (False, False, 3 * PAGE),
        (True, True, 0),
    ]


async def test_a_new_schedule_does_not_cut_a_pause_short_again_and_again(rig: Rig):
    rig.edge.ready_steps, rig.edge.pause_seconds = 1000, 120
    await rig.start(plan(schedule="*/5 * * * *", kind="stock"))
    await rig.until(lambda: len(rig.edge.syncs) == 1)
    await rig.signal("reconfigure", Reconfigure(flows=[plan(schedule="*/30 * * * *", kind="stock")]))
    await rig.skip(timedelta(minutes=4))
    assert 3 <= len(rig.edge.syncs) <= 5


async def test_it_runs_by_its_schedule_and_never_twice_at_once(rig: Rig):
    await rig.start(plan(schedule="*/5 * * * *", kind="stock"))
    await rig.idle()
    rig.edge.record_pages = 40
    await rig.skip(timedelta(hours=1))
    begun = sum(sync.begin for sync in rig.edge.syncs)
    assert 12 <= begun <= 14
    assert rig.edge.record_pages == 0
    assert rig.edge.most_at_once[FLOW] == 1


async def test_a_pause_takes_effect_after_the_page_and_resuming_goes_on_there(rig: Rig):
    rig.edge.record_pages = 10
    rig.edge.hold_page()
    await rig.start(plan(kind="products"))
    await rig.until(lambda: len(rig.edge.syncs) == 1)
    await rig.signal("pause", FlowTarget(flow_id=FLOW))
    rig.edge.free_page()
    await rig.until(lambda: rig.edge.record_pages == 9)
    await rig.skip(timedelta(hours=2))
    assert (await rig.flow()).state == "paused"
    assert rig.edge.record_pages == 9
    await rig.signal("resume", FlowTarget(flow_id=FLOW))
    await rig.until(lambda: rig.edge.record_pages == 0)
    await rig.idle(after_run=2)
    assert len(rig.edge.syncs) == 10


async def test_work_on_what_is_ready_gives_way_to_a_wish(rig: Rig):
    rig.edge.ready_steps = 4
    rig.edge.hold_page()
    await rig.start(plan(schedule="*/5 * * * *", kind="stock"))
    await rig.until(lambda: len(rig.edge.syncs) == 1)
    await rig.signal("poke", FlowTarget(flow_id=FLOW))
    rig.edge.free_page()
    await rig.until(lambda: rig.edge.ready_steps == 0)
    await rig.idle(after_run=2)
    assert [(sync.begin, sync.read) for sync in rig.edge.syncs[:4]] == [
        (True, True),
        (True, True),
        (False, False),
        (False, False),
    ]


async def test_a_target_that_asks_to_wait_gets_no_call_until_then_or_until_there_is_something_new(rig: Rig):
    rig.edge.ready_steps, rig.edge.pause_seconds = 1000, 120
    await rig.start(plan(schedule="*/5 * * * *", kind="stock"))
    await rig.until(lambda: len(rig.edge.syncs) == 1)
    await rig.skip(timedelta(minutes=30))
    begun = [sync.begin for sync in rig.edge.syncs]
    assert 6 <= sum(begun) <= 8
    # Two pauses fit between two runs, and the schedule ends the third.
    assert len(begun) <= 3 * sum(begun)


async def test_a_long_read_continues_in_short_histories_and_loses_no_page(rig: Rig):
    rig.edge.record_pages = 60
    await rig.start(plan(kind="products"), history_limit=SMALL)
    await rig.until(lambda: rig.edge.record_pages == 0)
    await rig.idle(after_run=2)
    chain = await rig.chain()
    assert len(chain) >= 3
    assert max(len(history) for history in chain) < SMALL * 2
    assert len(rig.edge.syncs) == 60


async def test_a_refusing_connection_blocks_the_flow_until_the_next_run(rig: Rig):
    rig.edge.blocked = "connection_expired"
    rig.edge.record_pages = 2
    await rig.start(plan(schedule="*/5 * * * *", kind="prices"))
    await rig.idle()
    assert (await rig.flow()).state == "blocked"
    rig.edge.blocked = ""
    await rig.skip(timedelta(minutes=6))
    assert (await rig.flow()).state == "waiting"
    assert rig.edge.record_pages == 0
