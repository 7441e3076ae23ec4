"""The vendor's data models as data, and the check of a body against them.

`models.json` lists every member of every model: type, length, range, allowed values, read-only and nullable marks, and
the required members. A body is refused as a whole with one entry per broken member. Read-only members sent back are
ignored; unknown members are refused. Whether the vendor refuses unknown members is not published; refusing finds
misspelt names.

Source: the vendor's OpenAPI document of September 2026; drafts, quotes and look-up lists from its Swagger document of
October 2021.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, MutableMapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from simulators.eaccounting.errors import VALIDATION, FieldError, Refusal

Record = MutableMapping[str, Any]
"""One stored or sent object: members by their vendor names; numbers are Decimal or int, never float."""

MODELS: Final[dict[str, dict[str, Any]]] = json.loads(
    Path(__file__).with_name("models.json").read_text(encoding="utf-8"), parse_float=Decimal
)

_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}(T.*)?$")
_ZERO: Final[dict[str, Any]] = {"number": Decimal(0), "integer": 0, "boolean": False}


def members(model: str) -> dict[str, dict[str, Any]]:
    """Give the members of a model by name."""
    found: dict[str, dict[str, Any]] = MODELS[model]["members"]
    return found


def default(member: dict[str, Any]) -> Any:
    """Give what an omitted member becomes: null when it may be null, else zero or false."""
    return None if member.get("nullable") else _ZERO.get(member["type"])


def blank(model: str) -> dict[str, Any]:
    """Give a record with every member of the model at its default."""
    return {name: default(member) for name, member in members(model).items()}


_BLANKS: Final[dict[str, dict[str, Any]]] = {model: blank(model) for model in MODELS}


class Stored(MutableMapping[str, Any]):
    """A record as the account keeps it: members at their default take no room, so that 100 000 articles fit.

    It reads like a dict with every member of its model, and takes members of the simulator's own besides.

    Args:
        model: The model whose members it has.
        values: The members that are set.
        sequence: Its place among all records in the order they were stored.
    """

    __slots__ = ("_blank", "_layout", "_values", "sequence")

    def __init__(self, model: str, values: Record, sequence: int) -> None:
        self._blank = _BLANKS[model]
        missing = object()
        kept = {name: value for name, value in values.items() if value is not self._blank.get(name, missing)}
        self._layout = _layout(tuple(kept))
        self._values = list(kept.values())
        self.sequence = sequence

    def __getitem__(self, name: str) -> Any:
        place = self._layout.get(name)
        return self._blank[name] if place is None else self._values[place]

    def __setitem__(self, name: str, value: Any) -> None:
        place = self._layout.get(name)
        if place is None:
            self._layout = _layout((*self._layout, name))
            self._values.append(value)
        else:
            self._values[place] = value

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"A stored record keeps its members; set {name} to its default.")

    def __iter__(self) -> Iterator[str]:
        return iter(self.whole())

    def __len__(self) -> int:
        return len(self.whole())

    def whole(self) -> dict[str, Any]:
        """Give every member as an ordinary dict."""
        return {**self._blank, **dict(zip(self._layout, self._values, strict=True))}


@cache
def _layout(names: tuple[str, ...]) -> dict[str, int]:
    """Give the place of every name; records with the same members share one layout."""
    return {name: place for place, name in enumerate(names)}


def whole(record: Record) -> dict[str, Any]:
    """Give every member of a record as an ordinary dict, which is quicker to read from."""
    return record.whole() if isinstance(record, Stored) else dict(record)


def clean(model: str, body: Any) -> dict[str, Any]:
    """Check a body and give every writable member of the model: the value sent, or the default when it was left out.

    Raises:
        Refusal: 400 with code 2000 and one entry in `Errors` per broken member.
    """
    errors: list[FieldError] = []
    values = _object(model, body, "", errors)
    if errors:
        raise Refusal(VALIDATION, "The model is not valid.", fields=errors)
    return values


def fill(model: str, body: Record) -> dict[str, Any]:
    """Read members for a stored record, read-only ones included; required members may be missing.

    Raises:
        Refusal: 400 with code 2000 when a member is unknown or of the wrong type, length or range.
    """
    errors: list[FieldError] = []
    known = members(model)
    values: dict[str, Any] = {}
    for name, sent in body.items():
        if name not in known:
            errors.append(FieldError(name, f"{model} has no member {name}.", "Unknown"))
        else:
            values[name] = default(known[name]) if sent is None else _value(known[name], sent, name, errors)
    if errors:
        raise Refusal(VALIDATION, "The model is not valid.", fields=errors)
    return values


def plain_date(text: str) -> str:
    """Give the `YYYY-MM-DD` of a date or date-time text.

    Raises:
        ValueError: The text is neither.
    """
    if not _DATE.match(text):
        message = f"{text!r} is not a date"
        raise ValueError(message)
    moment(text)
    return date.fromisoformat(text[:10]).isoformat()


def moment(text: str) -> datetime:
    """Read a date or a date-time as an aware UTC moment; without an offset it is UTC.

    Raises:
        ValueError: The text is neither.
    """
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _object(model: str, body: Any, path: str, errors: list[FieldError]) -> dict[str, Any]:
    if not isinstance(body, dict):
        errors.append(FieldError(path.rstrip(".") or "$", "A JSON object is expected.", "Type"))
        return {}
    known = members(model)
    errors.extend(
        FieldError(path + name, f"{model} has no member {name}.", "Unknown") for name in body if name not in known
    )
    required = MODELS[model]["required"]
    values: dict[str, Any] = {}
    for name, member in known.items():
        if member.get("readOnly"):
            continue
        sent = body.get(name)
        if sent is None:
            values[name] = default(member)
            if name in required and not member.get("nullable"):
                errors.append(FieldError(path + name, f"{name} is required.", "Required"))
            elif name in body and values[name] is not None:
                errors.append(FieldError(path + name, f"{name} can not be null.", "Type"))
            continue
        values[name] = _value(member, sent, path + name, errors)
    return values


def _value(member: dict[str, Any], sent: Any, path: str, errors: list[FieldError]) -> Any:
    kind = member["type"]
    if kind == "array":
        return _array(member, sent, path, errors)
    if kind == "object":
        return _object(member["model"], sent, path + ".", errors)
    try:
        value = _READERS[kind](sent)
    except (TypeError, ValueError):
        errors.append(FieldError(path, f"The value is not a valid {kind}.", "Type"))
        return None
    problem = _limit(member, value)
    if problem:
        errors.append(FieldError(path, problem, "Range"))
    return value


def _array(member: dict[str, Any], sent: Any, path: str, errors: list[FieldError]) -> list[Any]:
    if not isinstance(sent, list):
        errors.append(FieldError(path, "A list is expected.", "Type"))
        return []
    if len(sent) > member.get("maxItems", len(sent)):
        errors.append(FieldError(path, f"At most {member['maxItems']} entries are allowed.", "Range"))
    if "model" in member:
        return [_object(member["model"], entry, f"{path}[{index}].", errors) for index, entry in enumerate(sent)]
    item = {"type": member["items"]}
    return [_value(item, entry, f"{path}[{index}]", errors) for index, entry in enumerate(sent)]


def _limit(member: dict[str, Any], value: Any) -> str | None:
    if isinstance(value, str):
        longest = member.get("maxLength")
        return f"At most {longest} characters are allowed." if longest and len(value) > longest else None
    if "values" in member and value not in member["values"]:
        return f"Allowed values: {', '.join(map(str, member['values']))}."
    if "minimum" in member and not member["minimum"] <= value <= member.get("maximum", value):
        return f"The value must be between {member['minimum']} and {member.get('maximum', 'any')}."
    if "decimals" in member and decimals(value) > member["decimals"]:
        return f"At most {member['decimals']} decimals are allowed."
    return None


def decimals(value: Decimal) -> int:
    """Count the decimals a number really has: 1.50 has one."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _text(sent: Any) -> str:
    if not isinstance(sent, str):
        raise TypeError
    return sent


def _uuid(sent: Any) -> str:
    return str(UUID(_text(sent)))


def _number(sent: Any) -> Decimal:
    if isinstance(sent, bool) or not isinstance(sent, int | Decimal):
        raise TypeError
    return _whole_number(sent) if isinstance(sent, int) else sent


@lru_cache(maxsize=10_000)
def _whole_number(sent: int) -> Decimal:
    return Decimal(sent)


def _integer(sent: Any) -> int:
    number = _number(sent)
    if number != number.to_integral_value():
        raise ValueError
    return int(number)


def _boolean(sent: Any) -> bool:
    if not isinstance(sent, bool):
        raise TypeError
    return sent


def _timestamp(sent: Any) -> str:
    return moment(_text(sent)).isoformat().replace("+00:00", "Z")


_READERS: Final = {
    "string": _text,
    "uuid": _uuid,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "date": lambda sent: plain_date(_text(sent)),
    "timestamp": _timestamp,
}
