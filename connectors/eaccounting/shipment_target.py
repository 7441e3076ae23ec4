"""Ship orders of the books once they were sent elsewhere. Source: Visma eAccounting API documentation, orders.

The vendor has no shipments: an ongoing order is shipped as a whole, by an action of its own (September 2026). Drafts
cannot be shipped, invoices and quotes have no shipping at all.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from commerce.problems import Problem, ProblemCode
from connectors.client import VendorClient
from connectors.declaration import RecordTargetDeclaration
from connectors.eaccounting.api import Api, Record, quoted
from connectors.eaccounting.lookups import batches, records_by_id
from connectors.eaccounting.order_reading import reference_of
from connectors.eaccounting.text import TEXT_ROW_LENGTH
from connectors.eaccounting.tracking import TrackingPlace, row_text, rows_with
from connectors.errors import RecordGone, RecordRefused
from connectors.protocols import Identifier
from connectors.records import Change, Existing, Key, Removal, Written
from mapping.fields import Field
from mapping.rules import Rule

_PATH: Final = "/orders"
_DRAFT, _SHIPPED = "1", "3"
_STATUS, _ROW = "Status", "Rows.Text"
_PLACES: Final[Mapping[TrackingPlace, str]] = {
    TrackingPlace.OUR_REFERENCE: "OurReference",
    TrackingPlace.TEXT_ROW: _ROW,
    TrackingPlace.DELIVERY_METHOD_NAME: "DeliveryMethodName",
}
_CARRIER_AND_CODE: Final = (
    '(concat(carrier | lookup("carrier", carrier), " ", tracking_code) | trim) if tracking_code else none'
)


class EAccountingShipmentTarget(BaseModel):
    """How orders are shipped in the books."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tracking_place: TrackingPlace = Setting(
        default=TrackingPlace.TEXT_ROW,
        title="Place of the tracking code",
        description="Where carrier and code are written before the order is shipped: “PostNL 3SABC123”.",
    )
    tracking_word: str = Setting(
        default="Track & trace:",
        min_length=1,
        max_length=50,
        title="Word before the tracking code",
        description="What a text row begins with that holds the code; such a row is changed, or else added.",
    )
    reference_field: Literal["BuyersOrderReference", "YourReference"] = Setting(
        default="BuyersOrderReference",
        title="Field for the order number",
        description="Where the shop's order number stands, as set for the orders flow.",
    )
    reference_prefix: str = Setting(
        default="",
        max_length=15,
        title="Prefix of the order number",
        description="As set for the orders flow.",
    )


FIELDS: Final = (
    Field(_STATUS, "Status", description="3 ships the order; no other can be set."),
    Field(_ROW, "Text row with the tracking code", max_length=TEXT_ROW_LENGTH - 51),
    Field("OurReference", "Our reference", max_length=100),
    Field("DeliveryMethodName", "Delivery method", max_length=50),
)


def shipment_rules(settings: BaseModel) -> tuple[Rule, ...]:
    """The status once the shipment is complete, carrier and code at the place that was agreed on."""
    place = _PLACES.get(EAccountingShipmentTarget.model_validate(settings).tracking_place)
    tracking = (Rule(target=place, expression=_CARRIER_AND_CODE),) if place else ()
    return (Rule(target=_STATUS, expression=f'"{_SHIPPED}" if complete else none'), *tracking)


