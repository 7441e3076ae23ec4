"""Hand out the orders of a shop. Source: CCV Shop API documentation, orders and collections."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from commerce.order import Order
from commerce.problems import ProblemCode
from connectors import exact_json
from connectors.answers import Action, Answer
from connectors.ccvshop import order_body
from connectors.ccvshop.api import LARGEST_PAGE, ROOT, items_of, next_path, read_collection
from connectors.ccvshop.fields import Fields
from connectors.ccvshop.settings import CcvOrderSource
from connectors.ccvshop.statuses import CANCELLED, has_reached
from connectors.client import VendorClient
from connectors.errors import RecordGone, RecordRefused, Temporary
from connectors.protocols import ListedOrder, OrderPage, ReadFrom, RefusedListing

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


class CcvOrders:
    """`OrderSource` of one shop.

    Orders are listed by creation date, since the shop has no filter for changes; a completed order can also appear
    late, with the date of its basket.
    """

    def __init__(self, client: VendorClient, settings: CcvOrderSource) -> None:
        self._client = client
        self._settings = settings

    async def list_orders(self, start: ReadFrom, page: str | None, size: int) -> OrderPage:
        """One page, sorted by id; a page's position carries the newest date seen so far."""
        newest = start.cursor
        path, params = f"{ROOT}/orders/", _filters(start, size)
        if page is not None:
            newest, path = exact_json.loads(page)
            params = {}
        answer = await read_collection(self._client, path, params, operation="list orders")
        orders: list[ListedOrder] = []
        refused: list[RefusedListing] = []
        for header in items_of(answer):
            try:
                orders.append(_listed(header))
            except RecordRefused as refusal:
                refused.append(_refused(header, refusal))
        seen = [order.placed_at.strftime(_MOMENT) for order in orders]
        cursor = max([*([newest] if newest else []), *seen], default=None)
        following = next_path(answer)
        next_page = exact_json.dumps([cursor, following]) if following else None
        return OrderPage(orders, cursor, next_page, refused)

    def cursor_at(self, moment: datetime) -> str:
        """A creation date, written as the shop writes it."""
        return moment.astimezone(UTC).strftime(_MOMENT)

    async def list_orders_by_id(self, source_ids: Sequence[str]) -> OrderPage:
        """The headers of the named orders, one call each."""
        orders: list[ListedOrder] = []
        refused: list[RefusedListing] = []
        for source_id in source_ids:
            try:
                header = await self._header(source_id)
                orders.append(_listed(header))
            except RecordGone:
                continue
            except RecordRefused as refusal:
                refused.append(_refused({"id": source_id}, refusal))
        return OrderPage(orders, None, None, refused)

    async def read_order(self, source_id: str, header: Mapping[str, Any] | None) -> Order:
        """The order with all its lines.

        A listed header may be older than the lines: when they do not agree, it is read once more.
        """
        current = await self._header(source_id) if header is None else header
        rows = await self._rows(source_id)
        try:
            return order_body.read_order(current, rows, self._settings.cost_tax_rate)
        except RecordRefused as refusal:
            if header is None or refusal.problem.code is not ProblemCode.TOTALS_DIFFER:
                raise
        return order_body.read_order(await self._header(source_id), rows, self._settings.cost_tax_rate)

    async def mark_sent(self, source_id: str, status: str) -> None:
        """Set the status of an order unless it is there or further already; a cancelled order stays cancelled.

        Raises `RecordGone` when the order no longer exists.
        """
        current = Fields(f"Order {source_id}", await self._header(source_id)).text("status")
        if current == CANCELLED or has_reached(current, status):
            return
        operation = f"set the status of order {source_id}"
        body = {"status": int(status)}
        await self._client.write("PATCH", f"{ROOT}/orders/{source_id}/", body, operation=operation)

    async def _header(self, source_id: str) -> Mapping[str, Any]:
        header = await read_header(self._client, source_id)
        if header is None:
            raise RecordGone("order", source_id)
        return header

    async def _rows(self, source_id: str) -> list[Mapping[str, Any]]:
        operation = f"read the lines of order {source_id}"
        path: str | None = f"{ROOT}/orders/{source_id}/orderrows/"
        params: Mapping[str, str] | None = {"start": "0", "size": str(LARGEST_PAGE)}
        rows: dict[Any, Mapping[str, Any]] = {}
        while path:
            answer = await self._client.read("GET", path, params, operation=operation, accept={Action.GONE})
            _require_found(answer, source_id)
            for row in items_of(answer):
                rows.setdefault(row.get("id") or f"row {len(rows)}", row)
            path, params = next_path(answer), None
        return list(rows.values())


async def read_header(client: VendorClient, order_id: str) -> Mapping[str, Any] | None:
    """One order without its lines, as lists show it; None when it does not exist."""
    if not (order_id.isascii() and order_id.isdigit()):
        return None
    operation = f"read order {order_id}"
    answer = await client.read("GET", f"{ROOT}/orders/{order_id}/", operation=operation, accept={Action.GONE})
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return None
    if not isinstance(answer.body, dict):
        raise Temporary(f"CCV Shop did not send order {order_id}.")
    return answer.body


def _filters(start: ReadFrom, size: int) -> dict[str, str]:
    begin = start.not_before
    if start.cursor is not None:
        overlapped = datetime.fromisoformat(start.cursor) - start.overlap
        begin = max(overlapped, begin) if begin else overlapped
    filters = {"is_completed": "true", "orderby": "id", "start": "0", "size": str(min(size, LARGEST_PAGE))}
    if begin is not None:
        filters["min_create_date"] = begin.astimezone(UTC).strftime(_MOMENT)
    return filters


def _require_found(answer: Answer, source_id: str) -> None:
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise RecordGone("order", source_id)


def _listed(header: Mapping[str, Any]) -> ListedOrder:
    fields = order_body.header_fields(header)
    return ListedOrder(
        source_id=str(fields.whole_number("id")),
        reference=order_body.read_reference(fields),
        placed_at=fields.moment("create_date"),
        fingerprint=hashlib.sha256(exact_json.dumps(header).encode()).hexdigest(),
        status=fields.text("status"),
        payment_status=order_body.read_payment(fields),
        currency=fields.text("currency").upper(),
        total=fields.amount("total_price"),
        header=dict(header),
    )


def _refused(header: Mapping[str, Any], refusal: RecordRefused) -> RefusedListing:
    return RefusedListing(str(header.get("id") or ""), refusal.problem.sentence, dict(header))
