"""What the repositories take and return: plain, frozen, decrypted; never a database row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from commerce.problems import Problem


class NotFoundError(LookupError):
    """This workspace has no such record; the message names its kind and id."""

    def __init__(self, kind: str, record_id: str) -> None:
        super().__init__(f"There is no {kind} {record_id} in this workspace.")
        self.kind = kind
        self.record_id = record_id


class ChangedMeanwhileError(Exception):
    """The flow's settings are of another version than the caller knew; read them again, then change them."""


class AlreadyBound(Exception):
    """The source record is already another target record; writing it again would double it."""

    def __init__(self, source_key: str, bound_to: str, asked_for: str) -> None:
        super().__init__(f"{source_key} is already bound to {bound_to} and cannot also be {asked_for}.")
        self.bound_to = bound_to
        self.asked_for = asked_for


class ConnectionState(StrEnum):
    """Whether an account can be used."""

    NEW = "new"
    CONNECTED = "connected"
    BROKEN = "broken"


class IntegrationState(StrEnum):
    """Whether an integration's workflow is meant to run."""

    STOPPED = "stopped"
    RUNNING = "running"


class ItemState(StrEnum):
    """Where an item stands; every listed item is in exactly one of them."""

    READY = "ready"
    IN_FLIGHT = "in_flight"
    DONE = "done"
    SKIPPED = "skipped"
    PARKED = "parked"


class SkipReason(StrEnum):
    """Why an item needs no work; connectors may add codes of their own."""

    EXISTS = "exists"
    ECHO = "echo"
    """The change is one of our own, coming back."""
    GONE = "gone"
    """Deleted at the source, or no longer shown by it."""
    NOT_AT_TARGET = "not_at_target"
    """The target has no such record, and this flow creates none."""
    VARIANT = "variant"
    """A variant, for a target that has none."""
    FILTERED = "filtered"
    SHARED = "shared"
    """It is the same at the target as another source record, whose data counts."""
    SKIPPED_BY_PERSON = "skipped_by_person"
    """Left alone, whatever changes at the source or in the settings, until a person asks for the record."""


class ProblemState(StrEnum):
    """Whether a cause still holds items."""

    OPEN = "open"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class ConnectionRecord:
    """One account. ``secrets`` is filled by `get` only, and never shown when printed."""

    id: str
    system: str
    name: str
    settings: dict[str, Any]
    secrets_version: int
    state: ConnectionState
    problem: Problem | None
    connected_at: datetime | None
    created_at: datetime
    has_tokens: bool
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    account_key: str = ""
    """Which of the vendor's accounts it is; empty where that is not known or the settings say it."""
    account_name: str = field(default="", repr=False)


@dataclass(frozen=True)
class IntegrationRecord:
    """Two connections in agreement."""

    id: str
    name: str
    time_zone: str
    connection_a_id: str
    connection_b_id: str
    settings: dict[str, Any]
    state: IntegrationState
    paused: bool
    created_at: datetime


@dataclass(frozen=True)
class NewFlow:
    """A flow that is still to be made."""

    kind: str
    source_connection_id: str
    target_connection_id: str
    schedule: str
    settings: Mapping[str, Any]
    enabled: bool = True


@dataclass(frozen=True)
class FlowRecord:
    """One kind of record in one direction; ``page`` is set while a read is under way."""

    id: str
    integration_id: str
    kind: str
    source_connection_id: str
    target_connection_id: str
    schedule: str
    enabled: bool
    paused: bool
    settings: dict[str, Any]
    settings_version: int
    cursor: str | None
    page: str | None
    pending_cursor: str | None
    last_run_at: datetime | None
    last_sweep_at: datetime | None
    shared: dict[str, Any] = field(default_factory=dict)
    """What the integration says for the flow's ``source`` and ``target``; the flow's own settings go before it."""
    complete_reads: int = 0
    """How often all of the source was read to its end."""
    reading: "Reading | None" = None
    """The read under way; None between reads."""
    unsupported: Mapping[str, int] = field(default_factory=dict)
    """What the source holds beside the flow's records and no flow can carry: what → how many."""


@dataclass(frozen=True)
class Reading:
    """How far a read has come. ``total`` is None where the vendor does not say."""

    began_at: datetime
    records: int
    total: int | None


@dataclass(frozen=True)
class FlowVersionRecord:
    """Settings and value tables as they were under one version."""

    version: int
    settings: dict[str, Any]
    value_tables: Mapping[str, Mapping[str, str]]
    created_at: datetime


@dataclass(frozen=True)
class FlowRun:
    """Where a read begins or goes on. Give ``read_number`` back with every page."""

    read_number: int
    cursor: str | None
    page: str | None
    sweeping: bool
    settings_version: int


