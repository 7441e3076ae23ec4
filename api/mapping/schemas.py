"""What goes in and out of the endpoints for mappings."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.engine import Heard
from api.field_descriptions import FieldDescription
from api.fields import without_null
from connectors.flow_mapping import Origin, When

_LONGEST_EXPRESSION = 2_000

Expression = Annotated[
    str,
    Field(max_length=_LONGEST_EXPRESSION, examples=["name | upper", 'price_excl | times("1.21") | round(2)']),
    AfterValidator(without_null),
]


class RowWish(BaseModel):
    """A row to save; what is left out stays as it is in force."""

    model_config = ConfigDict(extra="forbid")

    expression: Expression | None = Field(default=None, description="What fills the field; a new row needs one.")
    when: When | None = Field(default=None, description="Whether it writes when creating, when updating, or both.")
    active: bool | None = Field(default=None, description="False switches the row off: its field is never written.")


class DefaultRow(BaseModel):
    """A row as it is when nobody changed it."""

    expression: str
    when: When


class Row(BaseModel):
    """One row in force."""

    target: str = Field(description="The target field it fills.")
    expression: str
    when: When
    active: bool
    origin: Origin
    default: DefaultRow | None = Field(description="What a reset brings back; null for an added row, which goes.")


class FunctionDescription(BaseModel):
    """A function that expressions may call."""

    name: str
    signature: str
    description: str
    example: str
    example_result: Any


class Mapping(BaseModel):
    """The mapping of a flow, with all that a row may read, write and call."""

    settings_version: int
    rows: list[Row]
    source_fields: list[FieldDescription] = Field(description="What expressions may read, beside any `raw.…`.")
    target_fields: list[FieldDescription] = Field(description="What may be written.")
    functions: list[FunctionDescription]
    unavailable: list[str] = Field(
        default_factory=list, description="Why the accounts' own fields could not be read, in sentences."
    )


class MappingSaved(BaseModel):
    """The table after a change, and what the change set free."""

    settings_version: int
    rows: list[Row]
    released: int = Field(description="Items that waited and go on now.")
    engine: Heard
