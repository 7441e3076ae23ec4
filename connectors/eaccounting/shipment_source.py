"""Hand out what was shipped. The vendor has no shipments: a shipped order is one.

Source: Visma eAccounting API documentation, orders (September 2026). There is no tracking code either; people agree on
a place where they write it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from commerce.problems import Problem, ProblemCode
from commerce.record import Shipment
from connectors.client import VendorClient
from connectors.declaration import RecordSourceDeclaration
from connectors.eaccounting.api import Api, Record, moment
from connectors.eaccounting.changes import ChangeFeed, aware
from connectors.eaccounting.lookups import records_by_id
from connectors.eaccounting.time_zone import TimeZone
from connectors.eaccounting.tracking import TrackingPlace, row_text
from connectors.errors import RecordRefused
from connectors.protocols import ReadDeclaration, ReadFrom, RefusedListing
from connectors.records import RecordPage
from mapping.fields import Field as SourceField
from mapping.fields import FieldKind

_PATH: Final = "/orders"
_SHIPPED, _INVOICED = 3, 4
_CONDITION: Final = f"(Status eq {_SHIPPED} or Status eq {_INVOICED})"


class EAccountingShipments(BaseModel):
    """How shipped orders are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tracking_place: TrackingPlace = Field(
        default=TrackingPlace.TEXT_ROW,
        title="Place of the tracking code",
        description=(
            "The last word there that has a digit is the code, what stands before it is the carrier: “PostNL 3SABC123”."
        ),
    )
    tracking_word: str = Field(
        default="Track & trace:",
        min_length=1,
        max_length=50,
        title="Word before the tracking code",
        description="What a text row begins with that holds the code; the last such row counts.",
    )
    invoiced_is_shipped: bool = Field(
        default=False,
        title="Invoiced orders count as shipped",
        description="Also those that were invoiced without having been marked as shipped.",
    )
    reference_field: Literal["BuyersOrderReference", "YourReference"] = Field(
        default="BuyersOrderReference",
        title="Field for the order number",
        description="Where the shop's order number stands, as set for the orders flow.",
    )
    reference_prefix: str = Field(
        default="",
        max_length=15,
        title="Prefix of the order number",
        description="As set for the orders flow; orders without it are not the shop's.",
    )
    time_zone: TimeZone = Field(
        default="Europe/Amsterdam", title="Time zone", description="Of the company; its shipping dates have no time."
    )


class EAccountingShipmentRegister:
    """`RecordSource` of one company's shipped orders, oldest change first."""

    def __init__(self, client: VendorClient, settings: EAccountingShipments) -> None:
        self._api = Api(client)
        self._settings = settings
        self._feed = ChangeFeed(self._api, _PATH, "ModifiedUtc", "list shipped orders", _CONDITION)

    async def list_records(self, start: ReadFrom, page: str | None, size: int) -> RecordPage:
        """One page. Raises `Temporary` or `ConnectionRefused`."""
        read = await self._feed.read(start, page, size)
        shipments, refused = self._read(read.records)
        return RecordPage(shipments, cursor=read.cursor, next_page=read.next_page, refused=refused, total=read.total)

    async def read_records(self, source_ids: Sequence[str]) -> RecordPage:
        """Named orders; one whose shipment was taken back counts as removed."""
        found = await records_by_id(self._api, _PATH, source_ids, "read shipped orders")
        shipments, refused = self._read(list(found.values()))
        seen = {shipment.source_id for shipment in shipments} | {refusal.source_id for refusal in refused}
        return RecordPage(
            shipments, refused=refused, removed=[source_id for source_id in source_ids if source_id not in seen]
        )

    def cursor_at(self, moment_: datetime) -> str:
        """A time of change, as the vendor writes it."""
        return moment(moment_)

    async def own_fields(self) -> Sequence[SourceField]:
        """The vendor's own members of an order."""
        return [SourceField(f"raw.{name}", title) for name, title in _RAW.items()]

    def _read(self, orders: Sequence[Record]) -> tuple[list[Shipment], list[RefusedListing]]:
        shipments: list[Shipment] = []
        refused: list[RefusedListing] = []
        for order in orders:
            if not is_shipped(order, self._settings):
                continue
            try:
                shipments.append(read_shipment(order, self._settings))
            except RecordRefused as refusal:
                refused.append(RefusedListing(str(order["Id"]), refusal.problem.sentence, order))
        return shipments, refused


def is_shipped(order: Record, settings: EAccountingShipments) -> bool:
    """Whether the goods left the house; an order can be invoiced with its goods still there."""
    status = order.get("Status")
    if status == _INVOICED and not settings.invoiced_is_shipped:
        return bool(order.get("ShippedDateTime")) or any(_number(row, "DeliveredQuantity") for row in _rows(order))
    return status in {_SHIPPED, _INVOICED}


