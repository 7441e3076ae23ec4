"""Streets: one text at the source, up to two lines of fifty characters here, and back."""

import re
from typing import Final

from commerce.customer import Address
from connectors.eaccounting.api import Record
from connectors.eaccounting.text import clean, cut, length

LINE_LENGTH: Final = 50
STREET_LENGTH: Final = 2 * LINE_LENGTH - 1
"""What two lines hold together, with the hyphen of a word that has to be divided."""
_HYPHEN: Final = "-"
_NUMBERED: Final = re.compile(r"(?P<street>\S.*?)\s+(?P<number>\d{1,5}(?!\d))(?P<addition>(?:[\s/-]*[^\W_].*)?)")


def split_street(street: str) -> tuple[str, str]:
    """A street over two address lines, between words where the second line then holds the rest.

    What two lines cannot hold is cut off.
    """
    text = clean(street)
    if length(text) <= LINE_LENGTH:
        return text, ""
    head = cut(text, LINE_LENGTH)
    at = len(head) if text[len(head)] == " " else head.rfind(" ")
    tail = text[at:].strip()
    if at > 0 and length(tail) <= LINE_LENGTH:
        return text[:at].rstrip(), tail
    head = cut(text, LINE_LENGTH - 1)
    return head + _HYPHEN, cut(text[len(head) :].lstrip(), LINE_LENGTH)


def joined_street(first: str, second: str) -> str:
    """The street that was split over two lines; the first line alone when the second one is no continuation of it."""
    if not second:
        return first
    together = f"{first} {second}"
    if first.endswith(_HYPHEN) and split_street(first.removesuffix(_HYPHEN) + second) == (first, second):
        together = first.removesuffix(_HYPHEN) + second
    return together if split_street(together) == (first, second) else first


def read_address(record: Record, kind: str, name: str, *, company: bool) -> Address:
    """The ``Invoice…`` or ``Delivery…`` members of a customer or order as an address in parts.

    Args:
        record: The customer or order.
        kind: ``Invoice`` or ``Delivery``.
        name: Whose address it is.
        company: Whether that is a company's name.
    """
    first, second = (str(record.get(f"{kind}Address{line}") or "").strip() for line in (1, 2))
    joined = joined_street(first, second)
    line = joined if joined != first or not second else f"{first} {second}".strip()
    parts = _NUMBERED.fullmatch(line)
    return Address(
        name="" if company else name,
        company=name if company else "",
        street=parts["street"] if parts else line,
        number=parts["number"] if parts else "",
        addition=parts["addition"].strip(" -/") if parts else "",
        postcode=str(record.get(f"{kind}PostalCode") or "").strip(),
        city=str(record.get(f"{kind}City") or "").strip(),
        country=str(record.get(f"{kind}CountryCode") or "").strip().upper(),
    )
