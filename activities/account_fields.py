"""The fields that two connected accounts have beyond what their connectors declare, read now."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from activities.vendors import ConnectionBroken, Vendors
from connectors.errors import ConnectionRefused, RecordGone, RecordRefused
from connectors.flow_mapping import AccountFields, Field
from connectors.pairs import ORDERS
from connectors.protocols import OrderSource, ReadFrom
from mapping.fields import FieldKind
from store import Store

_RECENT = timedelta(days=30)
_FEW = 5


async def read_account_fields(store: Store, vendors: Vendors, workspace_id: str, flow_id: str) -> AccountFields:
    """What the mapper offers beside the declared fields of a flow; for orders, what a recent one has under ``raw``.

    Raises:
        VendorError: An account refuses us, or does not answer.
        SettingsRefused: The flow's settings do not fit (any more).
    """
    try:
        if (await store.flows.get(workspace_id, flow_id)).kind == ORDERS:
            orders = await vendors.open_flow(workspace_id, flow_id)
            return AccountFields(source=[*_members("raw", await _an_order(orders.source))])
        flow = await vendors.open_record_flow(workspace_id, flow_id)
    except ConnectionBroken as error:
        raise ConnectionRefused(error.problem.code, error.problem.sentence) from error
    return AccountFields(await flow.source.own_fields(), await flow.target.own_fields())


async def _an_order(source: OrderSource) -> Mapping[str, Any]:
    """The body of an order of the last weeks, or else of the first there is; empty when none can be read."""
    for since in (datetime.now(UTC) - _RECENT, None):
        page = await source.list_orders(ReadFrom(cursor=None, not_before=since, overlap=timedelta(0)), None, _FEW)
        for listed in page.orders:
            try:
                return (await source.read_order(listed.source_id, listed.header)).raw
            except (RecordGone, RecordRefused):
                continue
    return {}


def _members(path: str, body: Mapping[str, Any]) -> Iterator[Field]:
    """The single values in a body; lists have no name that a row could read."""
    for name, value in body.items():
        if isinstance(value, Mapping):
            yield from _members(f"{path}.{name}", value)
        elif not isinstance(value, list):
            place = f"{path}.{name}"
            title = place.partition(".")[2].replace(".", ": ").replace("_", " ")
            yield Field(place, title, _kind(value))


def _kind(value: Any) -> FieldKind:
    if isinstance(value, bool):
        return FieldKind.BOOLEAN
    return FieldKind.NUMBER if isinstance(value, int | float | Decimal) else FieldKind.TEXT
