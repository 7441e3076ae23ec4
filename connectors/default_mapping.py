"""The mapping a flow has before a person changes it, for one source and one target."""

from collections.abc import Mapping

from pydantic import BaseModel

from connectors.declaration import RecordSourceDeclaration, RecordTargetDeclaration
from connectors.records import RECORD_TYPES, RecordKind
from mapping.fields import Field
from mapping.rules import Rule

_ADDED: Mapping[RecordKind, tuple[str, ...]] = {RecordKind.STOCK: ("quantity",)}
"""What the engine puts on every record of a kind, whatever its source states."""


def default_rules(
    kind: RecordKind, source: RecordSourceDeclaration, target: RecordTargetDeclaration, settings: BaseModel
) -> tuple[Rule, ...]:
    """The target's default rows that have something to read; ``settings`` are the flow's target settings.

    A row whose every field this source never states is left out, so that it neither empties nor fails anything.
    """
    rules = target.mapping if target.mapping_for is None else target.mapping_for(settings)
    stated = {_top(field.name) for field in source.fields} | {*_ADDED.get(kind, ()), "raw"}
    return tuple(rule for rule in rules if _reads_something(rule, stated))


def known_fields(kind: RecordKind, source: RecordSourceDeclaration) -> tuple[Field, ...]:
    """What expressions of the flow may read: what the source states, and the kind's other fields, which are absent."""
    stated = {_top(field.name) for field in source.fields}
    others = [name for name in (*RECORD_TYPES[kind].model_fields, *_ADDED.get(kind, ())) if name not in stated]
    return (*source.fields, *(Field(name, name) for name in others))


def offered_fields(kind: RecordKind, source: RecordSourceDeclaration) -> tuple[Field, ...]:
    """What a person is offered to read beside ``raw``: what the source states, and what the engine adds to it."""
    stated = {_top(field.name) for field in source.fields}
    added = [name for name in _ADDED.get(kind, ()) if name not in stated]
    return (*source.fields, *(Field(name, name.capitalize()) for name in added))


def _reads_something(rule: Rule, stated: set[str]) -> bool:
    # Declarations are read in places that never map; only who compiles rules pays for loading Jinja2.
    from mapping.expressions import Expression

    names = {_top(name) for name in Expression.compile(rule.expression).names}
    return not names or bool(names & stated)


def _top(name: str) -> str:
    return name.partition(".")[0]
