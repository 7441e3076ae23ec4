"""Tell the shop that an order left the house. Source: CCV Shop API documentation, orders.

The shop has no shipments: an order carries one tracking code, one carrier and its status.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from commerce.problems import Problem, ProblemCode
from connectors.ccvshop.api import LARGEST_PAGE, ROOT, pages
from connectors.ccvshop.order_body import header_fields
from connectors.ccvshop.orders import read_header
from connectors.ccvshop.statuses import CANCELLED, SENT, has_reached
from connectors.ccvshop.writing import held, refusal, settled, whole_number
from connectors.client import VendorClient
from connectors.declaration import RecordTargetDeclaration
from connectors.errors import RecordRefused
from connectors.protocols import Identifier
from connectors.records import Change, Existing, Key, Removal, Written
from mapping.fields import Field
from mapping.rules import Rule

_LAST_DIGITS = re.compile(r"[0-9]{1,18}$")
_CODE, _CARRIER, _STATUS = "track_and_trace_code", "track_and_trace_carrier", "status"


class CcvShipmentTarget(BaseModel):
    """How shipments are shown on orders."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shipped_status: str = Setting(
        default=SENT,
        pattern="^([1-79]|1[0-4])$",
        title="Status of a shipped order",
        description="Set once, when all of the order is shipped; an order that is further already keeps its status.",
        json_schema_extra={"choices": "statuses"},
    )
    mail: bool = Setting(
        default=False,
        title="Mail the customer",
        description="Whether the shop mails its customer about the new status and the tracking code.",
    )


FIELDS: Final = (
    Field(_STATUS, "Status", choices="statuses"),
    Field(_CODE, "Tracking code"),
    Field(_CARRIER, "Carrier"),
    Field("reservationnumber", "Reservation number"),
)


def shipment_rules(settings: BaseModel) -> tuple[Rule, ...]:
    """Code and carrier as soon as they are known, and the status once the shipment is complete."""
    status = CcvShipmentTarget.model_validate(settings).shipped_status
    return (
        Rule(target=_STATUS, expression=f'"{status}" if complete else none'),
        Rule(target=_CODE, expression="tracking_code or none"),
        Rule(target=_CARRIER, expression='carrier | lookup("carrier", carrier) or none'),
    )


