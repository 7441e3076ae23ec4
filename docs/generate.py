"""Writes the generated parts of the pages: capabilities and proven features, functions, settings.

Run as `python3 dev.py docs`. With `--check` it writes nothing and fails when a part is not what the code declares, or
when a feature is called proven that no test is marked with. Which features passed is not checked, because only a whole
test run can tell.
"""

import json
import re
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from connectors.declaration import (
    Connector,
    OrderSourceDeclaration,
    OrderTargetDeclaration,
    RecordSourceDeclaration,
    RecordTargetDeclaration,
)
from connectors.layers import NEEDS
from connectors.order_flow import OrderFlowSettings
from connectors.record_flow import COMMON_SETTINGS, ArticleFlowSettings, RecordFlowSettings, default_removals
from connectors.records import RecordKind, Removal
from connectors.registry import CONNECTORS
from mapping.functions import FUNCTIONS

ROOT = Path(__file__).resolve().parents[1]
README = "README.md"
FUNCTIONS_PAGE = "docs/change-a-mapping.md"
SETTINGS_PAGE = "docs/settings.md"
OUTCOMES = "build/features.json"

FEATURE_ID = re.compile(r"\b[A-Z]{3}-\d\d\b|\b[DR]\d+\b")
FEATURE_MARK = re.compile(r"mark\.feature\(([^)]*)\)")

_PAGES = "Which removals a target offers, and which is its default, stands with the target below."

Side = OrderSourceDeclaration | OrderTargetDeclaration | RecordSourceDeclaration | RecordTargetDeclaration


class PageError(Exception):
    """A page is not what its sources say; the message names the part and the fix."""


def region(page: str, text: str, name: str) -> str:
    """What stands between a page's markers of that name.

    Raises:
        PageError: When the markers are missing.
    """
    found = re.search(rf"<!-- {name}:begin -->\n(.*?)<!-- {name}:end -->", text, re.DOTALL)
    if found is None:
        msg = f"{page} has no region {name!r}: put back the markers <!-- {name}:begin --> and <!-- {name}:end -->."
        raise PageError(msg)
    return found[1]


def with_region(page: str, text: str, name: str, content: str) -> str:
    """The page with that region replaced."""
    markers = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    return text.replace(f"{markers[0]}{region(page, text, name)}{markers[1]}", f"{markers[0]}{content}{markers[1]}")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells may hold pipes."""
    lines = [heads, ["---"] * len(heads), *([cell.replace("|", "\\|") or "-" for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def capability_table(connectors: Iterable[Connector]) -> str:
    """A table of what each connector declares, by kind of record and direction."""
    kinds = [kind.value for kind in RecordKind]
    rows = []
    for connector in by_title(connectors):
        source, target = connector.order_source, connector.order_target
        documents = ", ".join(sorted(kind.value.replace("_", " ") for kind in target.document_types)) if target else ""
        cells = [connector.title, connector.versions, "yes" if source else "", documents]
        rows.append(cells + [_directions(connector, kind) for kind in RecordKind])
    return table(["system", "versions", "orders out", "orders in, as", *kinds], rows)


def by_title(connectors: Iterable[Connector]) -> list[Connector]:
    """The connectors in the order in which pages name them."""
    return sorted(connectors, key=lambda each: each.title.casefold())


def _directions(connector: Connector, kind: RecordKind) -> str:
    ways = (("out", connector.record_sources), ("in", connector.record_targets))
    return ", ".join(way for way, declared in ways if kind in declared)


def function_table() -> str:
    """The functions that expressions may call, each with its tested example."""
    rows = [
        (f"`{one.signature}`", one.description, f"`{one.example}`", f"`{_plain(one.example_result)}`")
        for one in FUNCTIONS.values()
    ]
    return table(["call", "what it does", "example", "gives"], rows)


def settings_reference(connectors: Iterable[Connector]) -> str:
    """Every setting there is: of connections, of each kind of flow, and of each system's sides."""
    systems = by_title(connectors)
    parts = ["## Connections\n"]
    parts += [_section(f"{one.title}: connection", one.connection_settings, one, ()) for one in systems]
    parts += ["## All flows of a kind\n", _section("Every flow of orders", OrderFlowSettings, None, (), _made(systems))]
    parts.append(
        _section(
            "Every flow that moves in pages", RecordFlowSettings, None, (_PAGES,), _removals(systems, list(RecordKind))
        )
    )
    parts.append(_section("Products, stock and prices, beside that", ArticleFlowSettings, None))
    parts += [
        _section(f"{kind.capitalize()}, beside that", COMMON_SETTINGS[kind], None, (), _removals(systems, [kind]))
        for kind in RecordKind
    ]
    for one in systems:
        parts.append(f"## {one.title}\n")
        sides: list[tuple[str, Side | None]] = [("orders out", one.order_source), ("orders in", one.order_target)]
        for kind in RecordKind:
            sides += [(f"{kind} out", one.record_sources.get(kind)), (f"{kind} in", one.record_targets.get(kind))]
        parts += [
            _section(f"{one.title}: {name}", side.settings, one, _facts(name, one, side))
            for name, side in sides
            if side is not None
        ]
    return "\n" + "\n".join(parts) + "\n"


