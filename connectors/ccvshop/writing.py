"""What the record targets of a shop share: members by dotted names, and how a change ends."""

from collections.abc import Awaitable, Mapping
from decimal import Decimal
from typing import Any

from commerce.problems import Problem, ProblemCode
from connectors.answers import Answer
from connectors.errors import RecordGone, RecordRefused
from connectors.records import Change, Written
from mapping.fields import Field, FieldKind


def member(body: Mapping[str, Any], name: str) -> Any:
    """A member by its dotted name; None when it, or something on the way to it, is absent."""
    value: Any = body
    for part in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The body for values by their dotted names."""
    body: dict[str, Any] = {}
    for name, value in values.items():
        *outer, last = name.split(".")
        place = body
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = value
    return body


def held(body: Mapping[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    """What a record of the shop holds of the fields, in their kinds; an absent text is an empty one."""
    return {field.name: _in_kind(member(body, field.name), field.kind) for field in fields}


def _in_kind(value: Any, kind: FieldKind) -> Any:
    if kind is FieldKind.TEXT:
        return "" if value is None else str(value)
    if kind in {FieldKind.NUMBER, FieldKind.MONEY} and value is not None:
        return Decimal(str(value))
    return value


def created_id(answer: Answer) -> str:
    """The id of what a POST created; empty when the shop did it without saying so."""
    found = answer.body.get("id") if isinstance(answer.body, dict) else None
    return "" if found is None else str(found)


def whole_number(change: Change, title: str, value: str) -> int | None:
    """The number that a text must be for the shop; None for an empty one. Raises `RecordRefused`."""
    if not value:
        return None
    if not (value.isascii() and value.isdigit()):
        raise refusal(
            ProblemCode.INVALID_VALUE,
            title,
            value,
            f'{change.reference}: "{value}" is not a value that the shop knows as {title}. '
            "Correct it at the source or in the mapping, then retry.",
        )
    return int(value)


def refusal(code: ProblemCode, field: str, value: str, sentence: str) -> RecordRefused:
    """A refusal of our own."""
    return RecordRefused(Problem(code=code, field=field, value=value, sentence=sentence))


async def settled(change: Change, doing: Awaitable[Written]) -> Written:
    """The end of one change; what the shop refuses of this record alone is its problem."""
    try:
        return await doing
    except RecordRefused as refused:
        return Written(change.source_id, problem=refused.problem)
    except RecordGone:
        return Written(
            change.source_id,
            problem=Problem(
                code=ProblemCode.RECORD_GONE,
                field="id",
                value=change.existing.target_id if change.existing else "",
                sentence=f"{change.reference}: it was removed from the shop while it was being written. Retry it.",
            ),
        )
