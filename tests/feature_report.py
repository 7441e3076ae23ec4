"""Says after a run which rows of the feature list are proven: `build/features.json`, id to outcome.

An id is "passed" only when every test marked with it passed, "failed" when one failed, and "skipped" otherwise.
Only a run of all tests writes the file: a part of them proves nothing about ids that other tests are marked with too.
The marks travel in each report's user properties, so the report is right when the tests run in several processes.
"""

import json
from pathlib import Path

import pytest

PROPERTY = "feature"


def outcome_of_test(reports: list[tuple[str, str, bool]]) -> str:
    """One word for a test from its phases, each as (phase, outcome, expected to fail)."""
    if any(outcome == "failed" for _, outcome, _ in reports):
        return "failed"
    if any(phase == "call" and outcome == "passed" and not expected for phase, outcome, expected in reports):
        return "passed"
    return "skipped"


def outcome_of_feature(tests: list[str]) -> str:
    """One word for an id from the outcomes of the tests marked with it."""
    for outcome in ("failed", "skipped"):
        if outcome in tests:
            return outcome
    return "passed"


def is_whole_run(config: pytest.Config) -> bool:
    """Whether nothing on the command line leaves tests out."""
    option = config.option
    if option.keyword or option.markexpr or getattr(option, "lf", False) or option.deselect:
        return False
    everywhere = {str(config.rootpath / folder) for folder in config.getini("testpaths")}
    named = {str((config.invocation_params.dir / argument).resolve()) for argument in config.args}
    return everywhere <= named


class FeatureReport:
    """The pytest plugin; the controlling process writes the file, workers only mark their reports."""

    def __init__(self, target: Path, *, is_controller: bool) -> None:
        self._target = target
        self._is_controller = is_controller
        self._features: dict[str, set[str]] = {}
        self._reports: dict[str, list[tuple[str, str, bool]]] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for mark in item.iter_markers("feature"):
                item.user_properties.extend((PROPERTY, feature) for feature in mark.args)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        features = {str(value) for name, value in report.user_properties if name == PROPERTY}
        if not features:
            return
        for feature in features:
            self._features.setdefault(feature, set()).add(report.nodeid)
        expected_to_fail = hasattr(report, "wasxfail")
        self._reports.setdefault(report.nodeid, []).append((str(report.when), report.outcome, expected_to_fail))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self._is_controller or session.config.option.collectonly or not is_whole_run(session.config):
            return
        outcomes = {
            feature: outcome_of_feature([outcome_of_test(self._reports[test]) for test in sorted(tests)])
            for feature, tests in sorted(self._features.items())
        }
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._target.write_text(json.dumps(outcomes, indent=2) + "\n", encoding="utf-8")


def register(config: pytest.Config) -> None:
    """Have the outcomes of this run written to `build/features.json` under the root of the tests."""
    is_controller = not hasattr(config, "workerinput")
    target = config.rootpath / "build" / "features.json"
    config.pluginmanager.register(FeatureReport(target, is_controller=is_controller), "feature-report")