class CcvShipments:
    """`RecordTarget` of shipments: the orders they belong to, which must exist."""

    def __init__(self, client: VendorClient, settings: CcvShipmentTarget) -> None:
        self._client = client
        self._settings = settings

    async def find(self, keys: Sequence[Key], by: Identifier) -> Mapping[str, Existing | Problem]:  # noqa: ARG002
        """By the shop's id where it is known, else by order number; one call each."""
        found: dict[str, Existing | Problem] = {}
        for key in keys:
            try:
                if not key.target_id:
                    found[key.source_id] = await self._by_number(key)
                elif order := await read_header(self._client, key.target_id):
                    found[key.source_id] = _existing(order)
            except RecordRefused as refused:
                found[key.source_id] = refused.problem
        return found

    def same(self, field: str, held: Any, wanted: Any) -> bool:
        """Whether an order needs no change; a status behind it is as good as the one it has."""
        if field == _STATUS:
            return has_reached(str(held), str(wanted))
        return str(held).strip() == str(wanted).strip()

    async def write(self, changes: Sequence[Change]) -> Sequence[Written]:
        """Set what differs. A cancelled order is a problem, unless it was shipped before it was cancelled."""
        return [await settled(change, self._write(change)) for change in changes]

    async def remove(self, existing: Existing, removal: Removal) -> None:
        """Nothing: an order stays."""

    async def own_fields(self) -> Sequence[Field]:
        """None: all orders have the same members."""
        return ()

    async def _write(self, change: Change) -> Written:
        existing = change.existing
        if existing is None:
            raise refusal(*_no_such_order(change.key.details.get("order_reference", "")))
        end = Written(change.source_id, existing.target_id, existing.number)
        body: dict[str, Any] = dict(change.values)
        if _STATUS in body and existing.values[_STATUS] == CANCELLED:
            if existing.values[_CODE] and body.keys() == {_STATUS}:
                note = f"Order {existing.number} was cancelled after it had been shipped; it stays cancelled."
                return Written(end.source_id, end.target_id, end.number, notes=(note,))
            raise refusal(
                ProblemCode.INVALID_VALUE,
                _STATUS,
                CANCELLED,
                f"Order {existing.number} was shipped, but the shop has it as cancelled. Give it another status in the "
                "shop and retry, or skip the shipment.",
            )
        if _STATUS in body:
            body[_STATUS] = whole_number(change, "status", body[_STATUS])
        notes: tuple[str, ...] = ()
        if _CODE in body and existing.values[_CODE]:
            notes = (f"The tracking code {existing.values[_CODE]} of order {existing.number} was replaced.",)
        if self._settings.mail and body.keys() & {_STATUS, _CODE}:
            body["mail"] = True
        path = f"{ROOT}/orders/{existing.target_id}/"
        await self._client.write("PATCH", path, body, operation=f"mark order {existing.number} as shipped")
        return Written(end.source_id, end.target_id, end.number, notes=notes)

    async def _by_number(self, key: Key) -> Existing | Problem:
        reference = key.details.get("order_reference", "").strip()
        for number in _possible_numbers(reference):
            orders = await self._numbered(number)
            matching = [order for order in orders.values() if reference in _references(order)]
            if len(matching) > 1:
                return _several(reference, matching)
            if matching:
                return _existing(matching[0])
        return refusal(*_no_such_order(reference)).problem

    async def _numbered(self, number: str) -> dict[Any, Mapping[str, Any]]:
        params = {"ordernumber": number, "size": str(LARGEST_PAGE)}
        found: dict[Any, Mapping[str, Any]] = {}
        async for items in pages(self._client, f"{ROOT}/orders/", params, operation="look an order up"):
            found |= {order.get("id"): order for order in items}
        return found


def _possible_numbers(reference: str) -> Iterator[str]:
    """The order number in a reference: its last digits, of which the first ones may belong to a prefix."""
    digits = _LAST_DIGITS.search(reference)
    if digits is None:
        return
    for start in range(len(digits[0])):
        number = digits[0][start:]
        if start == 0 or not number.startswith("0"):
            yield number


def _references(order: Mapping[str, Any]) -> set[str]:
    fields = header_fields(order)
    return {fields.text("ordernumber_full"), fields.text("ordernumber")} - {""}


def _existing(order: Mapping[str, Any]) -> Existing:
    fields = header_fields(order)
    number = fields.text("ordernumber_full") or fields.text("ordernumber") or fields.text("id")
    return Existing(fields.text("id"), number, held(order, FIELDS), order)


def _no_such_order(reference: str) -> tuple[ProblemCode, str, str, str]:
    sentence = (
        f'The shop has no order with the number "{reference}", so its shipment cannot be shown there. '
        if reference
        else "The shipment names no order number of the shop. "
    )
    sentence += "Correct the order number at the source and retry, or skip the shipment."
    return ProblemCode.RECORD_GONE, "ordernumber", reference, sentence


def _several(reference: str, orders: Sequence[Mapping[str, Any]]) -> Problem:
    ids = ", ".join(str(order.get("id")) for order in orders)
    return Problem(
        code=ProblemCode.AMBIGUOUS_MATCH,
        field="ordernumber",
        value=reference,
        sentence=f'The shop has several orders with the number "{reference}" (ids {ids}). '
        "Write the number with its prefix at the source, then retry.",
    )


def _open(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> CcvShipments:
    return CcvShipments(client, CcvShipmentTarget.model_validate(settings))


SHIPMENT_TARGET: Final = RecordTargetDeclaration(
    open=_open,
    settings=CcvShipmentTarget,
    fields=FIELDS,
    mapping=shipment_rules(CcvShipmentTarget()),
    mapping_for=shipment_rules,
    settle=timedelta(minutes=2),
    creates=False,
    shared=True,
    value_tables={"carrier": "carriers"},
)
