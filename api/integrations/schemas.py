"""What goes in and out of the endpoints for integrations."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.engine import Heard
from api.fields import Moment, Name, RecordId, Text, TimeZone
from api.flows.schemas import Flow, FlowWish
from store.records import IntegrationState

_SETTINGS = "Connection id → what all flows at that connection share, by its system's shared schema; flows go before."


class NewIntegration(BaseModel):
    """Two connections to keep in agreement."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    time_zone: TimeZone = Field(default="UTC", description="Schedules are read in this zone.")
    connection_a_id: RecordId
    connection_b_id: RecordId
    settings: dict[RecordId, dict[str, Any]] = Field(default_factory=dict, description=_SETTINGS)
    flows: list[FlowWish] = Field(default_factory=list, max_length=20)


class IntegrationChange(BaseModel):
    """What to change; the rest stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    time_zone: TimeZone | None = None
    settings: dict[RecordId, dict[str, Any]] | None = Field(
        default=None, description=f"{_SETTINGS} A connection that is named is replaced as a whole."
    )


class Integration(BaseModel):
    """Two connections in agreement."""

    id: str
    name: str
    time_zone: str
    connection_a_id: str
    connection_b_id: str
    state: IntegrationState
    paused: bool
    created_at: datetime
    settings: dict[str, dict[str, Any]]
    flows: list[Flow]


class ChangedIntegration(BaseModel):
    """The integration after the change, and whether its workflow heard of it."""

    integration: Integration
    engine: Heard


class FlowChoice(BaseModel):
    """One flow of the integration, or all when left out."""

    model_config = ConfigDict(extra="forbid")

    flow_id: RecordId | None = None


class ResyncWish(BaseModel):
    """Which records to read again: exactly one of the three."""

    model_config = ConfigDict(extra="forbid")

    flow_id: RecordId
    since: Moment | None = Field(default=None, description="From this moment on, by the source's own dates.")
    source_ids: list[Text] = Field(default_factory=list, max_length=500, description="Only these records.")
    everything: bool = Field(default=False, description="From the flow's start date on.")


class Told(BaseModel):
    """Whether the integration's workflow heard the message."""

    engine: Heard


class Reading(BaseModel):
    """How far a read has come."""

    began_at: datetime
    records: int = Field(description="Read so far.")
    total: int | None = Field(description="Null where the vendor does not say.")
    per_minute: float = Field(description="Records, since the read began; a pause counts as time.")
    seconds_left: float | None = Field(description="At this rate; null while it is not known.")


class FlowStanding(BaseModel):
    """How far one flow is: listed = done + skipped + parked + in_flight."""

    flow_id: str
    kind: str
    enabled: bool
    state: str = Field(description="running, waiting, paused, blocked, disabled, stopped, or unknown when not live.")
    blocked: str = Field(description="The problem code of a connection that refuses; empty when all is well.")
    last_run: datetime | None
    next_run: datetime | None
    cursor: str
    page: str
    runs: int | None = Field(description="Runs since the start; known only when live.")
    listed: int
    done: int
    skipped: int
    parked: int
    in_flight: int
    released: int = Field(description="Items that were parked and let go at least once.")
    lag_seconds: float = Field(description="Age of the oldest item that is not through yet.")
    reading: Reading | None = Field(description="The read under way; null between reads.")
    unsupported: dict[str, int] = Field(description="What the source holds beside, that no flow carries: how many.")


class IntegrationStanding(BaseModel):
    """How far an integration is."""

    integration_id: str
    state: IntegrationState
    paused: bool
    live: bool = Field(description="Whether the workflow itself answered; else this is the ledger's account alone.")
    flows: list[FlowStanding]


class Execution(BaseModel):
    """Where to look in the Temporal UI."""

    workflow_id: str
    url: str
