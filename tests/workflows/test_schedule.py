"""When a flow runs next: cron in the integration's time zone, also on the two odd nights of the year."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.schedule import next_run

AMSTERDAM = "Europe/Amsterdam"
SPRING = datetime(2027, 3, 28, 1, tzinfo=UTC)
AUTUMN = datetime(2027, 10, 31, 1, tzinfo=UTC)
LONGEST_JITTER = timedelta(seconds=20)


def ticks(schedule: str, zone: str, first: datetime, span: timedelta, flow_id: str = "f") -> list[datetime]:
    """Every moment of the schedule in a span."""
    moment, found = first, list[datetime]()
    while (following := next_run(schedule, zone, flow_id, moment)) < first + span:
        assert following > moment, f"{following} does not follow {moment}"
        found.append(moment := following)
    return found


def without_jitter(moments: list[datetime], zone: str) -> list[str]:
    """The moments on the clock of the zone, to the minute."""
    return [moment.astimezone(ZoneInfo(zone)).strftime("%d %H:%M") for moment in moments]


def test_a_schedule_is_read_in_the_time_zone_of_the_integration():
    after = datetime(2027, 1, 10, 12, tzinfo=UTC)
    for zone, hour in ((AMSTERDAM, 7), ("America/Los_Angeles", 16), ("Pacific/Auckland", 19), ("UTC", 8)):
        moment = next_run("0 8 * * *", zone, "f", after)
        assert moment.tzinfo is UTC
        assert moment.astimezone(ZoneInfo(zone)).hour == 8
        assert moment.hour == hour


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
@pytest.mark.parametrize(("schedule", "gap"), [("*/5 * * * *", 5), ("* * * * *", 1), ("0 * * * *", 60)])
def test_an_interval_stays_an_interval_when_the_clock_changes(change: datetime, schedule: str, gap: int):
    moments = ticks(schedule, AMSTERDAM, change - timedelta(hours=4), timedelta(hours=8))
    assert {round((later - earlier).total_seconds() / 60) for earlier, later in pairwise(moments)} == {gap}


def test_a_daily_run_happens_once_in_the_night_that_lacks_its_hour():
    moments = ticks("30 2 * * *", AMSTERDAM, datetime(2027, 3, 27, tzinfo=UTC), timedelta(days=3))
    assert without_jitter(moments, AMSTERDAM) == ["27 02:30", "28 03:00", "29 02:30"]


def test_a_daily_run_happens_once_in_the_night_that_has_its_hour_twice():
    moments = ticks("30 2 * * *", AMSTERDAM, datetime(2027, 10, 30, tzinfo=UTC), timedelta(days=3))
    assert without_jitter(moments, AMSTERDAM) == ["30 02:30", "31 02:30", "01 02:30"]


def test_flows_with_one_schedule_are_spread_and_each_keeps_its_place():
    after = datetime(2027, 1, 10, 12, 1, tzinfo=UTC)
    tick = datetime(2027, 1, 10, 12, 5, tzinfo=UTC)
    delays = {flow: next_run("*/5 * * * *", "UTC", flow, after) - tick for flow in map(str, range(200))}
    assert min(delays.values()) >= timedelta(0)
    assert max(delays.values()) <= LONGEST_JITTER
    assert len(set(delays.values())) > 10
    later = {flow: next_run("*/5 * * * *", "UTC", flow, tick + LONGEST_JITTER) - tick for flow in delays}
    assert later == {flow: delay + timedelta(minutes=5) for flow, delay in delays.items()}


@given(
    after=st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    schedule=st.sampled_from(["* * * * *", "*/5 * * * *", "17 * * * *", "30 2 * * *", "0 9 * * 1-5", "0 0 1 1 *"]),
    zone=st.sampled_from(["UTC", AMSTERDAM, "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    flow_id=st.text(max_size=10),
)
def test_the_next_run_is_always_in_the_future(after: datetime, schedule: str, zone: str, flow_id: str):
    assert next_run(schedule, zone, flow_id, after) > after
