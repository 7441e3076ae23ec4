"""The generated parts of the pages say what the code declares and what the tests prove."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from connectors.order_flow import OrderFlowSettings
from connectors.pairs import side_models
from connectors.record_flow import COMMON_SETTINGS
from connectors.registry import CONNECTORS
from docs import generate
from mapping.functions import FUNCTIONS

PAGE = """# A page
<!-- {name}:begin -->
<!-- {name}:end -->
The end.
"""
README = """# A page
<!-- capabilities:begin -->
<!-- capabilities:end -->
<!-- features:begin -->
Proven: 1.

ORD-13.
<!-- features:end -->
The end.
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pages in place of the project's, without outcomes of a test run, and with one test that is marked."""
    tests = tmp_path / "tests" / "deeper"
    for one in (tests, tmp_path / "docs", tmp_path / "build"):
        one.mkdir(parents=True)
    for page, name in generate.GENERATED:
        (tmp_path / page).write_text(PAGE.format(name=name), encoding="utf-8")
    (tmp_path / generate.README).write_text(README, encoding="utf-8")
    (tests / "test_orders.py").write_text("@pytest.mark.feature('ORD-13', 'D1', 'R7')\ndef test_a(): pass\n")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    return tmp_path


def page(folder: Path, name: str) -> str:
    """What a page says."""
    return (folder / name).read_text(encoding="utf-8")


def test_pages_are_right_once_written(folder: Path) -> None:
    assert generate.main(["--check"]) == 1
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    pages = sorted({name for name, _ in generate.GENERATED})
    written = {name: page(folder, name) for name in pages}
    for connector in CONNECTORS.values():
        assert f"| {connector.title} | {connector.versions} |" in written[generate.README]
    for text in written.values():
        assert text.startswith("# A page\n")
        assert text.endswith("The end.\n")
    assert generate.main([]) == 0
    assert {name: page(folder, name) for name in pages} == written


def models() -> Iterator[type[BaseModel]]:
    """Every model that holds settings of people."""
    yield OrderFlowSettings
    yield from COMMON_SETTINGS.values()
    for connector in CONNECTORS.values():
        yield connector.connection_settings
        yield from side_models(connector)


def test_every_setting_stands_on_its_page_with_title_and_description(folder: Path) -> None:
    generate.main([])
    text = page(folder, generate.SETTINGS_PAGE)
    for model in models():
        for name, field in model.model_fields.items():
            line = next((line for line in text.splitlines() if line.startswith(f"| `{name}` | {field.title} |")), "")
            assert line, f"{model.__name__}.{name}"
            assert (field.description or "").replace("|", "\\|") in text, f"{model.__name__}.{name}"


def test_settings_name_defaults_choices_and_what_is_mandatory(folder: Path) -> None:
    generate.main([])
    text = page(folder, generate.SETTINGS_PAGE)
    assert "| `package` | Package | - | to switch on | list: Packages |" in text
    assert "| `package` | Package | - | when `missing_product` is `free_row` | list: Packages |" in text
    assert "| `secret_key` | Secret key | - | yes | a secret |" in text
    assert "| `rounding_limit` | Rounding limit | `0.05` | - | a number from 0 to 1 |" in text
    assert "| `mode` | What is read | `delta` | - | `delta`, `all`, `once` |" in text
    assert "| `gone` | When a price is gone | `delete` | - | `delete`, `leave`, `reset` |" in text


def test_every_function_stands_on_its_page_with_its_example(folder: Path) -> None:
    generate.main([])
    text = page(folder, generate.FUNCTIONS_PAGE).replace("\\|", "|")
    for function in FUNCTIONS.values():
        assert f"| `{function.signature}` | {function.description} | `{function.example}` |" in text


def test_features_stay_until_a_run_has_left_its_outcomes(folder: Path) -> None:
    generate.main([])
    assert "Proven: 1." in page(folder, generate.README)
    outcomes = {"ORD-13": "passed", "D1": "passed", "R7": "passed", "ORD-14": "failed"}
    (folder / generate.OUTCOMES).write_text(json.dumps(outcomes), encoding="utf-8")
    generate.main([])
    written = page(folder, generate.README)
    assert "Proven: 3.\n\nD1, ORD-13, R7." in written
    assert "not proven: ORD-14." in written


@pytest.mark.parametrize("feature", ["STK-07", "R27"])
def test_a_feature_no_test_is_marked_with_is_named(
    folder: Path, feature: str, capsys: pytest.CaptureFixture[str]
) -> None:
    generate.main([])
    readme = folder / generate.README
    readme.write_text(page(folder, generate.README).replace("ORD-13.", f"ORD-13, {feature}."), encoding="utf-8")
    assert generate.main(["--check"]) == 1
    assert feature in capsys.readouterr().err


def test_missing_markers_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / generate.SETTINGS_PAGE).write_text("# A page\n", encoding="utf-8")
    assert generate.main([]) == 1
    said = capsys.readouterr().err
    assert "'settings'" in said
    assert generate.SETTINGS_PAGE in said
