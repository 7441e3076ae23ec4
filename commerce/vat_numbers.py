"""Whether a VAT number can be right: its form and check digits, without asking any authority."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from stdnum.ch import vat as swiss
from stdnum.eu import vat as european
from stdnum.gb import vat as british
from stdnum.no import mva as norwegian

_SEPARATORS: Final = re.compile(r"[^0-9A-Z]")
_PREFIXED: Final = re.compile(r"[A-Z]{2}")
_PREFIX_OF: Final[Mapping[str, str]] = {"GR": "EL", "MC": "FR", "IM": "GB"}
"""Countries whose numbers begin with other letters than their own code."""
_ELSEWHERE: Final[Mapping[str, Callable[[str], bool]]] = {
    "CH": swiss.is_valid,
    "GB": british.is_valid,
    "NO": norwegian.is_valid,
}
_WITHOUT_PREFIX: Final = frozenset({"GB", "NO"})


def compact_vat_number(number: str, country: str) -> str:
    """The number as it is stored and compared: capitals and digits, with the letters of its country in front.

    Args:
        number: As a person typed it, with or without the country's letters.
        country: ISO 3166-1 alpha-2, for a number without letters in front; empty when unknown.
    """
    bare = _SEPARATORS.sub("", number.upper())
    prefix = _PREFIX_OF.get(country.upper(), country.upper())
    return bare if not bare or not prefix or _has_prefix(bare, prefix) else prefix + bare


def is_plausible_vat_number(number: str, country: str) -> bool:
    """Whether form and check digits are those of the country the number names, or else of the customer's country.

    A number of a country that has no published check is taken as it is; no number at all is not plausible.

    Args:
        number: As a person typed it: dots, dashes and blanks do not count.
        country: ISO 3166-1 alpha-2 of the customer; only counts for a number without a country in front.
    """
    compact = compact_vat_number(number, country)
    if not compact:
        return False
    prefix = compact[:2]
    if prefix == "EL" or prefix.lower() in european.MEMBER_STATES:
        return european.is_valid(compact)
    check = _ELSEWHERE.get(prefix)
    if check is None:
        return True
    return check(compact[2:] if prefix in _WITHOUT_PREFIX else compact)


def _has_prefix(bare: str, prefix: str) -> bool:
    """Whether the number names a country: its own, or another one that numbers are known of.

    Two letters in front are not enough: numbers of Cyprus end and those of Ireland and Spain may begin with letters.
    """
    named = bare[:2]
    if named == prefix:
        return True
    known = named in _ELSEWHERE or named == "EL" or named.lower() in european.MEMBER_STATES
    return bool(_PREFIXED.match(bare)) and known
