"""Find orders of the shop by our reference on them, for which the shop has no filter.

Our reference stands in ``reservationnumber``. Source: CCV Shop API documentation, orders (June 2022).
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.ccvshop.api import ROOT, pages
from connectors.ccvshop.fields import Fields
from connectors.client import VendorClient

REFERENCE: Final = "reservationnumber"
_BEFORE = timedelta(days=14)
"""How long before its date an order may have been sent, as one with a date in the future is."""
_OVERLAP = timedelta(minutes=10)
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


class OrderReferences:
    """The references of orders since some day; every question reads on from the last one, so it is up to date."""

    def __init__(self, client: VendorClient) -> None:
        self._client = client
        self._since: datetime | None = None
        self._newest: datetime | None = None
        self._ids: defaultdict[str, dict[str, None]] = defaultdict(dict)

    async def find(self, reference: str, placed_at: datetime) -> tuple[str, ...]:
        """The ids of the orders with a reference."""
        since = min(placed_at, datetime.now(UTC)) - _BEFORE
        if self._since is None or self._newest is None or since < self._since:
            self._ids.clear()
            self._since = self._newest = since
        params = {"is_completed": "true", "min_create_date": (self._newest - _OVERLAP).strftime(_MOMENT)}
        newest = self._newest
        async for items in pages(self._client, f"{ROOT}/orders/", params, operation="look for orders sent before"):
            for item in items:
                order = Fields(f"Order {item.get('id')}", item)
                newest = max(newest, order.moment("create_date"))
                if known_by := order.text(REFERENCE):
                    self._ids[known_by][order.text("id")] = None
        self._newest = newest
        return (*self._ids.get(reference, ()),)
