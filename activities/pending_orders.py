"""Pieces that the shop has sold and the source of the stock does not know of yet."""

from collections import defaultdict
from decimal import Decimal

from activities.vendors import ConnectionBroken, OpenFlow, OpenRecordFlow, Vendors
from commerce.order import LineKind, Order
from connectors import exact_json
from connectors.errors import RecordGone, RecordRefused
from connectors.order_flow import SettingsRefused
from store import FlowRecord, ItemRecord, Store
from workflows.messages import ORDERS


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
