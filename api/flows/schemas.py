"""What goes in and out of the endpoints for flows."""

from datetime import UTC, datetime
from typing import Annotated, Any

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.connections.schemas import Choice
from api.engine import Heard
from api.fields import RecordId, Text
from api.systems import FlowKind


def _schedule(expression: str) -> str:
    try:
        next(CronSim(expression, datetime.now(UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValueError("must be a cron expression of five fields that comes round, such as */5 * * * *") from error
    return expression


Schedule = Annotated[str, Field(max_length=100, examples=["*/5 * * * *"]), AfterValidator(_schedule)]

_SETTINGS = "Groups named by the kind, `source` and `target`, each by its flow schema, and `mapping`: a list of rows."


class FlowWish(BaseModel):
    """A kind of record to keep flowing from one connection to the other."""

    model_config = ConfigDict(extra="forbid")

    kind: FlowKind = FlowKind.ORDERS
    source_connection_id: RecordId
    target_connection_id: RecordId
    schedule: Schedule | None = Field(
        default=None, description="A cron expression in the integration's time zone; left out, the source's own."
    )
    settings: dict[str, Any] = Field(default_factory=dict, description=_SETTINGS)
    enabled: bool = Field(default=True, description="A flow with an empty mandatory setting must be switched off.")


class FlowChange(BaseModel):
    """What to change; the rest stays."""

    model_config = ConfigDict(extra="forbid")

    schedule: Schedule | None = None
    settings: dict[str, Any] | None = Field(
        default=None, description=f"{_SETTINGS} A group that is named is replaced as a whole."
    )


class Flow(BaseModel):
    """One kind of record in one direction."""

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
    last_run_at: datetime | None


class ChangedFlow(BaseModel):
    """The flow after the change, and whether the integration's workflow heard of it."""

    flow: Flow
    engine: Heard


class MappedValue(BaseModel):
    """One row of a value table."""

    model_config = ConfigDict(extra="forbid")

    source_value: Text
    target_value: Text


class ValueSaved(BaseModel):
    """What saving a row set free."""

    released: int = Field(description="Items that waited for this row and go on now.")
    engine: Heard


class ValueTable(BaseModel):
    """One value table, with the choices of both accounts when they were asked for."""

    table: str
    values: dict[str, str] = Field(description="Source value and target value.")
    source_choices: list[Choice] | None = None
    target_choices: list[Choice] | None = None
    unavailable: list[str] = Field(default_factory=list, description="Why choices could not be read, in sentences.")
