"""Executions begun under earlier code go on under today's: recorded histories replay, and a careless change shows."""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from tests.histories import record
from tests.histories.fingerprint import fingerprint
from tests.workflows.rig import plan
from tests.workflows.swapped_order import SwappedOrderWorkflow
from workflows import WORKFLOWS, IntegrationWorkflow

FOLDER = Path(record.__file__).parent
FINGERPRINTS = FOLDER / "fingerprints.json"
HISTORIES = sorted(path for path in FOLDER.rglob("*.json") if path != FINGERPRINTS)


def history(path: Path) -> WorkflowHistory:
    """A recorded history."""
    return WorkflowHistory.from_json(path.stem, path.read_text("utf-8"))


async def replay(path: Path, *workflows: type) -> None:
    """Replay a history; raises when the workflow asks for something else than it did."""
    await Replayer(workflows=workflows, data_converter=pydantic_data_converter).replay_workflow(history(path))


def kinds(path: Path) -> set[str]:
    """The kinds of events of a history."""
    return {event["eventType"] for event in json.loads(path.read_text("utf-8"))["events"]}


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
async def test_a_recorded_history_replays(path: Path):
    await replay(path, *WORKFLOWS)


def test_the_recordings_cover_what_the_workflows_do():
    names = {path.stem for path in HISTORIES}
    assert names >= {f"order_{outcome}" for outcome in ("done", "skipped", "parked", "postponed")}
    messages = FOLDER / "integration_messages.json"
    assert kinds(messages) >= {
        "EVENT_TYPE_TIMER_FIRED",
        "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED",
        "EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED",
        "EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED",
        "EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW",
    }
    signals = {
        event["workflowExecutionSignaledEventAttributes"]["signalName"]
        for event in json.loads(messages.read_text("utf-8"))["events"]
        if "workflowExecutionSignaledEventAttributes" in event
    }
    assert signals >= {"pause", "resume", "retry", "resync", "reconfigure", "poke", "run_now"}


async def test_a_careless_change_is_caught_by_the_replay():
    with pytest.raises(NondeterminismError):
        await replay(FOLDER / "order_done.json", SwappedOrderWorkflow, IntegrationWorkflow)


async def test_the_workflows_ask_for_what_their_fingerprints_say(temporal_address: str):
    committed = json.loads(FINGERPRINTS.read_text("utf-8"))
    recorded = await record.same_every_time(temporal_address)
    today = {name: fingerprint(json.loads(text)) for name, text in recorded.items()}
    assert today == committed, "a change of commands needs a patch marker and `python -m tests.histories.record`"


async def test_a_careless_change_is_caught_by_the_fingerprint(temporal_address: str, monkeypatch: pytest.MonkeyPatch):
    committed = json.loads(FINGERPRINTS.read_text("utf-8"))
    monkeypatch.setattr("tests.workflows.rig.WORKFLOWS", [IntegrationWorkflow, SwappedOrderWorkflow])
    async with record.fresh_rig(temporal_address) as rig:
        rig.edge.pages.append(["done"])
        await rig.start(plan())
        await rig.idle()
        today = (await rig.order("done").fetch_history()).to_json()
        await rig.integration.terminate()
    assert sorted(fingerprint(json.loads(today))) == sorted(committed["order_done"])
    assert fingerprint(json.loads(today)) != committed["order_done"]
