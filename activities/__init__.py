"""Act: one page or one item at a time, each safe to run twice."""

from collections.abc import Callable
from typing import Any

from activities.flows import FlowActivities
from activities.orders import OrderActivities
from activities.records import RecordActivities
from activities.stage import Stages
from activities.vendors import Vendors
from store import Store


def activities(store: Store, vendors: Vendors) -> list[Callable[..., Any]]:
    """All activities, composed with the database and the open connectors they work on."""
    flows = FlowActivities(store, vendors)
    orders = OrderActivities(store, Stages(store, vendors))
    return [
        flows.fetch_orders,
        RecordActivities(store, vendors).sync_records,
        flows.resync_flow,
        flows.release_items,
        orders.find_order,
        orders.ensure_customer,
        orders.ensure_products,
        orders.create_document,
        orders.park_order,
    ]


__all__ = ["Vendors", "activities"]
