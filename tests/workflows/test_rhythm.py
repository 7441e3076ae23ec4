"""When an integration runs: by the clock, at most one run at a time, one run for everything that was missed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tests.workflows.rig import ALL, FLOW, Rig, plan
from workflows.messages import FlowState, FlowTarget, IntegrationState, Reconfigure

AMSTERDAM = "Europe/Amsterdam"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
JITTER = timedelta(seconds=22)


def next_change(after: datetime, into_winter: bool) -> datetime:
    """When the clock next changes in Amsterdam, to the hour."""
    zone, moment = ZoneInfo(AMSTERDAM), after.replace(minute=0, second=0, microsecond=0)
    while True:
        before, moment = moment.astimezone(zone).utcoffset(), moment + HOUR
        now = moment.astimezone(zone).utcoffset()
        assert before is not None
        assert now is not None
        if (before > now) if into_winter else (before < now):
            return moment


async def test_a_new_flow_runs_at_once_and_then_by_its_schedule(rig: Rig):
    await rig.start(plan(schedule="*/5 * * * *"))
    await rig.idle()
    await rig.skip(HOUR)
    _, *moments = await rig.run_moments()
    assert len(moments) in {12, 13}
    assert all(moment.minute % 5 == 0 and timedelta(seconds=moment.second) < JITTER for moment in moments)
    assert all(later - earlier > 4 * MINUTE for earlier, later in pairwise(moments))
    flow = await rig.flow()
    assert flow.runs == len(moments) + 1
    assert flow.last_run is not None
    assert flow.next_run is not None
    assert flow.last_run - moments[-1] < timedelta(seconds=1)
    assert timedelta(0) < flow.next_run - flow.last_run < 6 * MINUTE


@pytest.mark.parametrize("into_winter", [False, True])
async def test_rhythm_holds_over_the_change_of_the_clock(rig: Rig, into_winter: bool):
    await rig.start(plan("often"), plan("nightly"), time_zone=AMSTERDAM)
    await rig.idle("often")
    now = await rig.now()
    change = next_change(now + DAY, into_winter)
    await rig.skip(change - 8 * HOUR - now)
    often, nightly = plan("often", "*/10 * * * *"), plan("nightly", "30 2 * * *")
    await rig.signal("reconfigure", Reconfigure(time_zone=AMSTERDAM, flows=[often, nightly]))
    await rig.skip(16 * HOUR)
    moments = [moment for moment in await rig.run_moments("often") if moment > change - 7 * HOUR]
    assert {round((later - earlier).total_seconds() / 60) for earlier, later in pairwise(moments)} == {10}
    [night] = [m for m in await rig.run_moments("nightly") if abs(m - change) < 6 * HOUR]
    expected = "02:30" if into_winter else "03:00"
    assert night.astimezone(ZoneInfo(AMSTERDAM)).strftime("%H:%M") == expected


async def test_six_hours_without_a_worker_are_made_up_by_one_run(rig: Rig):
    now = datetime.now(UTC)
    place = FlowState(last_run=now - 6 * HOUR, next_run=now - 6 * HOUR + 5 * MINUTE, cursor="42", runs=7)
    state = IntegrationState(flows={FLOW: place})
    half_an_hour_from_now = f"{(now.minute + 30) % 60} * * * *"
    await rig.start(plan(schedule=half_an_hour_from_now), state=state)
    flow = await rig.idle(after_run=8)
    assert flow.runs == 8
    assert flow.next_run is not None
    assert flow.next_run > now
    await rig.skip(31 * MINUTE + JITTER)
    assert len(rig.edge.runs) == 2


async def test_wishes_to_run_coalesce_while_a_run_is_on(rig: Rig):
    rig.edge.hold_page()
    await rig.start(plan())
    await rig.until(lambda: len(rig.edge.runs) == 1)
    for name in ("run_now", "poke", "poke", "run_now", "poke"):
        await rig.signal(name, FlowTarget(flow_id=FLOW))
    rig.edge.free_page()
    assert (await rig.idle(after_run=2)).runs == 2
    assert len(rig.edge.runs) == 2
    assert rig.edge.most_at_once[FLOW] == 1


async def test_a_run_that_lasts_longer_than_the_interval_is_followed_by_one_run(rig: Rig):
    rig.edge.pages.extend([[f"{page}"] for page in range(3)])
    rig.edge.hold_page()
    await rig.start(plan(schedule="* * * * *"), plan("other"))
    await rig.until(lambda: len(rig.edge.runs) == 2)
    rig.edge.free_page()
    await rig.skip(10 * MINUTE)
    assert rig.edge.most_at_once[FLOW] == 1
    assert 10 <= rig.edge.runs_of(FLOW) <= 12


async def test_a_wish_for_one_flow_leaves_the_others(rig: Rig):
    await rig.start(plan("a"), plan("b"))
    await rig.idle("b")
    await rig.signal("run_now", FlowTarget(flow_id="a"))
    await rig.idle("a", after_run=2)
    await rig.signal("poke", ALL)
    assert (await rig.idle("a", after_run=3)).runs == 3
    assert (await rig.idle("b", after_run=2)).runs == 2


async def test_what_arrives_with_the_start_makes_no_second_loop(rig: Rig):
    flows = [plan("a"), plan("b")]
    await rig.start(
        flows[0],
        start_signal="reconfigure",
        start_signal_args=[Reconfigure(time_zone="UTC", flows=flows)],
    )
    await rig.idle("b")
    await rig.signal("run_now", ALL)
    await rig.idle("a", after_run=2)
    assert (await rig.idle("b", after_run=2)).runs == 2
    assert rig.edge.runs_of("b") == 2
