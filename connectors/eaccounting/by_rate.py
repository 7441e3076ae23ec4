"""Articles and codings by VAT percentage, or by country and percentage: eAccounting's stand-in for tax codes.

A sales row has neither VAT code nor account: both follow from the coding of its article. So whatever shall be taxed or
booked otherwise for a country needs another article there, and a table says which one.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator

_KEY: Final = re.compile(r"(?:([A-Za-z]{2})(?:\s+|$))?(\d{1,3}(?:\.\d{1,4})?)?")


def rate_text(rate: Decimal) -> str:
    """A percentage as the tables have it: without needless zeros."""
    return f"{rate.normalize():f}"


def row_of(table: Mapping[str, str], country: str, rate: Decimal) -> str | None:
    """The entry for a country and percentage: that of both, else of the country, else of the percentage."""
    percentage = rate_text(rate)
    for key in (f"{country} {percentage}", country, percentage):
        if key in table:
            return table[key]
    return None


def any_row(table: Mapping[str, str], country: str) -> str | None:
    """An entry for what carries no VAT whatever its rate: the country's first, then the one of the lowest rate."""
    own = [key for key in table if key.startswith(country)] if country else []
    keys = own or [key for key in table if key[0].isdigit()] or list(table)
    return table[min(keys, key=_percentage)] if keys else None


def country_row(table: Mapping[str, str], country: str, rate: Decimal) -> str | None:
    """Like `row_of`, but only what is said of the country itself."""
    return table.get(f"{country} {rate_text(rate)}") or table.get(country)


def _percentage(key: str) -> Decimal:
    words = key.split()
    return Decimal(words[-1]) if words[-1][0].isdigit() else Decimal(0)


def _checked(table: dict[str, str]) -> dict[str, str]:
    checked = {}
    for written, value in table.items():
        match = _KEY.fullmatch(written.strip())
        if match is None or not written.strip():
            raise ValueError(f"“{written}” is not a VAT percentage; write 21, BE 21 or BE")
        country, rate = match.groups()
        if rate is not None and Decimal(rate) > 100:
            raise ValueError(f"{rate} % is more than all")
        if not value.strip():
            raise ValueError(f"nothing is given for {written} %" if rate else f"nothing is given for {written}")
        parts = ([country.upper()] if country else []) + ([rate_text(Decimal(rate))] if rate else [])
        checked[" ".join(parts)] = value.strip()
    return checked


ByRate = Annotated[dict[str, str], AfterValidator(_checked)]
"""Keys: ``21``, ``BE 21`` or ``BE``."""
