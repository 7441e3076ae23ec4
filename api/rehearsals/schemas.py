"""What goes in and out of the endpoints for rehearsals."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from api.fields import Moment, Text
from connectors.flow_mapping import When
from connectors.rehearsed import MOST_ITEMS, MOST_RECORDS, Expected

_MOST_ROWS = 500
_LONGEST_EXPRESSION = 2_000
_LONGEST_PAGE = 10_000


class PreviewWish(BaseModel):
    """Which records to rehearse: one by `source_id` or `reference`, those since a moment, or else the latest."""

    model_config = ConfigDict(extra="forbid")

    source_id: Text | None = None
    reference: Text | None = Field(default=None, description="The order number, SKU or customer number.")
    since: Moment | None = Field(default=None, description="All that changed since then, a page at a time.")
    page: str | None = Field(
        default=None, max_length=_LONGEST_PAGE, description="`next_page` of the preview before, with the same `since`."
    )
    limit: int = Field(default=20, ge=1, le=MOST_RECORDS)


class Difference(BaseModel):
    """One field; null is absent."""

    at_target: Any
    would_become: Any


class Call(BaseModel):
    """A write that a run would send. Ids of records that do not exist yet are made up, alike in all calls."""

    system: str
    operation: str
    method: str
    path: str
    body: Any
    differences: dict[str, Difference] = Field(description="What changes of a record that was read just before.")


class Obstacle(BaseModel):
    """Why the record would wait for a person."""

    code: str
    field: str
    value: str
    sentence: str


class RehearsedRecord(BaseModel):
    """What a run would do with one record of the source."""

    source_id: str
    reference: str
    action: Expected
    reason: str = Field(description="Why it would be skipped or wait, in a short code or a sentence.")
    target_id: str = Field(description="Empty for what does not exist yet.")
    number: str
    body: dict[str, Any] = Field(description="The target's fields as they would be written; of an order, its document.")
    differences: dict[str, Difference]
    calls: list[Call]
    problems: list[Obstacle]
    notes: list[str]


class Preview(BaseModel):
    """A run that was rehearsed: every read was real, and nothing was written."""

    summary: dict[Expected, int] = Field(description="How many records have which action.")
    records: list[RehearsedRecord]
    next_page: str | None = Field(description="Give this as `page` to go on; null ends it.")


class Row(BaseModel):
    """A change to the default mapping, as it would be saved."""

    model_config = ConfigDict(extra="forbid")

    target: Text
    expression: str = Field(max_length=_LONGEST_EXPRESSION)
    when: When = When.BOTH
    active: bool = True


class BackTestWish(BaseModel):
    """A mapping to try on what was read before; it is not saved."""

    model_config = ConfigDict(extra="forbid")

    mapping: list[Row] = Field(max_length=_MOST_ROWS, description="All changes to the default mapping.")
    limit: int = Field(default=100, ge=1, le=MOST_ITEMS, description="The newest so many items of the ledger.")


class ChangedField(BaseModel):
    """One field under two settings; null is absent."""

    before: Any
    after: Any


class ComparedItem(BaseModel):
    """One item of the ledger under two settings."""

    item_id: str
    source_id: str
    reference: str
    differences: dict[str, ChangedField]
    problem_before: str = Field(description="Why it could not be sent then; empty when it could.")
    problem_after: str


class BackTest(BaseModel):
    """What a changed mapping would have made of items of the ledger."""

    items: list[ComparedItem] = Field(description="Those that differ, or could not be mapped.")
    alike: int = Field(description="How many would have been sent as they were.")
    unread: int = Field(description="How many could not be tried, because they were listed but never read.")


class VersionDifference(BaseModel):
    """One item as it was and with today's settings."""

    as_it_was: int = Field(description="The version of the settings it was last worked on with, before today's.")
    today: int
    item: ComparedItem
