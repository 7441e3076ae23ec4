"""The mapping table of one flow as a person sees and changes it: rows with their origin, fields, functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from connectors.order_flow import SettingsRefused
from connectors.pairs import Pair
from mapping.fields import Field
from mapping.functions import FUNCTIONS
from mapping.rules import Rule, When

__all__ = [
    "AccountFields",
    "Field",
    "Function",
    "MappingRow",
    "Origin",
    "When",
    "documented_functions",
    "mapping_rows",
    "with_row",
    "without_row",
]


class Origin(StrEnum):
    """Where a row comes from."""

    DEFAULT = "default"
    CHANGED = "changed"
    """A default row that a person gave another expression or moment."""
    ADDED = "added"
    OFF = "off"
    """Switched off: its field is never written."""


@dataclass(frozen=True)
class MappingRow:
    """A row in force, and what a reset would bring back: None for one that a person added."""

    rule: Rule
    origin: Origin
    default: Rule | None


@dataclass(frozen=True)
class AccountFields:
    """The fields that two connected accounts have beyond what their connectors declare."""

    source: Sequence[Field] = ()
    target: Sequence[Field] = ()


@dataclass(frozen=True)
class Function:
    """A function that expressions may call, with an example and what it gives."""

    name: str
    signature: str
    description: str
    example: str
    example_result: Any


def mapping_rows(pair: Pair, settings: Mapping[str, Any]) -> tuple[MappingRow, ...]:
    """The table in force: the default rows in their order, then those that a person added."""
    defaults = {rule.target: rule for rule in pair.default_mapping(settings)}
    changes = {rule.target: rule for rule in _changes(settings)}
    targets = dict.fromkeys((*defaults, *changes))
    return tuple(_row(defaults.get(target), changes.get(target)) for target in targets)


def with_row(
    pair: Pair,
    settings: Mapping[str, Any],
    target: str,
    *,
    expression: str | None = None,
    when: When | None = None,
    active: bool | None = None,
) -> dict[str, Any]:
    """The flow's settings with one row saved; what is not given stays as it is in force.

    A row that is made the same as its default is no change any more.

    Raises:
        SettingsRefused: The target field is not known, or a new row has no expression.
    """
    if target not in {field.name for field in pair.target_fields()}:
        raise SettingsRefused(f"The rule for “{target}” is refused: {pair.target.title} has no such field to write.")
    row = next((row for row in mapping_rows(pair, settings) if row.rule.target == target), None)
    if expression is None and row is None:
        raise SettingsRefused(f"The rule for “{target}” is refused: a new row needs an expression.")
    before = row.rule if row else Rule(target=target, expression="")
    rule = Rule(
        target=target,
        expression=before.expression if expression is None else expression,
        when=before.when if when is None else when,
        active=before.active if active is None else active,
    )
    changes = {one.target: one for one in _changes(settings)}
    changes[target] = rule
    if row is not None and rule == row.default:
        del changes[target]
    return _with_changes(settings, changes.values())


def without_row(settings: Mapping[str, Any], target: str | None = None) -> dict[str, Any] | None:
    """The flow's settings with one row, or all, as they are by default; None when the row was not changed."""
    changes = _changes(settings)
    kept = [rule for rule in changes if target is not None and rule.target != target]
    if target is not None and len(kept) == len(changes):
        return None
    return _with_changes(settings, kept)


def documented_functions() -> tuple[Function, ...]:
    """Every function, in the order they are documented."""
    return tuple(
        Function(one.name, one.signature, one.description, one.example, one.example_result)
        for one in FUNCTIONS.values()
    )


def _changes(settings: Mapping[str, Any]) -> list[Rule]:
    return [Rule.model_validate(row) for row in settings.get("mapping", [])]


def _with_changes(settings: Mapping[str, Any], changes: Any) -> dict[str, Any]:
    kept = {name: group for name, group in settings.items() if name != "mapping"}
    rows = [rule.model_dump(mode="json") for rule in changes]
    return {**kept, "mapping": rows} if rows or "mapping" in settings else kept


def _row(default: Rule | None, change: Rule | None) -> MappingRow:
    rule = change or default
    assert rule is not None  # noqa: S101 - a target is in one of the two tables at least
    if not rule.active:
        origin = Origin.OFF
    elif default is None:
        origin = Origin.ADDED
    else:
        origin = Origin.DEFAULT if rule == default else Origin.CHANGED
    return MappingRow(rule, origin, default)
