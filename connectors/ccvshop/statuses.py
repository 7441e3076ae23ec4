"""The numbers of an order's status, and which of them are behind others. Source: CCV Shop API documentation, orders."""

from collections.abc import Mapping
from typing import Final

STATUSES: Final[Mapping[str, str]] = {
    "1": "New",
    "2": "In process",
    "3": "Waiting for manufacturer",
    "4": "Waiting for payment",
    "5": "Sent",
    "6": "Delivered",
    "7": "Completed",
    "8": "Cancelled",
    "9": "Waiting for supplier",
    "10": "Being packaged",
    "11": "Ready to be collected",
    "12": "Being assembled",
    "13": "Back order",
    "14": "Reserved",
}
SENT: Final = "5"
CANCELLED: Final = "8"
STATUS_PATTERN: Final = "^([1-9]|1[0-4])?$"
_AT_THE_END: Final = ("5", "6", "7")


def has_reached(current: str, wanted: str) -> bool:
    """Whether an order needs no change to have been in a status: it is there, or further on its way to the customer."""
    if current == wanted:
        return True
    if wanted in _AT_THE_END:
        return current in _AT_THE_END and _AT_THE_END.index(current) > _AT_THE_END.index(wanted)
    return current in _AT_THE_END
