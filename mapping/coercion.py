"""From what an expression gave to what a target field holds."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from mapping.errors import ExpressionFailed
from mapping.fields import Field, FieldKind
from mapping.values import as_boolean, as_moment, as_number, as_text, cut, kind_of, rounded

Coerced = tuple[Any, str]
"""The value, and a note when something was changed to make it fit."""


def coercion(target: Field) -> Callable[[Any], Coerced]:
    """What makes a value fit a target field. Absent stays absent for every kind, and empty text stays for texts.

    The function it gives raises `ExpressionFailed` when a value cannot be made to fit.
    """
    convert = _CONVERSIONS[target.kind](target)

    def coerce(value: Any) -> Coerced:
        return (None, "") if value is None else convert(value)

    return coerce


def _text(target: Field) -> Callable[[Any], Coerced]:
    def convert(value: Any) -> Coerced:
        text = as_text(value)
        if target.max_length is None or len(text) <= target.max_length:
            return text, ""
        note = f"“{target.title}” takes {target.max_length} characters; the text had {len(text)} and was cut."
        return cut(text, target.max_length), note

    return convert


def _number(target: Field) -> Callable[[Any], Coerced]:
    def convert(value: Any) -> Coerced:
        if value == "":
            reason = "The text is empty, and a number cannot be emptied; “default” or a condition can leave it alone."
            raise ExpressionFailed(reason, value)
        number: Decimal = as_number(value)
        return (number if target.places is None else rounded(number, target.places)), ""

    return convert


def _boolean(_: Field) -> Callable[[Any], Coerced]:
    return lambda value: (as_boolean(value), "")


def _moment(_: Field) -> Callable[[Any], Coerced]:
    def convert(value: Any) -> Coerced:
        moment: datetime = as_moment(value)
        return moment, ""

    return convert


def _list(_: Field) -> Callable[[Any], Coerced]:
    def convert(value: Any) -> Coerced:
        if not isinstance(value, list | tuple):
            raise ExpressionFailed(f"A list is needed, and the value is {kind_of(value)}.", value)
        return list(value), ""

    return convert


def _mapping(_: Field) -> Callable[[Any], Coerced]:
    def convert(value: Any) -> Coerced:
        if not isinstance(value, Mapping):
            raise ExpressionFailed(f"A group of fields is needed, and the value is {kind_of(value)}.", value)
        return dict(value), ""

    return convert


_CONVERSIONS: Mapping[FieldKind, Callable[[Field], Callable[[Any], Coerced]]] = MappingProxyType(
    {
        FieldKind.TEXT: _text,
        FieldKind.NUMBER: _number,
        FieldKind.MONEY: _number,
        FieldKind.BOOLEAN: _boolean,
        FieldKind.MOMENT: _moment,
        FieldKind.LIST: _list,
        FieldKind.MAPPING: _mapping,
    }
)
