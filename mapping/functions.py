"""The functions that expressions may call, and nothing else can be called.

Each takes and gives plain values. An absent value stays absent through all of them but those that say otherwise. The
documentation page and the API's list are generated from `FUNCTIONS`, and every example is a test.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from mapping.catalogue import NOT_GIVEN, Catalogue, Find, Function, few_enough
from mapping.errors import ExpressionFailed, LookupFailed
from mapping.markup import plain
from mapping.values import ARITHMETIC, MAX_TEXT, as_text, bounded, cut, kind_of, rounded

_HUNDRED = Decimal(100)
_DIGITS = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:[.,][0-9]{3})+")
_DATE_PARTS = "YymdHMSjVGu%"
_SLUG_LENGTH = 200

_catalogue = Catalogue()
_documented = _catalogue.add


@_documented('"Jan" | concat(" ", "Jansen")', "Jan Jansen", takes_absent=True)
def concat(part: str, *more: str) -> str:
    """Put parts one after another; an absent part adds nothing. Shorter: `a ~ b`."""
    return "".join((part, *more))


@_documented('"A-12" | replace("-", "/")', "A/12", effort=4)
def replace(text: str, old: str, new: str) -> str:
    """Replace every occurrence of a text by another one."""
    if not old:
        raise ExpressionFailed("“replace” needs a text to look for, and it is empty.")
    if len(text) + text.count(old) * (len(new) - len(old)) > MAX_TEXT:
        raise ExpressionFailed(f"The text would have more than {MAX_TEXT} characters.")
    return text.replace(old, new)


@_documented('"abc" | upper', "ABC")
def upper(text: str) -> str:
    """Write in capitals."""
    return text.upper()


@_documented('"ABC" | lower', "abc")
def lower(text: str) -> str:
    """Write in small letters."""
    return text.lower()


@_documented('"blue mug" | title', "Blue Mug", effort=6)
def title(text: str) -> str:
    """Begin every word with a capital, and write the rest of it in small letters."""
    return re.sub(r"\S+", lambda word: word[0][0].upper() + word[0][1:].lower(), text)


@_documented('"  mug " | trim', "mug")
def trim(text: str) -> str:
    """Take the blanks off both ends."""
    return text.strip()


@_documented('"A very long name" | truncate(10)', "A very lo…")
def truncate(text: str, length: int, end: str = "…") -> str:
    """Cut a text to so many characters, the end that shows the cut included."""
    if length < 0:
        raise ExpressionFailed("“truncate” needs a length of 0 or more.")
    return cut(text, length, end)


@_documented('"<p>Tea &amp; coffee</p>" | strip_html', "Tea & coffee", effort=6)
def strip_html(text: str) -> str:
    """Take out HTML: tags, comments, scripts and styles go, entities become characters, runs of blanks one blank."""
    return plain(text)


@_documented('"Café crème, 2 kg" | slug', "cafe-creme-2-kg", effort=6)
def slug(text: str) -> str:
    """Make a text fit for a web address; only its first 200 characters count."""
    decomposed = unicodedata.normalize("NFKD", text[:_SLUG_LENGTH])
    words = re.findall(r"[a-z0-9]+", decomposed.encode("ascii", "ignore").decode().lower())
    return "-".join(words)


@_documented('"a,b,c" | split(",")', ["a", "b", "c"], effort=4)
def split(text: str, separator: str) -> list[str]:
    """Split a text at every separator, into at most 1000 entries."""
    if not separator:
        raise ExpressionFailed("“split” needs a separator, and it is empty.")
    few_enough(text.count(separator) + 1)
    return text.split(separator)


@_documented('"a,b,c" | split(",") | join(" / ")', "a / b / c")
def join(entries: list[Any], separator: str = "") -> str:
    """Join the entries of a list to one text; absent entries are left out."""
    parts: list[str] = []
    size = 0
    for entry in entries:
        if entry is not None:
            parts.append(as_text(entry))
            size += len(parts[-1]) + len(separator)
            if size > MAX_TEXT + len(separator):
                raise ExpressionFailed(f"The text would have more than {MAX_TEXT} characters.")
    return separator.join(parts)


@_documented('"a,b,c" | split(",") | pick(0)', "a")
def pick(entries: Any, index: Any) -> Any:
    """Take one entry: of a list by its place from 0, or from -1 backwards; of a group by its name. May be absent."""
    if isinstance(entries, Mapping):
        return entries.get(as_text(index))
    if not isinstance(entries, list | tuple):
        raise ExpressionFailed(
            f"“pick” needs a list or a group of fields, and the value is {kind_of(entries)}.", entries
        )
    if isinstance(index, bool) or not isinstance(index, int | Decimal) or index != int(rounded(Decimal(index), 0)):
        raise ExpressionFailed("“pick” needs a whole number for a list.", index)
    place = int(index)
    return entries[place] if -len(entries) <= place < len(entries) else None


@_documented('"blue mug" | contains("mug")', True, effort=4)
def contains(where: Any, what: Any) -> bool:
    """Whether a text contains another one, with regard to case, or a list an entry. Shorter: `what in where`."""
    if isinstance(where, list | tuple | Mapping):
        return what in where
    return as_text(what) in as_text(where)


@_documented('"B-100" | startswith("B-")', True)
def startswith(text: str, start: str) -> bool:
    """Whether a text starts with another one, with regard to case."""
    return text.startswith(start)


@_documented('"1.234,50" | number', Decimal("1234.50"))
def number(text: Any, decimal_sign: str = "") -> Decimal:
    """Read a number as people write it: decimal comma or point, thousands separators, blanks.

    A single comma or point is the decimal sign, unless `decimal_sign` names the other one.
    """
    if not isinstance(text, str):
        return Decimal(as_text(text)) if kind_of(text) == "a number" else _unreadable(text)
    if decimal_sign not in {"", ",", "."}:
        raise ExpressionFailed("The decimal sign is a comma or a point.")
    if len(text) > 100:
        return _unreadable(text)
    written = re.sub(r"[\s\u00a0\u202f'\u2019]", "", text)
    sign = decimal_sign or _decimal_sign(written)
    whole, _, fraction = written.partition(sign) if sign else (written, "", "")
    if "." in whole or "," in whole:
        if not _GROUPS.fullmatch(whole) or ("." in whole and "," in whole):
            return _unreadable(text)
        whole = whole.replace(".", "").replace(",", "")
    digits = f"{whole}.{fraction}" if fraction else whole
    return Decimal(digits) if _DIGITS.fullmatch(digits) else _unreadable(text)


def _decimal_sign(written: str) -> str:
    """The sign that stands last, when it stands once."""
    last = max(written.rfind(","), written.rfind("."))
    return written[last] if last >= 0 and written.count(written[last]) == 1 else ""


def _unreadable(value: Any) -> Decimal:
    raise ExpressionFailed("“number” cannot read this as a number.", value)


@_documented('"2.345" | round(2)', Decimal("2.35"))
def round_(value: Decimal, places: int = 0) -> Decimal:
    """Round half up to so many decimals, as invoices do."""
    return rounded(value, places)


@_documented('"10.00" | times("1.21") | round(2)', Decimal("12.10"))
def times(value: Decimal, factor: Decimal) -> Decimal:
    """Multiply, exactly. Shorter: `a * b`."""
    return ARITHMETIC.multiply(value, factor)


@_documented('"5" | plus(2.5)', Decimal("7.5"))
def plus(value: Decimal, addend: Decimal) -> Decimal:
    """Add. Shorter: `a + b`."""
    return ARITHMETIC.add(value, addend)


@_documented('"5" | minus(2.5)', Decimal("2.5"))
def minus(value: Decimal, subtrahend: Decimal) -> Decimal:
    """Subtract. Shorter: `a - b`."""
    return ARITHMETIC.subtract(value, subtrahend)


@_documented('"10" | divide(4)', Decimal("2.5"))
def divide(value: Decimal, divisor: Decimal) -> Decimal:
    """Divide, to thirty digits; by zero fails. Shorter: `a / b`."""
    if not divisor:
        raise ExpressionFailed("It divides by zero.")
    return ARITHMETIC.divide(value, divisor)


@_documented('"10.00" | with_tax(21) | round(2)', Decimal("12.10"))
def with_tax(price: Decimal, rate: Decimal) -> Decimal:
    """Put tax on a price without it; the rate is a percentage. Not rounded yet."""
    return times(price, ARITHMETIC.divide(ARITHMETIC.add(_HUNDRED, rate), _HUNDRED))


@_documented('"12.10" | without_tax(21) | round(2)', Decimal("10.00"))
def without_tax(price: Decimal, rate: Decimal) -> Decimal:
    """Take the tax out of a price with it; the rate is a percentage. Not rounded yet."""
    return divide(ARITHMETIC.multiply(price, _HUNDRED), ARITHMETIC.add(_HUNDRED, rate))


@_documented('none | default("unknown")', "unknown", takes_absent=True)
def default(value: Any, fallback: Any, also_empty: Any = False) -> Any:
    """Put a value where there is none; also where the text is empty, with `true` as the second argument.

    Zero is a value.
    """
    return fallback if value is None or (also_empty is True and value == "") else value


@_documented('"2026-03-31T09:30:00Z" | date("%d-%m-%Y")', "31-03-2026")
def date(moment: datetime, form: str = "%Y-%m-%d") -> str:
    """Write a moment, in UTC, by a form of %Y %y %m %d %H %M %S, %j (day of the year), %G %V %u (ISO week), and %%."""
    parts = form.replace("%%", "").split("%")[1:]
    if len(form) > 100 or any(not part or part[0] not in _DATE_PARTS for part in parts) or "\0" in form:
        raise ExpressionFailed(
            "The form of a date has at most 100 characters and only %Y %y %m %d %H %M %S %j %G %V %u %%."
        )
    return (moment.astimezone(UTC) if moment.tzinfo else moment).strftime(form)


@_documented('21 | lookup("tax code")', "VAT high", takes_absent=True, finds=True)
def lookup(find: Find, value: Any, table: str, fallback: Any = NOT_GIVEN) -> Any:
    """Find a value in a value table of the flow; a missing row stops the record, unless a fallback is given.

    An absent value gives the fallback, or stays absent.
    """
    if value is None:
        return None if fallback is NOT_GIVEN else fallback
    key = as_text(value)
    found = find(table, key)
    if found is not None:
        return bounded(found)
    if fallback is NOT_GIVEN:
        raise LookupFailed(table, key)
    return fallback


@_documented('(3 > 0) | when("in stock", "sold out")', "in stock", takes_absent=True)
def when(condition: Any, then: Any, otherwise: Any = None) -> Any:
    """Choose by a condition; absent, empty, zero and no count as no. Shorter: `then if condition else otherwise`."""
    return then if condition else otherwise


FUNCTIONS: Mapping[str, Function] = _catalogue.functions
"""All functions, by name."""