@dataclass(frozen=True)
class PageEntry:
    """One listed record. ``ready`` tells whether it passes the flow's filters; if not, ``reason`` says why."""

    source_id: str
    reference: str
    fingerprint: str
    header: bytes | None = field(repr=False)
    placed_at: datetime | None
    currency: str | None
    total: Decimal | None
    ready: bool = True
    reason: str | None = None


@dataclass(frozen=True)
class PageOutcome:
    """What a page brought. ``superseded``: the flow was rewound meanwhile, so the read must begin afresh."""

    listed: int
    new: int
    changed: int
    unchanged: int
    superseded: bool = False


@dataclass(frozen=True)
class HandOut:
    """An item to work on."""

    item_id: str
    source_id: str
    reference: str


@dataclass(frozen=True)
class ItemRecord:
    """One record on its way. ``header`` and ``body`` are filled only where the method says so."""

    id: str
    flow_id: str
    integration_id: str
    source_id: str
    reference: str
    fingerprint: str
    state: ItemState
    reason: str | None
    placed_at: datetime | None
    currency: str | None
    total: Decimal | None
    problem_id: str | None
    attempts: int
    releases: int
    next_release_at: datetime | None
    not_before: datetime | None
    changed_meanwhile: bool
    write_started_at: datetime | None
    checked_at: datetime | None
    target_kind: str | None
    target_id: str | None
    target_number: str | None
    target_total: Decimal | None
    rounding: Decimal | None
    confirmed_by_lookup: bool
    settings_version: int
    pinned_version: int | None
    """The version of the flow's settings that a retry shall use; None: today's."""
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    read_at: datetime | None
    """When the source was last asked for what a flow that moves in pages has read; no later than its answer."""
    header: bytes | None = field(default=None, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ItemPage:
    """Items for people, newest first; ``after`` continues the list, None ends it."""

    items: Sequence[ItemRecord]
    after: str | None


@dataclass(frozen=True)
class Counts:
    """The items of a flow: listed = ready + in_flight + done + skipped + parked.

    ``released`` counts items that were parked and let go at least once.
    """

    ready: int = 0
    in_flight: int = 0
    done: int = 0
    skipped: int = 0
    parked: int = 0
    released: int = 0
    oldest_ready_at: datetime | None = None

    @property
    def listed(self) -> int:
        """All items."""
        return self.ready + self.in_flight + self.done + self.skipped + self.parked


@dataclass(frozen=True)
class ItemEventRecord:
    """Something that happened to an item, in a sentence."""

    at: datetime
    kind: str
    text: str
    settings_version: int


@dataclass(frozen=True)
class ExchangeEntry:
    """One call to a vendor, secrets already removed. Address and bodies are kept encrypted."""

    connection_id: str
    flow_id: str | None
    item_id: str | None
    step: str
    operation: str
    method: str
    url: str = field(repr=False)
    request: str = field(repr=False)
    response: str = field(repr=False)
    attempt: int
    status: int | None
    outcome: str
    duration_ms: int
    started_at: datetime
    settings_version: int


@dataclass(frozen=True)
class ProblemRecord:
    """A cause, and how many items wait for it now."""

    id: str
    flow_id: str
    problem: Problem
    state: ProblemState
    first_seen: datetime
    last_seen: datetime
    items: int


@dataclass(frozen=True)
class Timeline:
    """All that is known of one item."""

    item: ItemRecord
    problem: Problem | None
    events: Sequence[ItemEventRecord]
    exchanges: Sequence[ExchangeEntry]


@dataclass(frozen=True)
class BindingRecord:
    """This source record is that target record."""

    kind: str
    source_key: str
    target_id: str
    target_number: str
    content_hash: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What must be known of the target record, such as keyed hashes of what was sent; never a person's data."""
    removed: bool = False
    """Whether we archived or deleted the target record since."""


@dataclass(frozen=True)
class RecordEntry:
    """One listed record of a flow that moves in pages; ``body`` is the record, kept encrypted."""

    source_id: str
    reference: str
    fingerprint: str
    """Empty when a person asked for this record: it is worked on, changed or not."""
    body: bytes = field(repr=False)
    problem_id: str | None = None
    """Set when the record could not be understood: it is parked at once."""


@dataclass(frozen=True)
class Settled:
    """How the work on one record ended."""

    item_id: str
    state: ItemState
    reason: str | None = None
    target_id: str | None = None
    target_number: str | None = None
    problem_id: str | None = None
    not_before: datetime | None = None
    confirmed_by_lookup: bool = False
    notes: Sequence[str] = ()
    text: str = ""
    """What to write on the time line; nothing when empty."""
