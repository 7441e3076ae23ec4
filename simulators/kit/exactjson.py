"""JSON whose numbers keep every digit: a Decimal is written as a JSON number, and read back as a Decimal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

_quoted = json.encoder.encode_basestring_ascii


def loads(text: str | bytes) -> Any:
    """Parse JSON; numbers with a fraction or exponent become Decimal.

    Raises:
        ValueError: the text is no JSON, or holds NaN or Infinity.
    """
    return json.loads(text, parse_float=_decimal, parse_constant=_refuse_constant)


def dumps(value: Any, *, escape_slashes: bool = False) -> str:
    r"""Write JSON in ASCII, without spaces; a Decimal appears with exactly its own digits.

    Args:
        value: mappings, lists, tuples, text, numbers, booleans, None, aware datetimes.
        escape_slashes: write ``/`` as ``\/``, as PHP does.

    Raises:
        TypeError: the value holds something JSON has no word for, a float included.
    """
    return _Writer(escape_slashes=escape_slashes).written(value)


class _Writer:
    """Writes one document; the types of most values are tried first, since a page of products has thousands."""

    def __init__(self, *, escape_slashes: bool) -> None:
        self._escape_slashes = escape_slashes
        self._keys: dict[Any, str] = {}

    def written(self, value: Any) -> str:
        kind = type(value)
        if kind is str:
            return self._text(value)
        if value is None:
            return "null"
        if kind is bool:
            return "true" if value else "false"
        if kind is int:
            return str(value)
        if kind is Decimal:
            return self._number(value)
        if isinstance(value, Mapping):
            members = [f"{self._keys.get(key) or self._key(key)}:{self.written(item)}" for key, item in value.items()]
            return "{" + ",".join(members) + "}"
        if isinstance(value, list | tuple):
            return "[" + ",".join([self.written(item) for item in value]) + "]"
        return self._rare(value)

    def _text(self, chars: str) -> str:
        quoted = _quoted(chars)
        return quoted.replace("/", "\\/") if self._escape_slashes and "/" in quoted else quoted

    def _key(self, key: Any) -> str:
        self._keys[key] = self._text(str(key))
        return self._keys[key]

    def _number(self, value: Decimal) -> str:
        if not value.is_finite():
            raise TypeError(f"{value} cannot be written as exact JSON.")
        return format(value, "f")

    def _rare(self, value: Any) -> str:
        if isinstance(value, str):
            return self._text(str(value))
        if isinstance(value, int):
            return str(int(value))
        if isinstance(value, Decimal):
            return self._number(value)
        if isinstance(value, datetime):
            return self._text(value.isoformat())
        raise TypeError(f"{type(value).__name__} {value!r} cannot be written as exact JSON; use Decimal for amounts.")


@lru_cache(maxsize=4096)
def _decimal(digits: str) -> Decimal:
    """One Decimal per distinct text: amounts repeat, and 100,000 products should not hold as many."""
    return Decimal(digits)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")
