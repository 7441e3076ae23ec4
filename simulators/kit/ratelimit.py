"""Sliding windows of calls per key on the vendor's clock, with the peaks a test asks about."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from simulators.kit.clock import Clock


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call may pass; if not, the whole seconds until the next one may."""

    allowed: bool
    seconds_left: int = 0


class RateLimiter:
    """Counts calls per key in a sliding window.

    A refused call does not use up the window. ``peaks`` counts every call received, refused ones included, so a client
    that stays within a limit shows a peak at or below it and no refusal.
    """

    def __init__(self, clock: Clock, window_seconds: float = 60) -> None:
        self._clock = clock
        self._window = window_seconds
        self._accepted: dict[str, deque[float]] = {}
        self._received: dict[str, deque[float]] = {}
        self.peaks: dict[str, int] = {}
        self.refusals: dict[str, int] = {}

    def admit(self, key: str, limit: int | None) -> Verdict:
        """Count one call under ``key``; ``limit`` calls pass per window, None means no limit."""
        now = self._clock.now().timestamp()
        received = self._recent(self._received, key, now)
        received.append(now)
        self.peaks[key] = max(self.peaks.get(key, 0), len(received))
        accepted = self._recent(self._accepted, key, now)
        if limit is not None and len(accepted) >= limit:
            self.refusals[key] = self.refusals.get(key, 0) + 1
            oldest = accepted[0] if accepted else now
            return Verdict(allowed=False, seconds_left=max(1, math.ceil(oldest + self._window - now)))
        accepted.append(now)
        return Verdict(allowed=True)

    def reset(self) -> None:
        """Forget all calls, peaks and refusals."""
        self._accepted.clear()
        self._received.clear()
        self.peaks.clear()
        self.refusals.clear()

    def _recent(self, windows: dict[str, deque[float]], key: str, now: float) -> deque[float]:
        window = windows.setdefault(key, deque())
        while window and window[0] <= now - self._window:
            window.popleft()
        # The clock may have been set back: calls from its former future say nothing about this minute.
        while window and window[-1] > now:
            window.pop()
        return window