class EAccountingShipments:
    """`RecordTarget` of shipments: the orders they belong to, which must exist."""

    def __init__(self, client: VendorClient, settings: EAccountingShipmentTarget) -> None:
        self._api = Api(client)
        self._settings = settings

    async def find(self, keys: Sequence[Key], by: Identifier) -> Mapping[str, Existing | Problem]:  # noqa: ARG002
        """By id where it is known, else by the shop's order number; many orders with one call."""
        known = [key for key in keys if key.target_id]
        orders = await records_by_id(self._api, _PATH, [key.target_id for key in known], "find orders")
        found: dict[str, Existing | Problem] = {
            key.source_id: self._existing(orders[key.target_id]) for key in known if key.target_id in orders
        }
        unknown = [key for key in keys if not key.target_id]
        return {**found, **(await self._by_reference(unknown) if unknown else {})}

    def same(self, field: str, held: Any, wanted: Any) -> bool:
        """Whether an order needs no change: it is shipped or invoiced already, or has the code with any carrier."""
        if field == _STATUS:
            return str(held) >= str(wanted)
        return _code(held) == _code(wanted)

    async def write(self, changes: Sequence[Change]) -> Sequence[Written]:
        """Write the code, then ship; one order after another. What is shipped already is not shipped again."""
        return [await self._settled(change) for change in changes]

    async def remove(self, existing: Existing, removal: Removal) -> None:
        """Nothing: what was shipped stays shipped."""

    async def own_fields(self) -> Sequence[Field]:
        """None: all orders have the same members."""
        return ()

    async def _settled(self, change: Change) -> Written:
        existing = change.existing
        if existing is None:
            return Written(change.source_id, problem=_no_such_order(change.key.details.get("order_reference", "")))
        problem: Problem | None = None
        notes: tuple[str, ...] = ()
        try:
            notes = await self._write(change.reference, existing, change.values)
        except RecordRefused as refusal:
            problem = refusal.problem
        except RecordGone:
            problem = _no_such_order(change.key.details.get("order_reference", ""))
        return Written(change.source_id, existing.target_id, existing.number, problem, notes)

    async def _write(self, reference: str, existing: Existing, values: Mapping[str, Any]) -> tuple[str, ...]:
        wanted = dict(values)
        status = wanted.pop(_STATUS, None)
        if existing.values[_STATUS] == _DRAFT:
            raise RecordRefused(_is_draft(reference, existing))
        if status not in {None, _SHIPPED}:
            raise RecordRefused(_not_a_step(existing, str(status)))
        notes = await self._write_code(existing, wanted) if wanted else ()
        if status is not None:
            await self._ship(existing)
        return notes

    async def _write_code(self, existing: Existing, wanted: Mapping[str, Any]) -> tuple[str, ...]:
        order = await self._api.get(f"{_PATH}/{existing.target_id}", "read an order")
        members = {name: text for name, text in wanted.items() if name != _ROW}
        if _ROW in wanted:
            members["Rows"] = rows_with(order, self._settings.tracking_word, wanted[_ROW])
        operation = f"write the tracking code on order {existing.number}"
        # The whole order is replaced, so everything it had is sent along.
        try:
            await self._api.put(f"{_PATH}/{existing.target_id}", operation, {**order, **members})
        except RecordRefused as refusal:
            if str(order.get(_STATUS)) < _SHIPPED:
                raise
            raise RecordRefused(_shipped_before(existing, wanted)) from refusal
        held = self._existing(order).values
        return tuple(
            f"{field.title} “{held[field.name]}” of order {existing.number} was replaced."
            for field in FIELDS
            if wanted.get(field.name) and held[field.name]
        )

    async def _ship(self, existing: Existing) -> None:
        operation = f"ship order {existing.number}"
        try:
            await self._api.post(f"{_PATH}/{existing.target_id}/completed", operation, {})
        except RecordRefused:
            order = await self._api.get(f"{_PATH}/{existing.target_id}", "read an order")
            if str(order.get(_STATUS)) < _SHIPPED:
                raise

    async def _by_reference(self, keys: Sequence[Key]) -> Mapping[str, Existing | Problem]:
        member = self._settings.reference_field
        wanted = {key.source_id: self._reference(key) for key in keys}
        carrying: dict[str, list[Record]] = {}
        for order in await self._search(member, sorted({full for full in wanted.values() if full})):
            carrying.setdefault(str(order.get(member) or "").strip(), []).append(order)
        found: dict[str, Existing | Problem] = {}
        for key in keys:
            orders = carrying.get(wanted[key.source_id], []) if wanted[key.source_id] else []
            if not orders:
                found[key.source_id] = _no_such_order(wanted[key.source_id])
            elif len(orders) > 1:
                found[key.source_id] = _several(wanted[key.source_id], member, orders)
            else:
                found[key.source_id] = self._existing(orders[0])
        return found

    async def _search(self, member: str, references: Sequence[str]) -> list[Record]:
        operation = "find orders by the shop's number"
        orders: dict[str, Record] = {}
        for batch in batches([f"{member} eq {quoted(reference)}" for reference in references]):
            found = await self._api.search(_PATH, operation, " or ".join(batch))
            if found is None:
                # Where the server cannot filter by this member, one reading of the list serves all.
                return await self._api.records(_PATH, operation)
            orders |= {str(order["Id"]): order for order in found}
        return list(orders.values())

    def _reference(self, key: Key) -> str:
        reference = key.details.get("order_reference", "").strip()
        return f"{self._settings.reference_prefix}{reference}" if reference else ""

    def _existing(self, order: Record) -> Existing:
        values = {
            _STATUS: str(order.get(_STATUS) or ""),
            _ROW: row_text(order, self._settings.tracking_word),
            "OurReference": str(order.get("OurReference") or ""),
            "DeliveryMethodName": str(order.get("DeliveryMethodName") or ""),
        }
        return Existing(str(order["Id"]), reference_of(order), values, order)