def read_shipment(order: Record, settings: EAccountingShipments) -> Shipment:
    """A shipped order.

    Raises:
        RecordRefused: Its date of shipping is malformed.
    """
    number = str(order.get("Number") or order["Id"])
    carrier, code = _tracking(order, settings)
    return Shipment(
        source_id=str(order["Id"]),
        reference=number,
        raw=order,
        order_id=str(order["Id"]),
        order_reference=shop_reference(order, settings.reference_field, settings.reference_prefix),
        shipped_at=_shipped_at(order, number, settings),
        carrier=carrier or (_delivery_method(order) if settings.tracking_place is not _METHOD else ""),
        tracking_code=code,
        complete=_is_complete(order),
    )


def shop_reference(order: Record, field: str, prefix: str) -> str:
    """The shop's order number; empty when the order carries none or another prefix."""
    stated = str(order.get(field) or "").strip()
    return stated.removeprefix(prefix) if stated.startswith(prefix) else ""


_METHOD: Final = TrackingPlace.DELIVERY_METHOD_NAME


def _tracking(order: Record, settings: EAccountingShipments) -> tuple[str, str]:
    """Carrier and code, whichever the agreed place holds."""
    match settings.tracking_place:
        case TrackingPlace.NONE:
            text = ""
        case TrackingPlace.OUR_REFERENCE:
            text = str(order.get("OurReference") or "")
        case TrackingPlace.DELIVERY_METHOD_NAME:
            text = _delivery_method(order)
        case TrackingPlace.TEXT_ROW:
            text = row_text(order, settings.tracking_word)
    words = text.split()
    at = next((at for at in reversed(range(len(words))) if any(sign.isdigit() for sign in words[at])), None)
    if at is None:
        return text.strip() if settings.tracking_place is _METHOD else "", ""
    return " ".join(words[:at]).strip(" :,-"), words[at]


def _shipped_at(order: Record, number: str, settings: EAccountingShipments) -> datetime:
    """The latest moment that fits what the vendor states, which is a date: its end, unless it is not over yet."""
    stated = str(order.get("ShippedDateTime") or "")
    try:
        changed = aware(str(order.get("ModifiedUtc") or stated))
        if not stated:
            return changed
        day = date.fromisoformat(stated[:10])
    except ValueError:
        raise RecordRefused(
            Problem(
                code=ProblemCode.MALFORMED_RECORD,
                field="ShippedDateTime",
                value=stated,
                sentence=(
                    f"Order {number}: eAccounting sent “{stated}” in ShippedDateTime where a date belongs. Correct the"
                    " order in eAccounting, and retry."
                ),
            )
        ) from None
    over = datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(settings.time_zone)).astimezone(UTC)
    return min(changed, over)


def _is_complete(order: Record) -> bool:
    """Whether nothing is left to ship; an order that was never delivered row by row went out as a whole."""
    delivered = [(_number(row, "DeliveredQuantity"), _number(row, "Quantity")) for row in _rows(order)]
    return not any(sent for sent, _ in delivered) or all(sent >= ordered for sent, ordered in delivered)


def _rows(order: Record) -> list[Record]:
    return [row for row in order.get("Rows") or () if row.get("ArticleId")]


def _number(row: Mapping[str, object], name: str) -> Decimal:
    return Decimal(str(row.get(name) or 0))


def _delivery_method(order: Record) -> str:
    return str(order.get("DeliveryMethodName") or order.get("DeliveryMethodCode") or "").strip()


_RAW: Final[Mapping[str, str]] = {
    "Number": "Order number",
    "OurReference": "Our reference",
    "YourReference": "Your reference",
    "BuyersOrderReference": "Buyer's order reference",
    "DeliveryMethodName": "Delivery method",
    "DeliveryMethodCode": "Code of the delivery method",
    "DeliveryTermName": "Delivery terms",
    "DeliveryDate": "Delivery date",
    "ShippedDateTime": "Shipping date",
    "Status": "Status",
}


def open_shipment_source(
    client: VendorClient, _connection: BaseModel, settings: BaseModel
) -> EAccountingShipmentRegister:
    """The source for one flow; ``settings`` is an `EAccountingShipments`."""
    return EAccountingShipmentRegister(client, EAccountingShipments.model_validate(settings))


SHIPMENT_SOURCE: Final = RecordSourceDeclaration(
    open=open_shipment_source,
    settings=EAccountingShipments,
    read=ReadDeclaration(cursor_field="ModifiedUtc", lag=timedelta(minutes=2), sees_changes=True),
    fields=(
        SourceField("order_reference", "Order number of the shop"),
        SourceField("order_id", "Id of the order"),
        SourceField("shipped_at", "Shipped at", FieldKind.MOMENT),
        SourceField("carrier", "Carrier"),
        SourceField("tracking_code", "Tracking code"),
        SourceField("complete", "Complete", FieldKind.BOOLEAN),
        SourceField("reference", "Order number here"),
    ),
)
