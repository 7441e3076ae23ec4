"""The tables. Every row names its workspace; unique constraints carry the guarantees.

Columns of type `bytes` hold what `store/sealing.py` encrypted, bound to their row.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import JSON, Index, MetaData, UniqueConstraint
from sqlmodel import Field, SQLModel

from store.column_types import Amount, Moment

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Identified(SQLModel):
    """What every table has: an id of its own."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMING)

    id: str = Field(primary_key=True)


class Row(Identified):
    """What every table but the workspaces has: the workspace that owns the row."""

    workspace_id: str = Field(foreign_key="workspaces.id")


class Workspace(Identified, table=True):
    """The owner of everything else."""

    __tablename__ = "workspaces"

    name: str
    hash_key: bytes
    created_at: datetime = Field(sa_type=Moment)


class AccessToken(Row, table=True):
    """A token that opens a workspace; only its SHA-256 is kept."""

    __tablename__ = "access_tokens"

    name: str
    token_hash: str = Field(unique=True)
    created_at: datetime = Field(sa_type=Moment)


class Connection(Row, table=True):
    """One account at one system."""

    __tablename__ = "connections"

    system: str
    name: str
    settings: dict[str, Any] = Field(sa_type=JSON)
    secrets: bytes
    secrets_version: int = 1
    state: str
    problem_code: str | None = None
    problem: bytes | None = None
    connected_at: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)
    tokens: bytes | None = None
    tokens_version: int = 0
    tokens_lease_owner: str | None = None
    tokens_lease_until: datetime | None = Field(default=None, sa_type=Moment)
    account: bytes | None = None


class OAuthState(Row, table=True):
    """A consent that was begun; used once. The id is the SHA-256 of the state parameter."""

    __tablename__ = "oauth_states"

    connection_id: str = Field(foreign_key="connections.id")
    expires_at: datetime = Field(sa_type=Moment)


class Integration(Row, table=True):
    """Two connections that are kept in agreement."""

    __tablename__ = "integrations"

    name: str
    time_zone: str
    connection_a_id: str = Field(foreign_key="connections.id")
    connection_b_id: str = Field(foreign_key="connections.id")
    settings: dict[str, Any] = Field(sa_type=JSON)
    state: str
    paused: bool = False
    created_at: datetime = Field(sa_type=Moment)


class Flow(Row, table=True):
    """One kind of record in one direction; ``page`` and ``pending_cursor`` are the position inside a running read."""

    __tablename__ = "flows"
    __table_args__ = (UniqueConstraint("integration_id", "kind", "source_connection_id"),)

    integration_id: str = Field(foreign_key="integrations.id")
    kind: str
    source_connection_id: str = Field(foreign_key="connections.id")
    target_connection_id: str = Field(foreign_key="connections.id")
    schedule: str
    enabled: bool = True
    paused: bool = False
    settings: dict[str, Any] = Field(sa_type=JSON)
    settings_version: int = 1
    cursor: str | None = None
    page: str | None = None
    pending_cursor: str | None = None
    sweeping: bool = False
    read_number: int = 0
    complete_reads: int = 0
    read_began_at: datetime | None = Field(default=None, sa_type=Moment)
    read_records: int = 0
    read_total: int | None = None
    unsupported: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    last_run_at: datetime | None = Field(default=None, sa_type=Moment)
    last_sweep_at: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)


class FlowVersion(Row, table=True):
    """The settings and value tables of a flow as they were under one version."""

    __tablename__ = "flow_versions"
    __table_args__ = (UniqueConstraint("flow_id", "version"),)

    flow_id: str = Field(foreign_key="flows.id")
    version: int
    settings: dict[str, Any] = Field(sa_type=JSON)
    value_tables: dict[str, Any] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=Moment)


class MappedValue(Row, table=True):
    """One row of a flow's value table."""

    __tablename__ = "mapped_values"
    __table_args__ = (UniqueConstraint("flow_id", "table_name", "source_value"),)

    flow_id: str = Field(foreign_key="flows.id")
    table_name: str
    source_value: str
    target_value: str


class Problem(Row, table=True):
    """One cause for which items of a flow wait."""

    __tablename__ = "problems"
    __table_args__ = (UniqueConstraint("flow_id", "cause_key"),)

    flow_id: str = Field(foreign_key="flows.id")
    code: str
    cause_key: str
    field: str
    value: bytes
    sentence: bytes
    state: str
    first_seen: datetime = Field(sa_type=Moment)
    last_seen: datetime = Field(sa_type=Moment)


