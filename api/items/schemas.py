"""What goes in and out of the endpoints for items."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.engine import Heard
from api.fields import RecordId, Text
from store.records import ItemState

MOST_AT_ONCE = 200


class Item(BaseModel):
    """One record on its way through a flow."""

    id: str
    flow_id: str
    integration_id: str
    source_id: str
    reference: str
    state: ItemState
    reason: str | None = Field(description="Why it was skipped, in a short code.")
    placed_at: datetime | None
    currency: str | None
    total: Decimal | None
    problem_id: str | None
    attempts: int
    releases: int
    next_release_at: datetime | None = Field(description="When it is tried again by itself.")
    target_kind: str | None
    target_id: str | None
    target_number: str | None
    target_total: Decimal | None
    rounding: Decimal | None = Field(description="What went on the rounding line.")
    confirmed_by_lookup: bool = Field(description="Whether a write's answer was lost and the look-up confirmed it.")
    settings_version: int
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class ItemList(BaseModel):
    """A page of items, newest first."""

    items: list[Item]
    after: str | None = Field(description="Give this as `after` for the next page; null ends the list.")


class ItemProblem(BaseModel):
    """Why an item waits."""

    id: str
    code: str
    field: str
    value: str
    sentence: str


class Event(BaseModel):
    """Something that happened, in a sentence."""

    at: datetime
    kind: str
    text: str
    settings_version: int


class Exchange(BaseModel):
    """One call to a vendor, with what was asked and what was answered; secrets are removed."""

    connection_id: str
    step: str
    operation: str
    method: str
    url: str
    request: Any = Field(description="The body as JSON, or as text when it is not JSON.")
    response: Any = Field(description="The body as JSON, or as text when it is not JSON.")
    attempt: int
    status: int | None
    outcome: str
    duration_ms: int
    started_at: datetime
    settings_version: int


class Timeline(BaseModel):
    """All that is known of one item: what was read, sent and answered, and when."""

    item: Item
    problem: ItemProblem | None
    source: Any = Field(description="The record as the source gave it; null before it was read.")
    events: list[Event]
    exchanges: list[Exchange]
    execution_url: str = Field(
        description="In the Temporal UI: an order's own execution, or the integration's for records that move in pages."
    )


class Released(BaseModel):
    """What was set free."""

    released: int
    engine: dict[str, Heard] = Field(
        default_factory=dict,
        description="Integration and whether its workflow heard; what it did not hear goes out with its next run.",
    )
    note: str = Field(default="", description="Why nothing was released, when that is so.")


class Settings(StrEnum):
    """Which settings and mapping a retry uses."""

    TODAY = "today"
    AS_IT_WAS = "as_it_was"
    """Those that the item was last worked on with, before today's."""


class RetryOneWish(BaseModel):
    """How to retry one item."""

    model_config = ConfigDict(extra="forbid")

    settings: Settings = Settings.TODAY


class SkipWish(BaseModel):
    """Why a person lets an item go."""

    model_config = ConfigDict(extra="forbid")

    reason: Text


class RetryFilter(BaseModel):
    """Parked items by what they share; members that are given must all fit."""

    model_config = ConfigDict(extra="forbid")

    integration_id: RecordId | None = None
    flow_id: RecordId | None = None
    problem_id: RecordId | None = None


class RetryWish(BaseModel):
    """Named items, or all parked ones that a filter fits."""

    model_config = ConfigDict(extra="forbid")

    item_ids: list[RecordId] = Field(default_factory=list, max_length=1_000)
    filter: RetryFilter | None = None
