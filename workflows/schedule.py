"""When a flow runs next, by its cron expression in the integration's time zone."""

import zlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

_MAX_JITTER = 20


def next_run(schedule: str, time_zone: str, flow_id: str, after: datetime) -> datetime:
    """The first moment of the schedule after ``after``, in UTC.

    A fixed share of seconds that depends on the flow's id is added, at most a tenth of the interval, so that flows
    with one schedule do not run together.
    """
    ticks = CronSim(schedule, after.astimezone(ZoneInfo(time_zone)))
    # In one zone Python subtracts wall clocks, which run backwards when summer time ends.
    first, second = next(ticks).astimezone(UTC), next(ticks).astimezone(UTC)
    spread = min(_MAX_JITTER, int((second - first).total_seconds() / 10))
    jitter = zlib.crc32(flow_id.encode()) % (spread + 1)
    return first + timedelta(seconds=jitter)