def _made(systems: Iterable[Connector]) -> Mapping[str, str]:
    """What orders can become at some system."""
    targets = [system.order_target for system in systems if system.order_target]
    return {"document_type": _words(kind for target in targets for kind in target.document_types)}


def _removals(systems: Iterable[Connector], kinds: Collection[RecordKind]) -> Mapping[str, str]:
    """What some system does to records of these kinds that are no longer wanted."""
    targets = [one for system in systems for kind, one in system.record_targets.items() if kind in kinds]
    words = _words({Removal.LEAVE, *(removal for target in targets for removal in target.removals)})
    return {"gone": words, "filtered_out": words}


def _words(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in sorted(set(map(str, values))))


def _section(
    title: str,
    model: type[BaseModel],
    connector: Connector | None,
    facts: Sequence[str] = (),
    narrowed: Mapping[str, str] | None = None,
) -> str:
    rows = setting_rows(model, connector, narrowed or {})
    heads = ["setting", "title", "default", "mandatory", "choices", "description"]
    content = table(heads, rows) if rows else "Nothing to set.\n"
    return "\n".join([f"### {title}\n", *(f"{fact}\n" for fact in facts), content])


def setting_rows(
    model: type[BaseModel], connector: Connector | None, narrowed: Mapping[str, str]
) -> list[tuple[str, ...]]:
    """One row per setting of the model's own: name, title, default, whether it is mandatory, choices, description."""
    schema = model.model_json_schema()
    inherited: Mapping[str, FieldInfo] = getattr(model.__mro__[1], "model_fields", {})
    rows: list[tuple[str, ...]] = []
    for name, field in model.model_fields.items():
        if repr(field) == repr(inherited.get(name)):
            continue
        shape = schema["properties"][name]
        choices = narrowed.get(name) or _choices(shape, schema.get("$defs", {}), connector)
        needs = f" Only where the other side has {shape[NEEDS]}." if NEEDS in shape else ""
        description = f"{field.description or ''}{needs}".strip()
        rows.append((f"`{name}`", field.title or "", _default(field), _mandatory(field), choices, description))
    return rows


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    shown = _plain(field.get_default(call_default_factory=True))
    return f"`{shown}`" if shown else ""


