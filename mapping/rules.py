"""Mapping tables: one rule per target field, defaults and a merchant's changes on top of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from mapping.catalogue import Find
from mapping.coercion import coercion
from mapping.errors import (
    ExpressionFailed,
    ExpressionRefused,
    LookupFailed,
    MappingFailed,
    MappingRefused,
    ValueNotMapped,
)
from mapping.fields import Field

if TYPE_CHECKING:
    from mapping.expressions import Expression

__all__ = ["Mapped", "MappingFailed", "MappingRefused", "Rule", "RuleSet", "ValueNotMapped", "When", "merged"]

RAW = "raw"
"""The source's own body, untouched: every field of it can be read."""


class When(StrEnum):
    """When a rule writes its field; one that never should is switched off."""

    CREATE = "create"
    UPDATE = "update"
    BOTH = "both"


class Rule(BaseModel):
    """One row of a mapping table: a target field and the expression that fills it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: str
    expression: str
    when: When = When.BOTH
    active: bool = True
    """Whether the rule is switched on; a field whose rule is off is never written."""


@dataclass(frozen=True)
class Mapped:
    """What the rules make of one record."""

    values: dict[str, Any] = field(default_factory=dict)
    """Target field → value of the field's kind. A field that is not here is to be left alone; empty text empties it."""
    notes: tuple[str, ...] = ()
    """What was changed to fit, such as a text that was cut."""


def merged(defaults: Sequence[Rule], changes: Sequence[Rule]) -> tuple[Rule, ...]:
    """The table in force: a change takes the place of the default for its target field, another one comes after them.

    Raises:
        MappingRefused: When either table has two rules for one target field.
    """
    _refuse_doubles(defaults)
    _refuse_doubles(changes)
    changed = {rule.target: rule for rule in changes}
    kept = [changed.pop(rule.target, rule) for rule in defaults]
    return (*kept, *changed.values())


def _refuse_doubles(rules: Iterable[Rule]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.target in seen:
            reason = "The field has a rule already; change that one, or take one of the two away."
            raise MappingRefused(rule.target, rule.expression, reason)
        seen.add(rule.target)


@dataclass(frozen=True)
class _Row:
    rule: Rule
    expression: "Expression"
    coerce: Callable[[Any], tuple[Any, str]]


class RuleSet:
    """A compiled mapping table; it keeps nothing between records."""

    def __init__(self, rows: Sequence[_Row], target_fields: Sequence[Field]) -> None:
        self._expressions = {row.rule.target: row.expression for row in rows}
        self._creating = [row for row in rows if row.rule.when is not When.UPDATE]
        self._updating = [row for row in rows if row.rule.when is not When.CREATE]
        self._required = [one for one in target_fields if one.required]

    @classmethod
    def compile(
        cls, rules: Sequence[Rule], *, source_fields: Sequence[Field], target_fields: Sequence[Field]
    ) -> "RuleSet":
        """Check a table as a whole and compile it; rules that are switched off are only checked for doubles.

        Raises:
            MappingRefused: For the first row that cannot be saved; those after it are in its ``others``.
        """
        # Rules are declared and shown in places that never map; only who compiles them pays for loading Jinja2.
        from mapping.expressions import Expression

        _refuse_doubles(rules)
        known = frozenset({one.name.split(".")[0] for one in source_fields} | {RAW})
        targets = {one.name: one for one in target_fields}
        rows: list[_Row] = []
        refusals: list[MappingRefused] = []
        for rule in rules:
            if not rule.active:
                continue
            target = targets.get(rule.target)
            if target is None:
                reason = "The target has no such field that can be written."
                refusals.append(MappingRefused(rule.target, rule.expression, reason))
                continue
            try:
                rows.append(_Row(rule, Expression.compile(rule.expression, known), coercion(target)))
            except ExpressionRefused as refused:
                refusals.append(MappingRefused(rule.target, rule.expression, refused.reason))
        if refusals:
            first, *others = refusals
            raise MappingRefused(first.row, first.expression, first.reason, others)
        return cls(rows, target_fields)

    @property
    def targets(self) -> frozenset[str]:
        """The target fields that have a rule which is switched on."""
        return frozenset(self._expressions)

    @property
    def tables(self) -> frozenset[str]:
        """The value tables that the rules name."""
        return frozenset().union(*(expression.tables for expression in self._expressions.values()))

    def reads(self, target: str) -> frozenset[str]:
        """The dotted names that the target field's rule reads; none when it has no rule."""
        expression = self._expressions.get(target)
        return expression.names if expression else frozenset()

    def apply(self, record: Mapping[str, Any], lookup: Find, *, creating: bool) -> Mapped:
        """Map one record of plain data; the same record gives the same values again.

        Args:
            record: What the expressions read.
            lookup: Value table and value → the mapped value, or none when the table has no such row.
            creating: Whether the target does not have the record yet, which decides which rules count.

        Raises:
            ValueNotMapped: When a value table lacks a row.
            MappingFailed: When a rule does not suit the record, or a required field would be left without a value.
        """
        values: dict[str, Any] = {}
        notes: list[str] = []
        for row in self._creating if creating else self._updating:
            try:
                value, note = row.coerce(row.expression.evaluate(record, lookup))
            except LookupFailed as failed:
                raise ValueNotMapped(row.rule.target, row.rule.expression, failed.table, failed.value) from None
            except ExpressionFailed as failed:
                raise MappingFailed(row.rule.target, row.rule.expression, failed.reason, failed.value) from None
            if value is not None:
                values[row.rule.target] = value
            if note:
                notes.append(note)
        self._demand_required(values, creating=creating)
        return Mapped(values, tuple(notes))

    def _demand_required(self, values: Mapping[str, Any], *, creating: bool) -> None:
        for one in self._required:
            value = values.get(one.name)
            if value == "" or (creating and value is None):
                expression = self._expressions.get(one.name)
                reason = f"“{one.title}” is required{' for a new record' if creating else ''}, and "
                reason += "its rule gave no value." if expression else "no rule fills it."
                raise MappingFailed(one.name, expression.text if expression else "", reason)
