"""Items of the ledger under two settings, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from activities.record_ending import problem_of
from activities.record_matching import plain
from activities.record_view import ValueTables, fields_of, read_record, view_of
from activities.vendors import OpenFlow, OpenRecordFlow
from commerce.order import Order
from connectors.errors import RecordRefused
from connectors.order_mapping import applied, line_record, order_record
from connectors.rehearsed import Changed, ComparedItem
from mapping.errors import ExpressionFailed, MappingFailed
from store import ItemRecord

LEFT_OUT = "The filter leaves it out."


@dataclass(frozen=True)
class Mapped:
    """What settings make of an item: fields by their dotted names, or why there are none."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def mapped_record(flow: OpenRecordFlow, item: ItemRecord, values: ValueTables) -> Mapped:
    """What a flow's settings make of the stored record: as a new one, or as an update when the target has it."""

    def lookup(table: str, value: str) -> str | None:
        return values.get(table, {}).get(value)

    try:
        record = read_record(flow.kind, item.body or b"")
        fields = fields_of(flow, record, Decimal(0))
        if not flow.settings.filter.passes(fields, lookup):
            return Mapped(problem=LEFT_OUT)
        view = view_of(flow, item, record, fields, values)
        return Mapped(flow.settings.rules.apply(view.fields, lookup, creating=item.target_id is None).values)
    except (RecordRefused, MappingFailed, ExpressionFailed) as refusal:
        return Mapped(problem=problem_of(item, refusal).sentence)
    except ValidationError:
        return Mapped(problem=_unreadable(item))


def mapped_order(flow: OpenFlow, item: ItemRecord, values: ValueTables) -> Mapped:
    """What the mapping makes of the stored order: the document's own fields, and those of each line."""
    rules = flow.settings.rules
    try:
        order = Order.model_validate_json(item.body or b"")
        record = order_record(order)
        fields: dict[str, Any] = {**applied(rules.header, record, values).values}
        for number, line in enumerate(order.lines, start=1):
            row = applied(rules.rows, line_record(record, line, line.name), values).values
            fields |= {f"line {number}: {name}": value for name, value in row.items()}
    except RecordRefused as refusal:
        return Mapped(problem=refusal.problem.sentence)
    except ValidationError:
        return Mapped(problem=_unreadable(item))
    return Mapped(fields)


def compared(item: ItemRecord, before: Mapped, after: Mapped) -> ComparedItem:
    """Field by field what differs, and what cannot be mapped on either side."""
    names = dict.fromkeys((*before.fields, *after.fields))
    if before.problem or after.problem:
        names = {}
    differences = {
        name: Changed(before.fields.get(name), after.fields.get(name))
        for name in names
        if plain(before.fields.get(name)) != plain(after.fields.get(name))
    }
    return ComparedItem(item.id, item.source_id, item.reference, differences, before.problem, after.problem)


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """The single values of a body by dotted names; entries of lists are counted from 1."""
    if isinstance(value, Mapping):
        members = [(f"{name}.{key}" if name else str(key), member) for key, member in value.items()]
    elif isinstance(value, list | tuple):
        members = [(f"{name}[{number}]", member) for number, member in enumerate(value, start=1)]
    else:
        return {name: value}
    found: dict[str, Any] = {}
    for inner, member in members:
        found |= flat(member, inner)
    return found


def _unreadable(item: ItemRecord) -> str:
    return f"Record {item.reference} was malformed when it was read."
