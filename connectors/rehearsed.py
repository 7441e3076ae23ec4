"""What a rehearsal says: for every record what a run would do with it, and what of it would differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from commerce.problems import Problem

MOST_RECORDS = 100
"""Records that one preview works on."""
MOST_ITEMS = 500
"""Items of the ledger that one back-test maps."""


class Expected(StrEnum):
    """What a run would do with a record."""

    CREATE = "create"
    UPDATE = "update"
    EQUAL = "equal"
    """The target has all of it."""
    REMOVE = "remove"
    """It would be taken away at the target, unless the guard stops it."""
    SKIPPED = "skipped"
    WAITS = "waits"
    """Not yet: a later run goes on with it."""
    PROBLEM = "problem"
    """It would wait for a person."""


@dataclass(frozen=True)
class Difference:
    """One field. A value of None is absent."""

    at_target: Any
    would_become: Any


@dataclass(frozen=True)
class WriteCall:
    """A write that a run would send. Ids of records that do not exist yet are made up, alike in all calls."""

    system: str
    operation: str
    method: str
    path: str
    body: Any
    differences: Mapping[str, Difference] = field(default_factory=dict)
    """Members that change, of a record that was read before at the same address."""


@dataclass(frozen=True)
class RehearsedRecord:
    """What a run would do with one record of the source."""

    source_id: str
    reference: str
    action: Expected
    reason: str = ""
    target_id: str = ""
    """Empty for what does not exist yet."""
    number: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    """The target's fields as they would be written; of an order, its document."""
    differences: Mapping[str, Difference] = field(default_factory=dict)
    calls: Sequence[WriteCall] = ()
    problems: Sequence[Problem] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Preview:
    """A rehearsed run. ``next_page`` goes on where it ended; None ends it."""

    records: Sequence[RehearsedRecord]
    next_page: str | None = None


@dataclass(frozen=True)
class PreviewWish:
    """Which records to rehearse: one by id or reference, those since a moment, or the latest."""

    source_id: str = ""
    reference: str = ""
    since: datetime | None = None
    page: str | None = None
    """From the preview before, with the same ``since``."""
    limit: int = 20


@dataclass(frozen=True)
class Changed:
    """One field under two settings. A value of None is absent."""

    before: Any
    after: Any


@dataclass(frozen=True)
class ComparedItem:
    """One item of the ledger under two settings. An empty problem: it can be mapped."""

    item_id: str
    source_id: str
    reference: str
    differences: Mapping[str, Changed]
    problem_before: str = ""
    problem_after: str = ""


@dataclass(frozen=True)
class BackTest:
    """What a changed mapping would have made of items. ``unread`` counts those whose body was never read."""

    items: Sequence[ComparedItem]
    unread: int = 0


@dataclass(frozen=True)
class VersionDifference:
    """One item as it was and with today's settings; ``as_it_was`` and ``today`` are versions of the settings."""

    as_it_was: int
    today: int
    item: ComparedItem


class Rehearsals(Protocol):
    """Tries flows out; nothing is written, neither at a vendor nor in the ledger.

    All raise `SettingsRefused` when the settings do not fit, and `VendorError` when an account cannot be asked.
    """

    async def preview(self, workspace_id: str, flow_id: str, wish: PreviewWish) -> Preview:
        """What a run would do with some records of the source."""

    async def back_test(
        self, workspace_id: str, flow_id: str, rows: Sequence[Mapping[str, Any]], count: int
    ) -> BackTest:
        """What these changes to the default mapping would have made of the newest items; no vendor is called."""

    async def difference(self, workspace_id: str, item_id: str, as_it_was: int) -> VersionDifference:
        """What an item would be under an earlier version of the settings and under today's."""
