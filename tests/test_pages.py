"""The pages for people: every cause has its place, links lead somewhere, commands and settings exist."""

import re
from pathlib import Path
from typing import Any, cast

import pytest
import typer.main

import dev
from api.app import create_app
from cli import app
from commerce.problems import ProblemCode
from settings import Settings
from tests.repository import ROOT, project_files

PAGES = [path for path in project_files() if path.suffix == ".md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
CALL = re.compile(
    r"(?:-X (?P<wish>[A-Z]+) |\b(?P<verb>GET|POST|PUT|PATCH|DELETE) )?\"?(?:\$LONGSHORE)?(?P<path>/api/v1/[^\s\"`?]+)"
)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def anchors_of(page: Path) -> set[str]:
    """Where a link into a page can lead: named places, and headings the way they are shown on the web."""
    text = page.read_text(encoding="utf-8")
    headings = {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in HEADING.findall(text)}
    return headings | set(ANCHOR.findall(text))


def test_every_problem_code_has_its_place_and_no_other_has() -> None:
    text = (ROOT / "docs" / "fix-a-failed-order.md").read_text(encoding="utf-8")
    places = ANCHOR.findall(text)
    assert sorted(places) == sorted(ProblemCode)
    for code in ProblemCode:
        assert re.search(rf'<a id="{code}"></a>\n\*\*{code}\*\*: \S', text), code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, place = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        assert not place or place in anchors_of(file), target


def test_commands_on_pages_exist() -> None:
    commands = set(getattr(typer.main.get_command(app), "commands", {}))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"`longshore (\w+)", text)) <= commands, page
        assert set(re.findall(r"^longshore (\w+)", text, re.MULTILINE)) <= commands, page
        for name in re.findall(r"python3 dev\.py (\w+)", text):
            assert name in {"demo", "up"} or hasattr(dev, name), f"{page}: {name}"


def calls_on(page: Path) -> set[tuple[str, str]]:
    """Method and path of every call of the API that a page shows."""
    found = CALL.finditer(page.read_text(encoding="utf-8"))
    return {(match["wish"] or match["verb"] or "GET", match["path"]) for match in found}


def test_calls_on_pages_are_answered() -> None:
    # Only the description is asked for; nothing behind the endpoints is used.
    paths = create_app(cast("Any", None)).openapi()["paths"]
    known = [
        (method.upper(), re.compile(re.sub(r"\{\w+\}", "[^/]+", path)))
        for path, operations in paths.items()
        for method in operations
    ]
    shown = {call for page in PAGES for call in calls_on(page)}
    assert len(shown) > 20
    unknown = {(method, path) for method, path in shown if not any(m == method and p.fullmatch(path) for m, p in known)}
    assert not unknown


def test_every_setting_stands_on_the_page_about_production() -> None:
    text = (ROOT / "docs" / "run-in-production.md").read_text(encoding="utf-8")
    named = set(re.findall(r"LONGSHORE_[A-Z_]+", text))
    assert named == {f"LONGSHORE_{name.upper()}" for name in Settings.model_fields}


def test_decisions_are_numbered_in_a_row_and_have_all_parts() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [record.name[:4] for record in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert text.startswith(f"# {record.name[:4]}: ")
        parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert sorted(parts) == ["Alternatives", "Consequences", "Context", "Decision"], record
