"""Addresses as the shop takes them in: of registered customers and of orders alike.

Source: CCV Shop API documentation, users (June 2022): the house number is a whole number, what follows it a suffix.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from mapping.fields import Field
from mapping.rules import Rule

_NUMBER = re.compile(r"(\d{1,9})[\s-]*(.*)", re.DOTALL)
_HOUSE: Final = ("street", "housenumber", "housenumber_suffix")


def address_fields(place: str, title: str, *more: tuple[str, str]) -> tuple[Field, ...]:
    """The members of an address at ``place``, and those that only this address has."""
    shared = (
        ("company", "company"),
        ("street", "street"),
        ("housenumber", "house number"),
        ("housenumber_suffix", "house number suffix"),
        ("zipcode", "postcode"),
        ("city", "city"),
        ("province", "province"),
        ("country_code", "country"),
        ("telephone", "telephone"),
        ("mobile", "mobile"),
        ("gender", "gender"),
        ("initials", "initials"),
        ("comment", "comment"),
    )
    return tuple(Field(f"{place}.{name}", f"{title}: {words}") for name, words in (*more, *shared))


def address_rules(place: str, record: str) -> tuple[Rule, ...]:
    """An address goes over as a whole or, when its source has none, not at all."""
    parts = {
        "street": "street",
        "housenumber": "number",
        "housenumber_suffix": "addition",
        "zipcode": "postcode",
        "city": "city",
    }
    rules = [
        Rule(target=f"{place}.{name}", expression=f"{record}.{part} if {record}.street else none")
        for name, part in parts.items()
    ]
    return (*rules, Rule(target=f"{place}.country_code", expression=f"{record}.country or none"))


def in_address_form(values: Mapping[str, Any], before: Mapping[str, Any], places: Iterable[str]) -> dict[str, Any]:
    """The address members of ``values`` as the shop wants them; what they do not name is taken from ``before``."""
    formed: dict[str, Any] = {}
    for place in places:
        names = tuple(f"{place}.{part}" for part in _HOUSE)
        if any(name in values for name in names):
            street, number, suffix = ((values if name in values else before).get(name) or "" for name in names)
            formed |= zip(names, _house(street, number, suffix), strict=True)
        country = f"{place}.country_code"
        if country in values:
            formed[country] = values[country].upper() or None
    return formed


def _house(street: str, number: str, suffix: str) -> tuple[str, int | None, str]:
    """Digits, with what follows them before the suffix; a number without digits in front goes behind the street."""
    number = number.strip()
    if not number:
        return street, None, suffix
    digits = _NUMBER.fullmatch(number)
    if digits is None:
        return street if street.endswith(f" {number}") else f"{street} {number}".strip(), None, suffix
    return street, int(digits[1]), " ".join(part for part in (digits[2].strip(), suffix) if part)