def _plain(value: Any) -> str:
    """A value as a page shows it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return ", ".join(f"{_plain(key)}: {_plain(entry)}" for key, entry in value.items())
    if isinstance(value, list):
        return json.dumps(value)
    return ", ".join(map(_plain, value)) if isinstance(value, tuple) else str(value)


def _mandatory(field: FieldInfo) -> str:
    if field.is_required():
        return "yes"
    extra = field.json_schema_extra
    mandatory = extra.get("mandatory") if isinstance(extra, dict) else None
    if isinstance(mandatory, dict):
        return " or ".join(f"when `{name}` is `{str(value).lower()}`" for name, value in mandatory.items())
    return "to switch on" if mandatory else ""


def _choices(shape: Mapping[str, Any], definitions: Mapping[str, Any], connector: Connector | None) -> str:
    live = f"list: {connector.choices.get(shape['choices'])}" if connector and "choices" in shape else ""
    if shape.get("type") == "object":
        entries = [shape.get("additionalProperties"), *shape.get("patternProperties", {}).values()]
        values = next((_choices(entry, definitions, connector) for entry in entries if isinstance(entry, dict)), "")
        return f"table: {live or values or 'text'}"
    if shape.get("type") == "array":
        return f"several: {live or 'text'}"
    if live:
        return live
    kinds = [_resolved(one, definitions) for one in shape.get("anyOf") or shape.get("allOf") or [shape]]
    return _values(kinds[0])


def _resolved(shape: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    return definitions[shape["$ref"].rpartition("/")[2]] if "$ref" in shape else shape


def _values(shape: Mapping[str, Any]) -> str:
    if "enum" in shape:
        return ", ".join(f"`{value}`" for value in shape["enum"])
    if shape.get("type") == "boolean":
        return "`true`, `false`"
    if shape.get("format") in {"date-time", "password"}:
        return "a moment with its zone" if shape["format"] == "date-time" else "a secret"
    if shape.get("type") in {"integer", "number"}:
        low, high = shape.get("minimum"), shape.get("maximum")
        bounds = f" from {low:g}" if low is not None else ""
        return f"a number{bounds}" + (f" to {high:g}" if high is not None else "")
    words = re.fullmatch(r"\^\(([a-z|]+)\)\$", shape.get("pattern", ""))
    if words is not None:
        return ", ".join(f"`{word}`" for word in words[1].split("|"))
    return f"at most {shape['maxLength']} characters" if "maxLength" in shape else ""


def _facts(name: str, connector: Connector, side: Side) -> list[str]:
    """What the declaration of a side says beside its settings, in sentences."""
    facts: list[str] = []
    if isinstance(side, RecordSourceDeclaration | OrderSourceDeclaration):
        facts += _how_it_is_read(side)
    elif isinstance(side, RecordTargetDeclaration):
        facts += _how_it_is_written(RecordKind(name.partition(" ")[0]), side)
    else:
        facts.append(f"An order becomes: {', '.join(sorted(str(kind) for kind in side.document_types))}.")
    if side.value_tables:
        lists = [f"`{table_}` ({connector.choices.get(choice)})" for table_, choice in side.value_tables.items()]
        facts.append(f"Value tables: {', '.join(lists)}.")
    return [" ".join(facts)]


def _how_it_is_read(side: RecordSourceDeclaration | OrderSourceDeclaration) -> list[str]:
    read = side.read
    if read.sees_changes:
        facts = [f"The source shows what changed (`{read.cursor_field}`)."]
    elif read.cursor_field:
        facts = [f"The source shows what is new (`{read.cursor_field}`), not what changed."]
    else:
        facts = ["The source shows no changes: every read is of everything, compared by hash."]
    if read.sweep_every is not None:
        hours = read.sweep_every.total_seconds() / 3600
        days = f"the last {read.sweep_window.days} days"
        what = "everything" if isinstance(side, RecordSourceDeclaration) else days
        facts.append(f"Reads {what} again every {hours:g} h.")
    if isinstance(side, RecordSourceDeclaration):
        for calculation, counts in side.calculations.items():
            mark = ", the default" if calculation == side.default_calculation else ""
            facts.append(f"Calculation `{calculation}`{mark}: {counts}.")
    return facts


def _how_it_is_written(kind: RecordKind, side: RecordTargetDeclaration) -> list[str]:
    facts = [] if side.creates else ["Records must exist already; none is created."]
    if issubclass(COMMON_SETTINGS[kind], ArticleFlowSettings):
        facts.append(f"Found by: {', '.join(sorted(side.identifiers))}.")
    if side.batch > 1:
        facts.append(f"Up to {side.batch} in one call.")
    removals = sorted(side.removals | {Removal.LEAVE})
    default = default_removals(kind, side)["gone"]
    facts.append(f"When a record is gone: {', '.join(removals)}; by default {default}.")
    return facts


def feature_list(outcomes: dict[str, str]) -> str:
    """How many features are proven, and which."""
    proven, failed, skipped = (
        sorted(feature for feature, known in outcomes.items() if known == outcome)
        for outcome in ("passed", "failed", "skipped")
    )
    lines = [f"Proven: {len(proven)}.", "", ", ".join(proven) + "." if proven else "None yet."]
    if skipped:
        lines += ["", f"Left to the nightly run, because they take long: {', '.join(skipped)}."]
    if failed:
        lines += ["", f"Tested but not proven: {', '.join(failed)}."]
    return "\n".join(lines) + "\n"


def marked_features() -> set[str]:
    """Every feature id a test is marked with."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return {
        feature for source in sources for mark in FEATURE_MARK.findall(source) for feature in FEATURE_ID.findall(mark)
    }


GENERATED: Mapping[tuple[str, str], Callable[[], str]] = {
    (README, "capabilities"): lambda: capability_table(CONNECTORS.values()),
    (FUNCTIONS_PAGE, "functions"): function_table,
    (SETTINGS_PAGE, "settings"): lambda: settings_reference(CONNECTORS.values()),
}
"""Page and region → what stands there."""


def check() -> None:
    """Compare the pages with their sources.

    Raises:
        PageError: With what is different.
    """
    for (page, name), content in GENERATED.items():
        if region(page, _read(page), name) != content():
            msg = f"The region {name!r} of {page} is not what the code declares: run `python3 dev.py docs`."
            raise PageError(msg)
    unmarked = sorted(set(FEATURE_ID.findall(region(README, _read(README), "features"))) - marked_features())
    if unmarked:
        msg = f"README.md names features that no test is marked with: {', '.join(unmarked)}. Run `python3 dev.py docs`."
        raise PageError(msg)


def write() -> None:
    """Write the pages again; the features stay as they are when no test run has left its outcomes."""
    for (page, name), content in GENERATED.items():
        _put(page, name, content())
    if (ROOT / OUTCOMES).exists():
        _put(README, "features", feature_list(json.loads(_read(OUTCOMES))))


def _put(page: str, name: str, content: str) -> None:
    (ROOT / page).write_text(with_region(page, _read(page), name, content), encoding="utf-8")


def _read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write or check the pages; gives the exit code."""
    try:
        if "--check" in arguments:
            check()
        else:
            write()
    except PageError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