def _code(text: Any) -> str:
    """The last word when it is a code, so that another name of the carrier is no difference; else the whole text."""
    folded = str(text or "").casefold().strip()
    last = folded.rpartition(" ")[2]
    return last if any(sign.isdigit() for sign in last) else folded


def _no_such_order(reference: str) -> Problem:
    named = f"has no order with the number “{reference}”" if reference else "cannot tell which order it is of"
    return Problem(
        code=ProblemCode.RECORD_GONE,
        field="order",
        value=reference,
        sentence=(
            f"A shipment of order {reference or 'without a number'}: eAccounting {named}. Let the orders flow send it"
            " as an order (an invoice cannot be shipped) and retry, or skip the shipment."
        ),
    )


def _several(reference: str, member: str, orders: Sequence[Record]) -> Problem:
    numbers = ", ".join(sorted(reference_of(order) for order in orders))
    return Problem(
        code=ProblemCode.AMBIGUOUS_MATCH,
        field=member,
        value=reference,
        sentence=(
            f"Several orders in eAccounting carry the shop's number “{reference}” ({numbers}). Leave the number on"
            " one of them only, and retry."
        ),
    )


def _is_draft(reference: str, existing: Existing) -> Problem:
    return Problem(
        code=ProblemCode.INVALID_VALUE,
        field=_STATUS,
        value=existing.number,
        sentence=(
            f"Order {reference} was shipped, but in eAccounting it is a draft ({existing.number}), which cannot be"
            " shipped. Make an order of it there and retry, or skip the shipment."
        ),
    )


def _not_a_step(existing: Existing, status: str) -> Problem:
    return Problem(
        code=ProblemCode.INVALID_VALUE,
        field=_STATUS,
        value=status,
        sentence=(
            f"Order {existing.number} cannot be given status “{status}” in eAccounting: a shipment only sets"
            f" {_SHIPPED}. Correct the rule in the flow's mapping, and retry."
        ),
    )


def _shipped_before(existing: Existing, wanted: Mapping[str, Any]) -> Problem:
    text = ", ".join(str(value) for value in wanted.values())
    return Problem(
        code=ProblemCode.REFUSED_BY_TARGET,
        field="tracking_code",
        value=text,
        sentence=(
            f"Order {existing.number}: the tracking code “{text}” came after the order was shipped, and eAccounting"
            " lets no one change it then. Pass the code on by hand and skip the shipment, or take the shipment back in"
            " eAccounting and retry."
        ),
    )


def _open(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> EAccountingShipments:
    return EAccountingShipments(client, EAccountingShipmentTarget.model_validate(settings))


SHIPMENT_TARGET: Final = RecordTargetDeclaration(
    open=_open,
    settings=EAccountingShipmentTarget,
    fields=FIELDS,
    mapping=shipment_rules(EAccountingShipmentTarget()),
    mapping_for=shipment_rules,
    settle=timedelta(seconds=30),
    creates=False,
    shared=True,
)
