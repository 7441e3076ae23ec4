"""Every request a simulator received, for tests that ask what the product really sent."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

_KEPT = 50_000


@dataclass(slots=True)
class Entry:
    """One request and what became of it.

    ``status`` is None when the connection was dropped without an answer; ``duration`` is in seconds of real time.
    """

    index: int
    at: datetime
    method: str
    target: str
    headers: dict[str, str]
    body: str
    status: int | None = None
    fault: str | None = None
    duration: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The entry with its duration as text, since exact JSON has no floats."""
        return {**asdict(self), "duration": f"{self.duration:.6f}"}


class Journal:
    """The latest 50,000 requests; indexes keep counting after older entries are dropped."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._next = 0

    @property
    def next_index(self) -> int:
        """The index the next request will get."""
        return self._next

    def open(self, at: datetime, method: str, target: str, headers: dict[str, str], body: bytes) -> Entry:
        """Write down a request as it arrives."""
        entry = Entry(self._next, at, method, target, headers, body.decode("utf-8", "replace"))
        self._next += 1
        self._entries.append(entry)
        return entry

    def since(self, index: int) -> list[Entry]:
        """The entries from ``index`` on, oldest first."""
        return [entry for entry in self._entries if entry.index >= index]

    def clear(self) -> None:
        """Forget all entries and count from zero again."""
        self._entries.clear()
        self._next = 0
