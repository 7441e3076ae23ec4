"""What a workflow asked of the server, in order: the sequence that a change of code must not disturb by accident."""

from typing import Any

_COMMANDS = {
    "activityTaskScheduled": "activity",
    "activityTaskCancelRequested": "cancel activity",
    "startChildWorkflowExecutionInitiated": "child",
    "timerStarted": "timer",
    "timerCanceled": "cancel timer",
    "upsertWorkflowSearchAttributes": "search attributes",
    "markerRecorded": "marker",
    "workflowExecutionCompleted": "complete",
    "workflowExecutionFailed": "fail",
    "workflowExecutionContinuedAsNew": "continue as new",
}


def fingerprint(history: dict[str, Any]) -> list[str]:
    """The commands of a history as JSON, with the names of activities and workflows they start."""
    found = []
    for event in history["events"]:
        for kind, command in _COMMANDS.items():
            if (attributes := event.get(f"{kind}EventAttributes")) is not None:
                started = attributes.get("activityType") or attributes.get("workflowType") or {}
                found.append(" ".join(filter(None, (command, started.get("name")))))
    return found
