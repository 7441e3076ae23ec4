"""Plain values in and out of expressions: exact numbers, bounded texts, aware moments.

The bounds are what keeps every expression quick: no function is ever handed more than they allow.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any

from mapping.errors import ExpressionFailed

MAX_TEXT = 100_000
"""Characters of any text that a function takes or gives."""
MAX_ITEMS = 1_000
"""Entries of any list that a function takes or gives."""
MAX_PLACES = 10
"""Decimals that can be asked for."""
MAX_WHOLE = 1_000_000

ARITHMETIC = Context(
    prec=30, rounding=ROUND_HALF_UP, Emin=-40, Emax=40, traps=[InvalidOperation, DivisionByZero, Overflow]
)
"""Thirty significant digits, exact up to there; a larger number fails, a vanishing one becomes zero."""

_UNITS = tuple(Decimal(1).scaleb(-places) for places in range(MAX_PLACES + 1))


def kind_of(value: Any) -> str:
    """What a value is, in the words of a sentence."""
    # A yes or no is a whole number to Python, so it is told apart first.
    kinds: list[tuple[type | tuple[type, ...], str]] = [
        (type(None), "absent"),
        (bool, "a yes or no"),
        ((int, Decimal), "a number"),
        (str, "a text"),
        (datetime, "a moment"),
        ((list, tuple), "a list"),
        (Mapping, "a group of fields"),
    ]
    return next((name for kind, name in kinds if isinstance(value, kind)), "of an unknown kind")


def as_number(value: Any) -> Decimal:
    """A number, or a text that is one with a decimal point.

    Raises:
        ExpressionFailed: When it is neither, or has more than forty digits before the decimal point.
    """
    if isinstance(value, Decimal):
        exact = value
    elif isinstance(value, int) and not isinstance(value, bool) and -(10**40) < value < 10**40:
        exact = Decimal(value)
    elif isinstance(value, str) and len(value) <= MAX_PLACES * 8 and value.isascii() and "_" not in value:
        try:
            exact = Decimal(value.strip())
        except InvalidOperation:
            raise ExpressionFailed(_no_number(value), value) from None
    else:
        raise ExpressionFailed(_no_number(value), value)
    if not exact.is_finite():
        raise ExpressionFailed(_no_number(value), value)
    try:
        return ARITHMETIC.plus(exact)
    except Overflow:
        raise ExpressionFailed("The number is too large.") from None


def _no_number(value: Any) -> str:
    if isinstance(value, str):
        return "A number is needed, and the text is none; “number” reads one with a decimal comma."
    return f"A number is needed, and the value is {kind_of(value)}."


def as_whole(value: Any) -> int:
    """A whole number of at most a million, up or down.

    Raises:
        ExpressionFailed: When it is none.
    """
    number = as_number(value)
    if abs(number) > MAX_WHOLE or number != number.to_integral_value():
        raise ExpressionFailed("A whole number is needed, at most a million.", value)
    return int(number)


def as_text(value: Any) -> str:
    """Anything single as text: a number without exponent, a moment as ISO 8601, absent as empty text.

    Raises:
        ExpressionFailed: For a list or a group of fields, and for a text of more than ``MAX_TEXT`` characters.
    """
    if isinstance(value, str):
        return bounded(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal | int):
        return format(as_number(value), "f")
    if isinstance(value, datetime):
        return value.isoformat()
    raise ExpressionFailed(f"A text is needed, and the value is {kind_of(value)}.")


def as_list(value: Any) -> list[Any]:
    """A list of at most ``MAX_ITEMS`` entries.

    Raises:
        ExpressionFailed: When it is none, or longer.
    """
    if not isinstance(value, list | tuple):
        raise ExpressionFailed(f"A list is needed, and the value is {kind_of(value)}.", value)
    if len(value) > MAX_ITEMS:
        raise ExpressionFailed(f"The list has {len(value)} entries; expressions work with at most {MAX_ITEMS}.")
    return list(value)


def as_boolean(value: Any) -> bool:
    """A yes or no; also the numbers 1 and 0, and the texts true, false, yes, no, 1 and 0.

    Raises:
        ExpressionFailed: For anything else.
    """
    if isinstance(value, bool):
        return value
    word = as_text(value).strip().lower()
    if word in {"true", "yes", "1"}:
        return True
    if word in {"false", "no", "0"}:
        return False
    raise ExpressionFailed("A yes or no is needed: true, false, yes, no, 1 or 0.", value)


def as_moment(value: Any) -> datetime:
    """A moment in UTC, from a moment or an ISO 8601 text with its offset.

    Raises:
        ExpressionFailed: When it is none, or its offset is unknown.
    """
    moment = _moment(value)
    if moment.tzinfo is None:
        raise ExpressionFailed("The moment has no offset, so its hour is unknown: end it with Z or +01:00.", value)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ExpressionFailed("The moment lies outside the years 1 to 9999.", value) from None


def as_date(value: Any) -> datetime:
    """A moment as it is written, in the zone it is written in; from a moment or an ISO 8601 text, also of a day alone.

    Raises:
        ExpressionFailed: When it is none.
    """
    return _moment(value)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        raise ExpressionFailed(f"A moment is needed, and the value is {kind_of(value)}.", value)
    try:
        return datetime.fromisoformat(value.strip()[:64])
    except ValueError:
        raise ExpressionFailed("A moment is needed, written like 2026-03-31T09:30:00Z.", value) from None


def bounded(text: str) -> str:
    """The text itself.

    Raises:
        ExpressionFailed: When it has more than ``MAX_TEXT`` characters.
    """
    if len(text) > MAX_TEXT:
        raise ExpressionFailed(f"The text has {len(text)} characters; expressions work with at most {MAX_TEXT}.")
    return text


def rounded(number: Decimal, places: int) -> Decimal:
    """The number with so many decimals, half up as on invoices.

    Raises:
        ExpressionFailed: When so many decimals cannot be had.
    """
    if not 0 <= places <= MAX_PLACES:
        raise ExpressionFailed(f"A number is rounded to at least 0 and at most {MAX_PLACES} decimals.")
    try:
        return ARITHMETIC.quantize(number, _UNITS[places])
    except InvalidOperation:
        raise ExpressionFailed("The number is too large to be rounded.") from None


def cut(text: str, length: int, end: str = "…") -> str:
    """The text, cut to so many characters when it is longer, with an end that shows the cut."""
    return text if len(text) <= length else text[: max(length - len(end), 0)].rstrip() + end[:length]
