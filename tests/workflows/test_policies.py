"""Every step has limits and a name for them, and workflows run in the sandbox."""

import ast
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import _Definition

from tests.repository import ROOT
from workflows import WORKFLOWS, policies
from workflows.policies import Policy

SOURCES = sorted((ROOT / "workflows").glob("*.py"))
CALLS = {"execute_activity", "start_activity", "execute_local_activity", "start_local_activity"}
LIMITS = {"start_to_close_timeout", "schedule_to_close_timeout", "heartbeat_timeout", "retry_policy"}
POLICIES: dict[str, Policy] = {
    name: cast("Policy", value) for name, value in vars(policies).items() if isinstance(value, dict) and name.isupper()
}


def activity_calls(source: Path) -> list[ast.Call]:
    """Every place of a module that starts an activity."""
    calls = [node for node in ast.walk(ast.parse(source.read_text("utf-8"))) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in CALLS]


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_every_policy_has_limits_and_retries(name: str):
    policy = POLICIES[name]
    assert set(policy) == LIMITS
    assert timedelta(0) < policy["heartbeat_timeout"] <= timedelta(seconds=30)
    assert policy["heartbeat_timeout"] <= policy["start_to_close_timeout"] <= timedelta(minutes=10)
    assert policy["start_to_close_timeout"] < policy["schedule_to_close_timeout"] <= timedelta(days=7)
    assert policy["retry_policy"].maximum_attempts == 0, "time limits a step, not a number of attempts"
    assert policy["retry_policy"].maximum_interval is not None
    assert policy["retry_policy"].maximum_interval <= timedelta(minutes=5)


@pytest.mark.parametrize("name", ["PAGE", "RECORD"])
def test_trouble_at_a_vendor_is_retried_for_a_day(name: str):
    assert POLICIES[name]["schedule_to_close_timeout"] == timedelta(days=1)


def test_every_activity_is_started_with_a_named_policy_and_no_limit_of_its_own():
    calls = [(source.name, call) for source in SOURCES for call in activity_calls(source)]
    assert calls
    for module, call in calls:
        given = {keyword.arg for keyword in call.keywords}
        spread = [k.value.id for k in call.keywords if k.arg is None and isinstance(k.value, ast.Name)]
        where = f"{module}, line {call.lineno}"
        assert len(spread) == 1, where
        assert spread[0] in POLICIES, where
        assert not given & LIMITS, where
        assert "summary" in given, where


@pytest.mark.parametrize("workflow", WORKFLOWS)
async def test_workflows_pass_the_sandbox(workflow: type):
    definition = _Definition.must_from_class(workflow)
    assert definition.sandboxed
    SandboxedWorkflowRunner().prepare_workflow(definition)
