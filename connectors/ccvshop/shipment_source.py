"""Hand out what was shipped. Source: CCV Shop API documentation, orders (June 2022).

The shop has no shipments: an order that left the house has another status, one tracking code and one carrier. Neither
is there a filter for changes, nor does an order say when it was shipped.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, StringConstraints
from pydantic import Field as Setting

from commerce.record import Shipment
from connectors.ccvshop.api import LARGEST_PAGE, ROOT, items_of, next_path, read_collection
from connectors.ccvshop.order_body import header_fields, read_reference
from connectors.ccvshop.orders import read_header
from connectors.ccvshop.statuses import SENT
from connectors.client import VendorClient
from connectors.declaration import RecordSourceDeclaration
from connectors.errors import RecordRefused
from connectors.protocols import ReadDeclaration, ReadFrom, RefusedListing
from connectors.records import RecordPage
from mapping.fields import Field, FieldKind

_MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"
_DELIVERED, _COMPLETED = "6", "7"
_Status = Annotated[str, StringConstraints(pattern="^([1-79]|1[0-4])$")]


class CcvShipmentSource(BaseModel):
    """How shipped orders of this shop are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shipped_statuses: tuple[_Status, ...] = Setting(
        default=(SENT, _DELIVERED, _COMPLETED),
        min_length=1,
        title="Statuses of a shipped order",
        description="An order with one of them has left the house, as a whole: the shop knows no parts of it.",
        json_schema_extra={"choices": "statuses"},
    )
    look_back_days: int = Setting(
        default=30,
        ge=1,
        le=365,
        title="Days to look back",
        description="Orders placed before are not looked at any more; the shop does not say which of them changed.",
    )


class CcvShippedOrders:
    """`RecordSource` of shipped orders. The shop tells no changes, so every read is of all recent orders."""

    def __init__(self, client: VendorClient, settings: CcvShipmentSource) -> None:
        self._client = client
        self._settings = settings

    async def list_records(self, start: ReadFrom, page: str | None, size: int) -> RecordPage:
        """One page by id; the position is the address of the next page. A start date is that of the order."""
        asked = None if page else self._filters(start, size)
        answer = await read_collection(self._client, page or f"{ROOT}/orders/", asked, operation="list shipped orders")
        shipments, refused = self._understood(items_of(answer))
        return RecordPage(shipments, next_page=next_path(answer), refused=refused)

    async def read_records(self, source_ids: Sequence[str]) -> RecordPage:
        """The named orders, one call each; one whose status was taken back counts as removed."""
        orders = [
            order for source_id in source_ids if (order := await read_header(self._client, source_id)) is not None
        ]
        shipments, refused = self._understood(orders)
        seen = {shipment.source_id for shipment in shipments} | {refusal.source_id for refusal in refused}
        return RecordPage(
            shipments, refused=refused, removed=[source_id for source_id in source_ids if source_id not in seen]
        )

    def cursor_at(self, _moment: datetime) -> None:
        """None: every read is of all recent orders."""

    async def own_fields(self) -> Sequence[Field]:
        """The shop's own members of an order."""
        return [Field(f"raw.{name}", title) for name, title in _RAW.items()]

    def _filters(self, start: ReadFrom, size: int) -> dict[str, str]:
        since = datetime.now(UTC) - timedelta(days=self._settings.look_back_days)
        if start.not_before is not None:
            since = max(since, start.not_before.astimezone(UTC))
        return {
            "is_completed": "true",
            "min_create_date": since.strftime(_MOMENT),
            "orderby": "id",
            "start": "0",
            "size": str(min(size, LARGEST_PAGE)),
        }

    def _understood(self, orders: Sequence[Mapping[str, Any]]) -> tuple[list[Shipment], list[RefusedListing]]:
        shipments: list[Shipment] = []
        refused: list[RefusedListing] = []
        for order in orders:
            try:
                if header_fields(order).text("status") in self._settings.shipped_statuses:
                    shipments.append(read_shipment(order))
            except RecordRefused as refusal:
                refused.append(RefusedListing(str(order.get("id") or ""), refusal.problem.sentence, dict(order)))
        return shipments, refused


def read_shipment(order: Mapping[str, Any]) -> Shipment:
    """A shipped order. Its reference is the shop's own number, also when it came from elsewhere.

    Raises:
        RecordRefused: A member is malformed.
    """
    fields = header_fields(order)
    source_id, reference = str(fields.whole_number("id")), read_reference(fields)
    return Shipment(
        source_id=source_id,
        reference=reference,
        raw=dict(order),
        order_id=source_id,
        order_reference=reference,
        carrier=fields.text("track_and_trace_carrier"),
        tracking_code=fields.text("track_and_trace_code"),
    )


_RAW: Final[Mapping[str, str]] = {
    "status": "Status",
    "deliver_method": "Delivery",
    "deliver_date": "Delivery date",
    "reservationnumber": "Reservation number",
    "paid": "Paid",
    "paymethod": "Payment method",
    "create_date": "Placed at",
}


def _open(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> CcvShippedOrders:
    return CcvShippedOrders(client, CcvShipmentSource.model_validate(settings))


SHIPMENT_SOURCE: Final = RecordSourceDeclaration(
    open=_open,
    settings=CcvShipmentSource,
    read=ReadDeclaration(cursor_field="", lag=timedelta(0), sees_changes=False),
    fields=(
        Field("order_reference", "Order number"),
        Field("order_id", "Id of the order"),
        Field("carrier", "Carrier"),
        Field("tracking_code", "Tracking code"),
        Field("complete", "Complete", FieldKind.BOOLEAN, description="Always: the shop knows no parts of an order."),
        Field("reference", "Order number here"),
    ),
    value_tables={"carrier": "carriers"},
    schedule="*/15 * * * *",
)
