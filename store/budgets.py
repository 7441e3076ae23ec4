"""The rate budget of an account, shared by all workers: one row per bucket, one statement per call."""

import time
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Float, case, cast, literal
from sqlmodel import col, func, select

from store.database import Database
from store.ids import new_id
from store.tables import Budget

STEADY_SHARE = 0.8
BURST_SHARE = 0.1
_WINDOW_S = 60.0
_SLOWEST_PER_WINDOW = 0.95


@dataclass(frozen=True)
class Pace:
    """How a limit is kept: one call per ``interval``, and up to ``tolerance`` seconds ahead of that; in seconds."""

    interval: float
    tolerance: float

    @classmethod
    def of(cls, per_minute: int) -> "Pace":
        """At most 90 % of the limit falls in any minute: 80 % at a steady rate, 10 % at once after a rest.

        With limits under 3 a minute, where that is less than one call: one call in a little over a minute.
        """
        if per_minute < 1:
            raise ValueError("A limit is at least one call a minute.")
        burst = max(1, int(per_minute * BURST_SHARE))
        steady = max(per_minute * (STEADY_SHARE + BURST_SHARE) - burst, _SLOWEST_PER_WINDOW)
        interval = _WINDOW_S / steady
        return cls(interval=interval, tolerance=(burst - 1) * interval)


@dataclass(frozen=True)
class Reservation:
    """``wait`` is how long to wait before the call, None when nothing was reserved; then ask again after a while."""

    wait: timedelta | None
    retry_after: timedelta


class AccountBudget:
    """The budget of one connection."""

    def __init__(self, database: Database, workspace_id: str, connection_id: str) -> None:
        self._database = database
        self._workspace_id = workspace_id
        self._connection_id = connection_id

    async def reserve(self, bucket: str, per_minute: int, max_wait: timedelta) -> Reservation:
        """Take the next free slot, unless it is further away than ``max_wait``: then nothing is taken."""
        pace = Pace.of(per_minute)
        async with self._database.writing() as session:
            now = self._now()
            start = case((col(Budget.free_at) > now, col(Budget.free_at)), else_=now)
            wait = start - pace.tolerance - now
            insert = self._database.insert(Budget).values(
                id=new_id("bud"),
                workspace_id=self._workspace_id,
                connection_id=self._connection_id,
                bucket=bucket,
                free_at=now + pace.interval,
                tolerance=pace.tolerance,
            )
            taken = await session.exec(
                insert.on_conflict_do_update(
                    index_elements=["connection_id", "bucket"],
                    set_={"free_at": start + pace.interval, "tolerance": pace.tolerance},
                    where=wait <= max_wait.total_seconds(),
                ).returning(col(Budget.free_at) - pace.interval - pace.tolerance - now)
            )
            seconds = taken.first()
            if seconds is not None:
                reserved = timedelta(seconds=max(0.0, float(seconds[0])))
                return Reservation(wait=reserved, retry_after=timedelta(0))
            statement = select(wait).where(
                col(Budget.workspace_id) == self._workspace_id,
                col(Budget.connection_id) == self._connection_id,
                col(Budget.bucket) == bucket,
            )
            away = float((await session.exec(statement)).one())
        return Reservation(wait=None, retry_after=timedelta(seconds=max(0.0, away) - max_wait.total_seconds()))

    async def exhausted(self, bucket: str, retry_after: timedelta) -> None:
        """Nobody gets a slot before ``retry_after`` has passed, and then no burst. A longer pause stays."""
        async with self._database.writing() as session:
            now = self._now()
            resume_at = now + retry_after.total_seconds()
            insert = self._database.insert(Budget).values(
                id=new_id("bud"),
                workspace_id=self._workspace_id,
                connection_id=self._connection_id,
                bucket=bucket,
                free_at=resume_at,
                tolerance=0.0,
            )
            paused = resume_at + col(Budget.tolerance)
            await session.exec(
                insert.on_conflict_do_update(
                    index_elements=["connection_id", "bucket"],
                    set_={"free_at": case((col(Budget.free_at) > paused, col(Budget.free_at)), else_=paused)},
                )
            )

    def _now(self) -> ColumnElement[float]:
        """The moment, in seconds since 1970: PostgreSQL's own clock, since workers' clocks differ."""
        if self._database.dialect == "postgresql":
            return cast(func.extract("epoch", func.clock_timestamp()), Float)
        return literal(time.time(), Float)
