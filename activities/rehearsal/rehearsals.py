"""Rehearsals of all kinds of flow, for who asks what would happen."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from activities.failures import problem_of
from activities.rehearsal.comparing import Mapped, compared, flat, mapped_order, mapped_record
from activities.rehearsal.order_previews import OrderPreview
from activities.rehearsal.record_previews import RecordPreview
from activities.vendors import ConnectionBroken, Vendors
from commerce.order import Order
from connectors.errors import ConnectionRefused, RecordGone, RecordRefused
from connectors.order_flow import parse_order_flow
from connectors.record_flow import parse_record_flow
from connectors.records import RecordKind
from connectors.registry import connector
from connectors.rehearsal import RehearsalLog
from connectors.rehearsed import BackTest, Preview, PreviewWish, VersionDifference
from store import ItemRecord, Store
from workflows.messages import ORDERS


class LedgerRehearsals:
    """`connectors.rehearsed.Rehearsals` over the store and the open connectors."""

    def __init__(self, store: Store, vendors: Vendors) -> None:
        self._store = store
        self._vendors = vendors

    async def preview(self, workspace_id: str, flow_id: str, wish: PreviewWish) -> Preview:
        """See `Rehearsals.preview`."""
        flow, log = await self._store.flows.get(workspace_id, flow_id), RehearsalLog()
        tried = self._store.rehearsing()
        with _as_refusal():
            if flow.kind == ORDERS:
                orders = await self._vendors.open_flow(workspace_id, flow_id, recording=log)
                return await OrderPreview(tried, workspace_id, orders, log).of(wish)
            records = await self._vendors.open_record_flow(workspace_id, flow_id, recording=log)
            return await RecordPreview(tried, workspace_id, records, log).of(wish, self._vendors)

    async def back_test(
        self, workspace_id: str, flow_id: str, rows: Sequence[Mapping[str, Any]], count: int
    ) -> BackTest:
        """See `Rehearsals.back_test`."""
        items = await self._store.rehearsing().items.newest(workspace_id, flow_id, count)
        flow = await self._store.flows.get(workspace_id, flow_id)
        source, target = [
            connector((await self._store.connections.get(workspace_id, connection_id)).system)
            for connection_id in (flow.source_connection_id, flow.target_connection_id)
        ]
        changed = {**flow.settings, "shared": flow.shared, "mapping": list(rows)}
        values, log = await self._store.value_maps.values(workspace_id, flow_id), RehearsalLog()
        read = [item for item in items if item.body is not None]
        with _as_refusal():
            if flow.kind == ORDERS:
                orders = await self._vendors.open_flow(workspace_id, flow_id, recording=log)
                new_orders = replace(orders, settings=parse_order_flow(source, target, changed))
                found = [
                    compared(item, mapped_order(orders, item, values), mapped_order(new_orders, item, values))
                    for item in read
                ]
            else:
                records = await self._vendors.open_record_flow(workspace_id, flow_id, recording=log)
                settings = parse_record_flow(source, target, RecordKind(flow.kind), changed)
                new = replace(records, settings=settings)
                found = [
                    compared(item, mapped_record(records, item, values), mapped_record(new, item, values))
                    for item in read
                ]
        return BackTest(found, unread=len(items) - len(read))

    async def difference(self, workspace_id: str, item_id: str, as_it_was: int) -> VersionDifference:
        """See `Rehearsals.difference`."""
        item = await self._store.items.get(workspace_id, item_id, with_bodies=True)
        flow = await self._store.flows.get(workspace_id, item.flow_id)
        made = self._order if flow.kind == ORDERS else self._record
        with _as_refusal():
            before = await made(workspace_id, item, as_it_was)
            after = await made(workspace_id, item, flow.settings_version)
        return VersionDifference(as_it_was, flow.settings_version, compared(item, before, after))

    async def _record(self, workspace_id: str, item: ItemRecord, version: int) -> Mapped:
        flow = await self._vendors.open_record_flow(
            workspace_id, item.flow_id, version=version, recording=RehearsalLog()
        )
        values = flow.values
        if values is None:
            values = await self._store.value_maps.values(workspace_id, item.flow_id)
        return mapped_record(flow, item, values)

    async def _order(self, workspace_id: str, item: ItemRecord, version: int) -> Mapped:
        """All that would be sent for an order that the target does not have: buyer, articles, document."""
        log = RehearsalLog()
        flow = await self._vendors.open_flow(workspace_id, item.flow_id, version=version, recording=log)
        preview = OrderPreview(self._store.rehearsing(), workspace_id, flow, log)
        try:
            order = await _order_of(preview, item)
            prepared = await preview.prepared(preview.stage(item.source_id, item.reference), order)
            before = log.take()
            document, _ = await preview.pushed(prepared, None)
        except (RecordRefused, RecordGone) as error:
            return Mapped(problem=problem_of(error, item.source_id).sentence)
        fields = flat(document)
        for call in before:
            fields |= {f"{call.operation}: {name}": value for name, value in flat(call.body).items()}
        return Mapped(fields)


async def _order_of(preview: OrderPreview, item: ItemRecord) -> Order:
    """The order as its source has it now, as a retry would read it; the stored one when it is gone there."""
    try:
        return await preview.read(item.source_id)
    except RecordGone:
        if item.body is None:
            raise
        return Order.model_validate_json(item.body)


@contextlib.contextmanager
def _as_refusal() -> Iterator[None]:
    """A broken connection in the connectors' terms; a rehearsal does not mark it."""
    try:
        yield
    except ConnectionBroken as error:
        raise ConnectionRefused(error.problem.code, error.problem.sentence) from error
