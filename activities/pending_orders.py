"""Pieces that the target of the stock has sold and its source does not know of yet."""

from collections import defaultdict
from decimal import Decimal

from activities.listing import page_entry
from activities.vendors import ConnectionBroken, OpenFlow, OpenRecordFlow, Vendors
from commerce.order import LineKind, Order
from connectors import exact_json
from connectors.errors import RecordGone, RecordRefused
from connectors.order_flow import SettingsRefused
from connectors.protocols import ReadFrom
from store import FlowRecord, ItemRecord, Store
from workflows.messages import ORDERS

_PAGES = 5
"""Pages of new orders that one step of the stock looks through; more than that is for the orders' own flow."""


async def list_new_orders(store: Store, vendors: Vendors, workspace_id: str, stock: OpenRecordFlow) -> None:
    """Take down the opposite direction's orders that its flow has not listed yet: a sale counts from its own moment.

    Their flow hands them out at its next run, and reads on from its own place. One that is in the middle of its first
    read, or takes in so many orders per run and no more, is left to itself. A second run changes nothing.
    """
    for flow in await store.flows.list(workspace_id, stock.flow.integration_id):
        first_read = flow.cursor is None and flow.page is not None
        if first_read or not _brings_sales(flow, stock.flow):
            continue
        try:
            opened = await vendors.open_flow(workspace_id, flow.id)
        except SettingsRefused:
            continue
        settings = opened.settings.orders
        if settings.amount_per_run is not None:
            continue
        start = ReadFrom(cursor=flow.cursor, not_before=settings.start_at, overlap=opened.read.lag)
        page: str | None = None
        for _ in range(_PAGES):
            with opened.calling_source():
                listed = await opened.source.list_orders(start, page, settings.amount_per_read)
            entries = [page_entry(opened, order) for order in listed.orders]
            await store.items.save_entries(
                workspace_id, flow.id, entries, settings_version=opened.flow.settings_version
            )
            page = listed.next_page
            if page is None:
                break


async def pieces_on_their_way(
    store: Store, vendors: Vendors, workspace_id: str, stock: OpenRecordFlow
) -> dict[str, Decimal]:
    """Pieces by the SKU on the order lines, in orders of the opposite direction that are not through yet.

    An order whose lines were not read yet is read now, so that a sale counts from the moment its order is listed.
    """
    pieces: defaultdict[str, Decimal] = defaultdict(Decimal)
    for flow in await store.flows.list(workspace_id, stock.flow.integration_id):
        if not _brings_sales(flow, stock.flow):
            continue
        for item in await store.items.unfinished(workspace_id, flow.id):
            order = await _order_of(store, vendors, workspace_id, flow, item)
            for line in order.lines if order is not None else ():
                if line.kind is LineKind.PRODUCT and line.sku and line.quantity > 0:
                    pieces[line.sku] += line.quantity
    return dict(pieces)


def _brings_sales(flow: FlowRecord, stock: FlowRecord) -> bool:
    return (
        flow.kind == ORDERS
        and flow.enabled
        and flow.source_connection_id == stock.target_connection_id
        and flow.target_connection_id == stock.source_connection_id
    )


async def _order_of(
    store: Store, vendors: Vendors, workspace_id: str, flow: FlowRecord, item: ItemRecord
) -> Order | None:
    """The order; None for one that cannot be understood: it waits for a person under its own problem."""
    if item.body is not None:
        return Order.model_validate_json(item.body)
    try:
        opened: OpenFlow = await vendors.open_flow(workspace_id, flow.id)
        with opened.calling_source():
            order = await opened.source.read_order(
                item.source_id, exact_json.loads(item.header) if item.header else None
            )
    except (RecordGone, RecordRefused, SettingsRefused, ConnectionBroken):
        return None
    await store.items.save_body(workspace_id, item.id, order.model_dump_json().encode())
    return order
