"""What every step of an order stands on: its flow opened, its place in the ledger, its calls recorded, its pulse."""

import contextlib
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from temporalio import activity

from activities.failures import order_failures
from activities.heartbeat import beating
from activities.vendors import OpenFlow, Scene, Vendors, on_scene
from commerce.order import Order
from connectors import exact_json
from store import FlowRecord, ItemRecord, Store
from workflows.messages import FlowRef, OrderInput


@dataclass
class Stage:
    """One step of one order, under way."""

    store: Store
    flow: OpenFlow
    input: OrderInput
    item: ItemRecord

    @property
    def workspace_id(self) -> str:
        """The owner."""
        return self.input.workspace_id

    @property
    def flow_id(self) -> str:
        """The flow the order is on its way through."""
        return self.flow.flow.id

    def listed(self) -> dict[str, Any] | None:
        """The order as the source's list showed it, while that is fresh."""
        header: dict[str, Any] | None = exact_json.loads(self.item.header) if self.item.header else None
        return header

    async def values(self) -> Mapping[str, Mapping[str, str]]:
        """The flow's value tables: today's, or those of the version that the order is to be sent with."""
        if self.flow.values is not None:
            return self.flow.values
        return await self.store.value_maps.values(self.workspace_id, self.flow_id)

    def order(self) -> Order:
        """The order as the first step read it from the source."""
        if self.item.body is None:
            raise LookupError("the first step has not stored the order")
        return Order.model_validate_json(self.item.body)


@dataclass(frozen=True)
class Stages:
    """Sets the stage for the steps."""

    store: Store
    vendors: Vendors

    @contextlib.asynccontextmanager
    async def set(self, order: OrderInput, *, begin: bool = False) -> AsyncIterator[Stage]:
        """Open the flow and load the item; what the body raises becomes what Temporal does next."""
        async with order_failures(self.store, order), beating():
            if begin:
                item = await self.store.items.begin(order.workspace_id, order.item_id)
            else:
                item = await self.store.items.get(order.workspace_id, order.item_id, with_bodies=True)
            flow = await self.vendors.open_flow(order.workspace_id, order.flow_id, version=item.pinned_version)
            with on_scene(scene_of(order, flow.flow, order.item_id)):
                yield Stage(self.store, flow, order, item)


def scene_of(ref: FlowRef, flow: FlowRecord, item_id: str | None = None) -> Scene:
    """What the activity at work calls vendors for; without an item, a whole page."""
    info = activity.info()
    return Scene(
        workspace_id=ref.workspace_id,
        flow_id=ref.flow_id,
        item_id=item_id,
        step=info.activity_type,
        attempt=info.attempt,
        settings_version=flow.settings_version,
    )


def content_hash(*parts: str) -> str:
    """A short digest of what would be sent; keyed by the store before it is kept."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
