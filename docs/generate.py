"""Writes the generated parts of the README: what each system can do, and which features are proven by tests.

Run as `python3 dev.py docs`. With `--check` it writes nothing and fails when the capability table is not what the
connectors declare, or when a feature is called proven that no test is marked with. Which features passed is not
checked, because only a whole test run can tell.
"""

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from connectors.declaration import Connector
from connectors.records import RecordKind
from connectors.registry import CONNECTORS

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
OUTCOMES = ROOT / "build" / "features.json"

FEATURE_ID = re.compile(r"\b[A-Z]{3}-\d\d\b|\bD\d+\b")
FEATURE_MARK = re.compile(r"mark\.feature\(([^)]*)\)")


class PageError(Exception):
    """A page is not what its sources say; the message names the part and the fix."""


def region(text: str, name: str) -> str:
    """What stands between a page's markers of that name.

    Raises:
        PageError: When the markers are missing.
    """
    found = re.search(rf"<!-- {name}:begin -->\n(.*?)<!-- {name}:end -->", text, re.DOTALL)
    if found is None:
        msg = f"README.md has no region {name!r}: put back the markers <!-- {name}:begin --> and <!-- {name}:end -->."
        raise PageError(msg)
    return found[1]


def with_region(text: str, name: str, content: str) -> str:
    """The page with that region replaced."""
    markers = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
    return text.replace(f"{markers[0]}{region(text, name)}{markers[1]}", f"{markers[0]}{content}{markers[1]}")


def capability_table(connectors: Iterable[Connector]) -> str:
    """A table of what each connector declares, by kind of record and direction."""
    kinds = [kind.value for kind in RecordKind]
    rows = [
        "| system | versions | orders out | orders in, as | " + " | ".join(kinds) + " |",
        "|---|---|---|---|" + "---|" * len(kinds),
    ]
    for connector in sorted(connectors, key=lambda each: each.title.casefold()):
        source, target = connector.order_source, connector.order_target
        documents = ", ".join(sorted(kind.value.replace("_", " ") for kind in target.document_types)) if target else "-"
        cells = [connector.title, connector.versions, "yes" if source else "-", documents]
        rows.append("| " + " | ".join(cells + [_directions(connector, kind) for kind in RecordKind]) + " |")
    return "\n".join(rows) + "\n"


def _directions(connector: Connector, kind: RecordKind) -> str:
    ways = [
        way
        for way, declared in (("out", connector.record_sources), ("in", connector.record_targets))
        if kind in declared
    ]
    return ", ".join(ways) or "-"


def feature_list(outcomes: dict[str, str]) -> str:
    """How many features are proven, and which."""
    proven = sorted(feature for feature, outcome in outcomes.items() if outcome == "passed")
    open_ones = sorted(set(outcomes) - set(proven))
    lines = [f"Proven: {len(proven)}.", "", ", ".join(proven) + "." if proven else "None yet."]
    if open_ones:
        lines += ["", f"Tested but not proven: {', '.join(open_ones)}."]
    return "\n".join(lines) + "\n"


def marked_features() -> set[str]:
    """Every feature id a test is marked with."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return {
        feature for source in sources for mark in FEATURE_MARK.findall(source) for feature in FEATURE_ID.findall(mark)
    }


def check(text: str) -> None:
    """Compare the page with its sources.

    Raises:
        PageError: With what is different.
    """
    if region(text, "capabilities") != capability_table(CONNECTORS.values()):
        msg = "The capability table in README.md is not what the connectors declare: run `python3 dev.py docs`."
        raise PageError(msg)
    unmarked = sorted(set(FEATURE_ID.findall(region(text, "features"))) - marked_features())
    if unmarked:
        msg = f"README.md names features that no test is marked with: {', '.join(unmarked)}. Run `python3 dev.py docs`."
        raise PageError(msg)


def write(text: str) -> None:
    """Write the page again; the features stay as they are when no test run has left its outcomes."""
    text = with_region(text, "capabilities", capability_table(CONNECTORS.values()))
    if OUTCOMES.exists():
        text = with_region(text, "features", feature_list(json.loads(OUTCOMES.read_text(encoding="utf-8"))))
    README.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write or check the page; gives the exit code."""
    text = README.read_text(encoding="utf-8")
    try:
        if "--check" in arguments:
            check(text)
        else:
            write(text)
    except PageError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
