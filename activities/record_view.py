"""One record as the mapping sees it, and what it is looked for by at the target."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from activities.pending_orders import Sales, Sold
from activities.stage import content_hash
from activities.vendors import OpenRecordFlow
from commerce.problems import Problem, ProblemCode
from commerce.record import CustomerRecord, GroupPrice, Product, Record, Shipment, StockLevel
from commerce.vat_numbers import is_plausible_vat_number
from connectors import exact_json
from connectors.errors import RecordRefused
from connectors.protocols import Identifier
from connectors.record_flow import (
    ArticleFlowSettings,
    CustomerFlowSettings,
    PriceFlowSettings,
    ShipmentFlowSettings,
    StockFlowSettings,
)
from connectors.records import RECORD_TYPES, Key, RecordKind
from store import ItemRecord

GROUP_TABLE = "customer_group"
"""The value table that says which group of the target a source's group or price list is."""

ValueTables = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class View:
    """A record under work: what expressions read of it, and its key at the target."""

    item: ItemRecord
    record: Record
    fields: dict[str, Any]
    key: Key


def read_record(kind: RecordKind, body: bytes) -> Record:
    """A record as the ledger keeps it."""
    return RECORD_TYPES[kind].model_validate(exact_json.loads(body))


def record_body(record: Record) -> bytes:
    """A record for the ledger; `read_record` gives it back with every number of its source still a number."""
    return exact_json.dumps_record(record.model_dump()).encode()


def sold_of(flow: OpenRecordFlow, record: Record, number: str, sales: Sales, read_at: datetime | None) -> Sold:
    """What sales mean for a figure of stock; orders name the article as the target of the stock does.

    Args:
        flow: The flow.
        record: What the source states.
        number: What the target calls the record, once that is known; until then its SKU there is worked out.
        sales: What the target has sold of late.
        read_at: When the source was asked for the figure.
    """
    common = flow.settings.common
    if not isinstance(record, StockLevel) or not isinstance(common, StockFlowSettings):
        return Sold()
    worked_out = common.target_sku(record.sku) if common.identifier is Identifier.SKU else ""
    return sales.of(number or worked_out, read_at)


def fingerprint(flow: OpenRecordFlow, body: bytes, sold: Sold) -> str:
    """What the outcome of a record depends on: its own content, the settings, and what was sold of late."""
    return content_hash(str(flow.flow.settings_version), body.decode(), str(sold.missing or ""), *sold.orders)


def fields_of(flow: OpenRecordFlow, record: Record, pieces: Decimal) -> dict[str, Any]:
    """What expressions read of a record, by the flow's settings; of any record, also one that cannot be sent.

    Args:
        flow: The flow.
        record: The record as its source states it.
        pieces: What `sold_of` says is missing in it.

    Raises:
        RecordRefused: The source does not state the figure that the settings ask for.
    """
    fields = record.model_dump()
    common = flow.settings.common
    if isinstance(record, Product | StockLevel | GroupPrice) and isinstance(common, ArticleFlowSettings):
        fields["sku"] = common.target_sku(record.sku)
    if isinstance(record, StockLevel) and isinstance(common, StockFlowSettings):
        calculation = common.calculation or flow.source_side.default_calculation
        if calculation not in record.figures:
            raise RecordRefused(_figure_missing(record, calculation))
        fields["quantity"] = record.figures[calculation] - pieces
        fields["managed"] = common.manage_stock and record.managed
    if isinstance(common, ShipmentFlowSettings) and not fields["carrier"]:
        fields["carrier"] = common.default_carrier
    return fields


