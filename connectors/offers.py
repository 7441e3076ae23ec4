"""What a person is offered for one pair of systems: only what both sides declare."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.declaration import OrderTargetDeclaration, RecordSourceDeclaration, RecordTargetDeclaration
from connectors.layers import NEEDS
from connectors.order_flow import OrderFlowSettings
from connectors.pairs import ORDERS, Pair
from connectors.record_flow import COMMON_SETTINGS, default_removals
from connectors.records import RecordKind, Removal
from mapping.expressions import Expression
from mapping.fields import Field
from mapping.rules import Rule

PICTURES: Final = "images"
"""The only field of a record that not every pair can carry in any way: it is more than a value."""


def common_schema(kind: str) -> dict[str, Any]:
    """JSON schema of the settings that every flow of a kind has."""
    model = OrderFlowSettings if kind == ORDERS else COMMON_SETTINGS[RecordKind(kind)]
    return model.model_json_schema()


def offered_common(pair: Pair) -> dict[str, Any]:
    """`common_schema` with the choices of this pair alone, and without settings that leave none."""
    source, target = pair.sides()
    schema = common_schema(pair.kind)
    if isinstance(target, OrderTargetDeclaration):
        return _narrowed(schema, {"document_type": sorted(target.document_types)})
    removals = sorted(target.removals | {Removal.LEAVE})
    choices: dict[str, Sequence[str]] = {
        "filtered_out": removals,
        "gone": removals,
        "identifier": sorted(target.identifiers),
    }
    if isinstance(source, RecordSourceDeclaration):
        choices["calculation"] = ["", *source.calculations]
    narrowed = _narrowed(schema, choices)
    for name, removal in default_removals(RecordKind(pair.kind), target).items():
        narrowed["properties"][name]["default"] = removal.value
    return narrowed if target.creates else _without(narrowed, {"create"})


def offered_settings(pair: Pair) -> tuple[dict[str, Any], dict[str, Any]]:
    """JSON schemas of the source's and the target's settings, without those about what the other side lacks."""
    source, target = pair.sides()
    absent = set() if carries_pictures(pair) else {PICTURES}
    schemas = (source.settings.model_json_schema(), target.settings.model_json_schema())
    first, second = (_without(schema, _needing(schema, absent)) for schema in schemas)
    return first, second


def offered_source_fields(pair: Pair) -> tuple[Field, ...]:
    """What expressions may read; pictures only where the target takes them."""
    return tuple(field for field in pair.source_fields() if field.name != PICTURES or carries_pictures(pair))


def offered_target_fields(pair: Pair) -> tuple[Field, ...]:
    """What may be written; pictures only where the source has them."""
    hidden = set() if carries_pictures(pair) else {rule.target for rule in _picture_rules(pair)}
    return tuple(field for field in pair.target_fields() if field.name not in hidden)


def carries_pictures(pair: Pair) -> bool:
    """Whether the source has pictures of its records and the target takes them."""
    return any(field.name == PICTURES for field in pair.source_fields()) and bool(_picture_rules(pair))


def _picture_rules(pair: Pair) -> list[Rule]:
    target = pair.sides()[1]
    rules = target.mapping if isinstance(target, RecordTargetDeclaration) else ()
    return [rule for rule in rules if Expression.compile(rule.expression).names == {PICTURES}]


def _needing(schema: Mapping[str, Any], absent: set[str]) -> set[str]:
    return {name for name, setting in schema.get("properties", {}).items() if setting.get(NEEDS) in absent}


def _without(schema: dict[str, Any], names: set[str]) -> dict[str, Any]:
    properties = {name: setting for name, setting in schema.get("properties", {}).items() if name not in names}
    return {**schema, "properties": properties}


def _narrowed(schema: dict[str, Any], choices: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The schema with these settings' values listed in place; one whose default is not among them has none."""
    properties = dict(schema.get("properties", {}))
    for name, values in choices.items():
        if name not in properties:
            continue
        kept = {word: value for word, value in properties[name].items() if word not in {"$ref", "allOf", "enum"}}
        if kept.get("default") not in values:
            kept.pop("default", None)
        properties[name] = {**kept, "type": "string", "enum": [str(value) for value in values]}
    return {**schema, "properties": properties}
