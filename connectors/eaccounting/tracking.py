"""Where a tracking code stands on an order. The vendor has no field for it; people agree on a place.

Source: Visma eAccounting API documentation, orders (September 2026).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from connectors.eaccounting.api import Record


class TrackingPlace(StrEnum):
    """Where people write the tracking code on an order."""

    NONE = "none"
    OUR_REFERENCE = "our_reference"
    TEXT_ROW = "text_row"
    DELIVERY_METHOD_NAME = "delivery_method_name"


def row_text(order: Record, word: str) -> str:
    """What stands behind the word on the last text row that begins with it; empty where none does."""
    row = _tracking_row(order, word)
    return "" if row is None else str(row["Text"]).strip()[len(word.strip()) :].strip()


def rows_with(order: Record, word: str, text: str) -> list[Record]:
    """The order's rows with a text behind the word: on the row that begins with it, else on a new last one."""
    rows: list[Record] = list(order.get("Rows") or ())
    line = f"{word.strip()} {text}"
    present = _tracking_row(order, word)
    if present is not None:
        return [{**row, "Text": line} if row is present else row for row in rows]
    added = {
        "LineNumber": max((int(row.get("LineNumber") or 0) for row in rows), default=0) + 1,
        "IsTextRow": True,
        "Text": line,
        "IsWorkCost": False,
        "EligibleForReverseChargeOnVat": False,
    }
    return [*rows, added]


def _tracking_row(order: Record, word: str) -> Mapping[str, Any] | None:
    wanted = word.strip().casefold()
    for row in reversed(order.get("Rows") or ()):
        if row.get("IsTextRow") and str(row.get("Text") or "").strip().casefold().startswith(wanted):
            found: Mapping[str, Any] = row
            return found
    return None