class Item(Row, table=True):
    """One record on its way through a flow: the ledger."""

    __tablename__ = "items"
    __table_args__ = (
        UniqueConstraint("flow_id", "source_id"),
        Index(None, "workspace_id", "flow_id", "state", "releases"),
        Index(None, "workspace_id", "flow_id", "state", "placed_at"),
        Index(None, "workspace_id", "flow_id", "state", "finished_at"),
        Index(None, "problem_id"),
        Index(None, "workspace_id", "integration_id"),
        Index(None, "workspace_id", "reference"),
    )

    flow_id: str = Field(foreign_key="flows.id")
    integration_id: str = Field(foreign_key="integrations.id")
    source_id: str
    reference: str
    fingerprint: str
    state: str
    reason: str | None = None
    placed_at: datetime | None = Field(default=None, sa_type=Moment)
    currency: str | None = None
    total: Decimal | None = Field(default=None, sa_type=Amount)
    header: bytes | None = None
    body: bytes | None = None
    problem_id: str | None = Field(default=None, foreign_key="problems.id")
    attempts: int = 0
    releases: int = 0
    waits: int = 0
    next_release_at: datetime | None = Field(default=None, sa_type=Moment)
    not_before: datetime | None = Field(default=None, sa_type=Moment)
    changed_meanwhile: bool = False
    write_started_at: datetime | None = Field(default=None, sa_type=Moment)
    checked_at: datetime | None = Field(default=None, sa_type=Moment)
    target_kind: str | None = None
    target_id: str | None = None
    target_number: str | None = None
    target_total: Decimal | None = Field(default=None, sa_type=Amount)
    rounding: Decimal | None = Field(default=None, sa_type=Amount)
    confirmed_by_lookup: bool = False
    settings_version: int
    pinned_version: int | None = None
    seen_in: int = 0
    read_at: datetime | None = Field(default=None, sa_type=Moment)
    created_at: datetime = Field(sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)
    finished_at: datetime | None = Field(default=None, sa_type=Moment)


class ItemEvent(Row, table=True):
    """Something that happened to an item."""

    __tablename__ = "item_events"

    item_id: str = Field(foreign_key="items.id", index=True)
    at: datetime = Field(sa_type=Moment)
    kind: str
    text: bytes
    settings_version: int


class Exchange(Row, table=True):
    """One call to a vendor; address, request and answer are one encrypted column."""

    __tablename__ = "exchanges"

    connection_id: str = Field(foreign_key="connections.id")
    flow_id: str | None = Field(default=None, foreign_key="flows.id")
    item_id: str | None = Field(default=None, foreign_key="items.id", index=True)
    step: str
    operation: str
    method: str
    attempt: int
    status: int | None = None
    outcome: str
    duration_ms: int
    started_at: datetime = Field(sa_type=Moment)
    settings_version: int
    content: bytes


class Binding(Row, table=True):
    """This source record is that target record."""

    __tablename__ = "bindings"
    __table_args__ = (
        UniqueConstraint("flow_id", "kind", "source_key"),
        Index(None, "flow_id", "kind", "target_id"),
    )

    flow_id: str = Field(foreign_key="flows.id")
    kind: str
    source_key: str
    target_id: str
    target_number: str
    content_hash: str
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    removed_at: datetime | None = Field(default=None, sa_type=Moment)
    updated_at: datetime = Field(sa_type=Moment)


class Claim(Row, table=True):
    """Who may write something now; the name is a keyed hash."""

    __tablename__ = "claims"
    __table_args__ = (UniqueConstraint("workspace_id", "name_key"),)

    name_key: str
    owner: str
    until: datetime = Field(sa_type=Moment)


class Budget(Row, table=True):
    """How far ahead one bucket of an account is reserved, in seconds since 1970."""

    __tablename__ = "budgets"
    __table_args__ = (UniqueConstraint("connection_id", "bucket"),)

    connection_id: str = Field(foreign_key="connections.id")
    bucket: str
    free_at: float
    """When all that was granted so far is paid off at the steady rate."""
    tolerance: float
    """How many seconds ahead of the steady rate a burst may run."""
