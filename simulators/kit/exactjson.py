"""JSON whose numbers keep every digit: a Decimal is written as a JSON number, and read back as a Decimal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any


def loads(text: str | bytes) -> Any:
    """Parse JSON; numbers with a fraction or exponent become Decimal.

    Raises:
        ValueError: the text is no JSON, or holds NaN or Infinity.
    """
    return json.loads(text, parse_float=_decimal, parse_constant=_refuse_constant)


def dumps(value: Any, *, ascii_only: bool = True, escape_slashes: bool = False) -> str:
    r"""Write JSON without spaces; a Decimal appears with exactly its own digits.

    Args:
        value: mappings, lists, tuples, text, numbers, booleans, None, aware datetimes.
        ascii_only: write other characters as escapes.
        escape_slashes: write ``/`` as ``\/``, as PHP does.

    Raises:
        TypeError: the value holds something JSON has no word for, a float included.
    """
    encode: Callable[[str], str] = (
        json.encoder.encode_basestring_ascii if ascii_only else json.encoder.encode_basestring
    )

    def text(chars: str) -> str:
        quoted = encode(chars)
        return quoted.replace("/", "\\/") if escape_slashes else quoted

    parts: list[str] = []
    _write(value, parts.append, text)
    return "".join(parts)


def _write(value: Any, put: Callable[[str], None], text: Callable[[str], str]) -> None:
    if isinstance(value, str):
        put(text(value))
    elif isinstance(value, Mapping):
        _write_mapping(value, put, text)
    elif isinstance(value, list | tuple):
        put("[")
        for position, item in enumerate(value):
            if position:
                put(",")
            _write(item, put, text)
        put("]")
    else:
        put(_scalar(value, text))


def _write_mapping(value: Mapping[Any, Any], put: Callable[[str], None], text: Callable[[str], str]) -> None:
    put("{")
    for position, (key, item) in enumerate(value.items()):
        if position:
            put(",")
        put(text(str(key)))
        put(":")
        _write(item, put, text)
    put("}")


def _scalar(value: Any, text: Callable[[str], str]) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, datetime):
        return text(value.isoformat())
    raise TypeError(f"{type(value).__name__} {value!r} cannot be written as exact JSON; use Decimal for amounts.")


@lru_cache(maxsize=4096)
def _decimal(digits: str) -> Decimal:
    """One Decimal per distinct text: amounts repeat, and 100,000 products should not hold as many."""
    return Decimal(digits)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
