"""Two systems and what may flow from one to the other, alike for every kind of record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from connectors.declaration import (
    Connector,
    OrderSourceDeclaration,
    OrderTargetDeclaration,
    RecordSourceDeclaration,
    RecordTargetDeclaration,
)
from connectors.default_mapping import default_rules, offered_fields
from connectors.order_flow import OrderFlow, missing_order_settings, order_sides, parse_order_flow
from connectors.order_mapping import LINE_FIELDS, ORDER_FIELDS
from connectors.record_flow import RecordFlow, missing_record_settings, parse_record_flow, record_sides
from connectors.records import RecordKind
from mapping.fields import Field
from mapping.rules import Rule

ORDERS: Final = "orders"
ORDER_SCHEDULE: Final = "*/5 * * * *"

SourceSide = OrderSourceDeclaration | RecordSourceDeclaration
TargetSide = OrderTargetDeclaration | RecordTargetDeclaration


@dataclass(frozen=True)
class Pair:
    """A kind of record that goes from one system to another.

    Every method raises `SettingsRefused` when a system lacks its side, or when the settings do not fit.
    """

    kind: str
    source: Connector
    target: Connector

    def sides(self) -> tuple[SourceSide, TargetSide]:
        """What the two systems declare for this kind."""
        if self.kind == ORDERS:
            return order_sides(self.source, self.target)
        return record_sides(self.source, self.target, RecordKind(self.kind))

    def parse(self, settings: Mapping[str, Any]) -> OrderFlow | RecordFlow:
        """The settings, checked and typed."""
        if self.kind == ORDERS:
            return parse_order_flow(self.source, self.target, settings)
        return parse_record_flow(self.source, self.target, RecordKind(self.kind), settings)

    def missing(self, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """The titles of settings without which the flow cannot be switched on, in the order they are asked for."""
        flow = self.parse(settings)
        return missing_order_settings(flow) if isinstance(flow, OrderFlow) else missing_record_settings(flow)

    def schedule(self) -> str:
        """How often the source is read unless a person says otherwise."""
        side = self.sides()[0]
        return side.schedule if isinstance(side, RecordSourceDeclaration) else ORDER_SCHEDULE

    def value_tables(self, settings: Mapping[str, Any]) -> dict[str, tuple[str | None, str | None]]:
        """Table → the live lists with the source's and the target's values; tables that only rules name have none."""
        from_side, to_side = self.sides()
        source, target = from_side.value_tables, to_side.value_tables
        keyed_like = to_side.keyed_like if isinstance(to_side, OrderTargetDeclaration) else {}
        names = {*source, *target, *_tables_of(self.parse(settings))}
        return {name: (source.get(keyed_like.get(name, name)), target.get(name)) for name in sorted(names)}

    def default_mapping(self, settings: Mapping[str, Any]) -> tuple[Rule, ...]:
        """The mapping before a person changed it; a changed mapping that does not fit any more is no obstacle."""
        flow = self.parse({**settings, "mapping": []})
        source, target = self.sides()
        if isinstance(source, RecordSourceDeclaration) and isinstance(target, RecordTargetDeclaration):
            return default_rules(RecordKind(self.kind), source, target, flow.target)
        return target.mapping_for(flow.target) if isinstance(target, OrderTargetDeclaration) else ()

    def source_fields(self) -> tuple[Field, ...]:
        """What expressions may read beside ``raw``; names that begin with ``line.`` only in rows."""
        source = self.sides()[0]
        if isinstance(source, RecordSourceDeclaration):
            return offered_fields(RecordKind(self.kind), source)
        return (*ORDER_FIELDS, *LINE_FIELDS)

    def target_fields(self) -> tuple[Field, ...]:
        """What may be written."""
        target = self.sides()[1]
        return target.fields if isinstance(target, RecordTargetDeclaration) else (*target.fields, *target.row_fields)


def pairs(source: Connector, target: Connector) -> tuple[Pair, ...]:
    """Every kind that both systems declare in this direction."""
    both = [ORDERS] if source.order_source is not None and target.order_target is not None else []
    both += [kind for kind in RecordKind if kind in source.record_sources and kind in target.record_targets]
    return tuple(Pair(kind, source, target) for kind in both)


def side_models(connector: Connector) -> Sequence[type[BaseModel]]:
    """The settings models of everything that a system can be a side of."""
    orders = [side.settings for side in (connector.order_source, connector.order_target) if side is not None]
    sources = [side.settings for side in connector.record_sources.values()]
    return [*orders, *sources, *(side.settings for side in connector.record_targets.values())]


def _tables_of(flow: OrderFlow | RecordFlow) -> frozenset[str]:
    if isinstance(flow, OrderFlow):
        return flow.rules.header.tables | flow.rules.rows.tables
    return flow.rules.tables | flow.filter.tables
