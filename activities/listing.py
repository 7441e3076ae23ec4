"""An order as its source's list shows it, on its way into the ledger."""

from activities.vendors import OpenFlow
from connectors import exact_json
from connectors.protocols import ListedOrder
from store import PageEntry, SkipReason


def page_entry(flow: OpenFlow, order: ListedOrder) -> PageEntry:
    """What the ledger takes down of an order, and whether the flow's filters let it through as far as a list tells."""
    ready = flow.settings.orders.passes(
        reference=order.reference, status=order.status, payment=order.payment_status, payment_method=None
    )
    return PageEntry(
        source_id=order.source_id,
        reference=order.reference,
        fingerprint=order.fingerprint,
        header=exact_json.dumps(order.header).encode(),
        placed_at=order.placed_at,
        currency=order.currency,
        total=order.total,
        ready=ready,
        reason=None if ready else SkipReason.FILTERED,
    )
