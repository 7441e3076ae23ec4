"""The generated parts of the README say what the connectors declare and what the tests prove."""

import json
from pathlib import Path

import pytest

from connectors.registry import CONNECTORS
from docs import generate

PAGE = """# A page
<!-- capabilities:begin -->
<!-- capabilities:end -->
<!-- features:begin -->
Proven: 1.

ORD-13.
<!-- features:end -->
The end.
"""


@pytest.fixture
def readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page in place of the README, without outcomes of a test run, and with one test that is marked."""
    page = tmp_path / "README.md"
    page.write_text(PAGE, encoding="utf-8")
    tests = tmp_path / "tests" / "deeper"
    tests.mkdir(parents=True)
    (tests / "test_orders.py").write_text("@pytest.mark.feature('ORD-13', 'D1')\ndef test_a(): pass\n")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "README", page)
    monkeypatch.setattr(generate, "OUTCOMES", tmp_path / "features.json")
    return page


def test_page_is_right_once_written(readme: Path) -> None:
    assert generate.main(["--check"]) == 1
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    written = readme.read_text(encoding="utf-8")
    for connector in CONNECTORS.values():
        assert f"| {connector.title} | {connector.versions} |" in written
    assert written.startswith("# A page\n")
    assert written.endswith("The end.\n")
    assert generate.main([]) == 0
    assert readme.read_text(encoding="utf-8") == written


def test_features_stay_until_a_run_has_left_its_outcomes(readme: Path) -> None:
    generate.main([])
    assert "Proven: 1." in readme.read_text(encoding="utf-8")
    generate.OUTCOMES.write_text(json.dumps({"ORD-13": "passed", "D1": "passed", "ORD-14": "failed"}))
    generate.main([])
    written = readme.read_text(encoding="utf-8")
    assert "Proven: 2.\n\nD1, ORD-13." in written
    assert "not proven: ORD-14." in written


def test_a_feature_no_test_is_marked_with_is_named(readme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate.main([])
    readme.write_text(readme.read_text(encoding="utf-8").replace("ORD-13.", "ORD-13, STK-07."), encoding="utf-8")
    assert generate.main(["--check"]) == 1
    assert "STK-07" in capsys.readouterr().err


def test_missing_markers_are_named(readme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    readme.write_text("# A page\n", encoding="utf-8")
    assert generate.main([]) == 1
    assert "'capabilities'" in capsys.readouterr().err