def view_of(
    flow: OpenRecordFlow, item: ItemRecord, record: Record, fields: dict[str, Any], values: ValueTables
) -> View:
    """A record with what it is looked for by at the target.

    Args:
        flow: The flow.
        item: The record's place in the ledger.
        record: The record as its source states it.
        fields: What `fields_of` makes of it.
        values: The flow's value tables.

    Raises:
        RecordRefused: The record lacks what it is found by, or a setting does not suit it.
    """
    common = flow.settings.common
    details: dict[str, str] = {}
    if isinstance(record, Product | StockLevel | GroupPrice) and isinstance(common, ArticleFlowSettings):
        details = {"sku": fields["sku"], "ean": record.ean}
        text = fields["sku"] if common.identifier is Identifier.SKU else record.ean
        if not text:
            raise RecordRefused(_nameless(flow, record, common.identifier))
    elif isinstance(record, CustomerRecord):
        text = record.customer.email_key()
        details = {"currency": record.currency}
        _check_customer(flow, record, text)
    elif isinstance(record, Shipment):
        text = record.order_reference or record.order_id
        details = {"order_reference": record.order_reference, "order_id": record.order_id}
    else:
        raise TypeError(f"{type(record).__name__} does not belong to a flow of {flow.kind}")
    if isinstance(record, GroupPrice) and isinstance(common, PriceFlowSettings):
        _check_currency(record, common)
        group = values.get(GROUP_TABLE, {}).get(record.group)
        if group is None:
            raise RecordRefused(_group_not_mapped(record))
        details |= {"group": group, "currency": record.currency}
        text = f"{group}/{text}"
    return View(item, record, fields, Key(source_id=record.source_id, text=text, details=details))


def _check_customer(flow: OpenRecordFlow, record: CustomerRecord, email: str) -> None:
    if not email:
        raise RecordRefused(
            Problem(
                code=ProblemCode.MISSING_FIELD,
                field="email",
                value=record.reference,
                sentence=(
                    f"Customer {record.reference} has no e-mail address, which is what it is found by. "
                    "Enter one at the source; it then goes on by itself."
                ),
            )
        )
    common, number = flow.settings.common, record.customer.vat_number
    checks = isinstance(common, CustomerFlowSettings) and common.check_vat_number
    if checks and number and not is_plausible_vat_number(number, record.billing.country):
        raise RecordRefused(
            Problem(
                code=ProblemCode.INVALID_VALUE,
                field="vat_number",
                value=number,
                sentence=(
                    f"Customer {record.reference}: the VAT number {number} cannot be right. Correct it at the source, "
                    "or switch the check off in the settings."
                ),
            )
        )


def _check_currency(record: GroupPrice, common: PriceFlowSettings) -> None:
    if common.currency and record.currency and record.currency != common.currency:
        raise RecordRefused(
            Problem(
                code=ProblemCode.UNKNOWN_CURRENCY,
                field="currency",
                value=record.currency,
                sentence=(
                    f"The price of {record.sku} in {record.group_name or record.group} is in {record.currency}, and "
                    f"the shop sells in {common.currency}. Keep that price list in {common.currency}, or leave it out "
                    "with a filter."
                ),
            )
        )


def _group_not_mapped(record: GroupPrice) -> Problem:
    return Problem(
        code=ProblemCode.UNMAPPED_VALUE,
        field=GROUP_TABLE,
        value=record.group,
        sentence=(
            f"The price list {record.group_name or record.group} has no customer group at the target. Add the row to "
            f"the table {GROUP_TABLE}; all prices that wait for it go on then."
        ),
    )


def _figure_missing(record: StockLevel, calculation: str) -> Problem:
    return Problem(
        code=ProblemCode.MISSING_FIELD,
        field=calculation,
        value=record.sku,
        sentence=(
            f"Article {record.reference}: the source does not state its stock as “{calculation}”. Choose another "
            "calculation in the settings."
        ),
    )


def _nameless(flow: OpenRecordFlow, record: Record, identifier: Identifier) -> Problem:
    return Problem(
        code=ProblemCode.MISSING_FIELD,
        field=str(identifier),
        value=record.source_id,
        sentence=(
            f"Record {record.reference or record.source_id} of the flow of {flow.kind} has no {identifier.upper()}, "
            "so it cannot be found at the target. Give it one at the source; it then goes on by itself."
        ),
    )
