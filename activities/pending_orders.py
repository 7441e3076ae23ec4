"""Pieces that the target of the stock has sold, and that a figure of its source does not know of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from activities.listing import page_entry
from activities.vendors import OpenFlow, OpenRecordFlow, Vendors
from commerce.order import LineKind, Order
from connectors import exact_json
from connectors.errors import RecordGone, RecordRefused
from connectors.order_flow import SettingsRefused
from connectors.protocols import ReadFrom
from connectors.record_flow import StockFlowSettings
from store import FlowRecord, ItemRecord, ItemState, Store
from workflows.messages import ORDERS

_PAGES = 50
"""Pages of new orders that one step of the stock looks through; more than that is for the orders' own flow."""


@dataclass(frozen=True)
class Sale:
    """Pieces of one article in one order."""

    order: str
    """The order's item in the ledger."""
    pieces: Decimal
    booked_at: datetime | None
    """When the order got through to the source of the stock; None: it has not."""


@dataclass(frozen=True)
class Sold:
    """What sales mean for one figure."""

    missing: Decimal = Decimal(0)
    """Pieces that the figure does not count as sold: their order is under way, or got through after it was read."""
    orders: tuple[str, ...] = ()
    """All orders that name the article: each has moved the figure that the target itself keeps."""


@dataclass(frozen=True)
class Sales:
    """What the target of the stock has sold of late, by the SKU on the order lines."""

    of_article: Mapping[str, Sequence[Sale]] = field(default_factory=dict)

    def of(self, sku: str, read_at: datetime | None) -> Sold:
        """What they mean for the figure of an article that was read then."""
        sales = self.of_article.get(sku, ())
        missing = (sale.pieces for sale in sales if sale.booked_at is None or (read_at and sale.booked_at >= read_at))
        return Sold(sum(missing, Decimal(0)), tuple(sorted({sale.order for sale in sales})))


def takes_off_orders(flow: OpenRecordFlow) -> bool:
    """Whether a flow's figures are sent less what was sold of late."""
    common = flow.settings.common
    return isinstance(common, StockFlowSettings) and common.subtract_orders


async def recent_sales(
    store: Store, vendors: Vendors, workspace_id: str, stock: OpenRecordFlow, since: datetime
) -> Sales:
    """Sales in orders of the opposite direction that are not through yet, or got through since a moment.

    A sale counts from its own moment: orders that their flow has not listed yet are taken down here, and lines that
    were not read yet are read. Their flow hands them out at its next run, and reads on from its own place. Of a flow
    that is switched off, what is in the ledger counts. A second run changes nothing.
    """
    sales: defaultdict[str, list[Sale]] = defaultdict(list)
    for flow in await store.flows.list(workspace_id, stock.flow.integration_id):
        if not _brings_sales(flow, stock.flow):
            continue
        try:
            opened: OpenFlow | None = await vendors.open_flow(workspace_id, flow.id)
        except SettingsRefused:
            opened = None
        if opened is not None and flow.enabled:
            await _list_new_orders(store, workspace_id, opened)
        for item in await store.items.unfinished(workspace_id, flow.id, or_done_since=since):
            order = await _order_of(store, workspace_id, opened, item)
            booked_at = item.finished_at if item.state is ItemState.DONE else None
            for line in order.lines if order is not None else ():
                if line.kind is LineKind.PRODUCT and line.sku and line.quantity > 0:
                    sales[line.sku].append(Sale(item.id, line.quantity, booked_at))
    return Sales(sales)


def _brings_sales(flow: FlowRecord, stock: FlowRecord) -> bool:
    return (
        flow.kind == ORDERS
        and flow.source_connection_id == stock.target_connection_id
        and flow.target_connection_id == stock.source_connection_id
    )


async def _list_new_orders(store: Store, workspace_id: str, opened: OpenFlow) -> None:
    """Take down what is new, unless the flow is in its first read, or takes in so many orders per run and no more."""
    flow, settings = opened.flow, opened.settings.orders
    if (flow.cursor is None and flow.page is not None) or settings.amount_per_run is not None:
        return
    start = ReadFrom(cursor=flow.cursor, not_before=settings.start_at, overlap=opened.read.lag)
    page: str | None = None
    for _ in range(_PAGES):
        with opened.calling_source():
            listed = await opened.source.list_orders(start, page, settings.amount_per_read)
        entries = [page_entry(opened, order) for order in listed.orders]
        await store.items.save_entries(workspace_id, flow.id, entries, settings_version=flow.settings_version)
        page = listed.next_page
        if page is None:
            break


async def _order_of(store: Store, workspace_id: str, opened: OpenFlow | None, item: ItemRecord) -> Order | None:
    """The order; None for one that cannot be understood: it waits for a person under its own problem."""
    if item.body is not None:
        return Order.model_validate_json(item.body)
    if opened is None or item.state is ItemState.PARKED:
        return None
    try:
        with opened.calling_source():
            order = await opened.source.read_order(
                item.source_id, exact_json.loads(item.header) if item.header else None
            )
    except (RecordGone, RecordRefused):
        return None
    await store.items.save_body(workspace_id, item.id, order.model_dump_json().encode())
    return order
