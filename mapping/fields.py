"""What a record has and what a target takes, field by field."""

from dataclasses import dataclass
from enum import StrEnum


class FieldKind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    BOOLEAN = "boolean"
    MOMENT = "moment"
    LIST = "list"
    MAPPING = "mapping"


@dataclass(frozen=True)
class Field:
    """One field: of a source record, or one that may be written at a target."""

    name: str
    title: str
    kind: FieldKind = FieldKind.TEXT
    max_length: int | None = None
    """Characters; a longer text is cut visibly, and the cut is noted."""
    places: int | None = None
    """Decimals; a number with more is rounded half up."""
    required: bool = False
    """Whether a record cannot be created without it."""
    description: str = ""
    choices: str = ""
    """The name of the live list its values come from."""
