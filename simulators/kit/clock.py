"""The vendor's clock: real time plus an offset that tests move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Runs at the speed of real time, at a distance from it that can be changed."""

    def __init__(self) -> None:
        self._offset = timedelta(0)

    @property
    def offset_seconds(self) -> float:
        """How far this clock is ahead of the machine's clock, in seconds."""
        return self._offset.total_seconds()

    def now(self) -> datetime:
        """The vendor's present moment, aware UTC."""
        return datetime.now(UTC) + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock forward, or backward with a negative number."""
        self._offset += timedelta(seconds=seconds)

    def set_now(self, moment: datetime) -> None:
        """Make ``moment`` (aware) the present.

        Raises:
            ValueError: the moment has no time zone.
        """
        if moment.tzinfo is None:
            raise ValueError("The moment needs a time zone, for example 2026-01-15T09:30:00Z.")
        self._offset = moment - datetime.now(UTC)

    def set_skew(self, seconds: float) -> None:
        """Put the clock exactly this many seconds ahead of the machine's clock (negative: behind)."""
        self._offset = timedelta(seconds=seconds)

    def reset(self) -> None:
        """Return to the machine's time."""
        self._offset = timedelta(0)
