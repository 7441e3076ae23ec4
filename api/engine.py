"""What the API says to and asks of an integration's workflow, by the names in ``workflows.messages``."""

from datetime import timedelta
from enum import StrEnum
from urllib.parse import quote

from pydantic import BaseModel
from temporalio.client import Client, WorkflowHandle, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from api.problem_documents import EngineUnavailable
from settings import Settings
from workflows.messages import (
    INTEGRATION_WORKFLOW,
    FlowTarget,
    IntegrationInput,
    Progress,
    Reconfigure,
    integration_workflow_id,
)

_AWAY = (RPCError, RuntimeError)
"""The SDK raises RuntimeError when a client that connects late cannot do so."""
_PATIENCE = timedelta(seconds=5)
_QUERY_PATIENCE = timedelta(seconds=3)


class Heard(StrEnum):
    """What became of a message to an integration's workflow."""

    TOLD = "told"
    NOT_RUNNING = "not_running"
    """The integration is stopped: what was changed counts from its next start on."""
    UNREACHABLE = "unreachable"
    """The engine did not answer: what was changed is in the ledger and counts with the next run."""


class Engine:
    """The workflow engine, as far as the API needs it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def start(self, plan: IntegrationInput, summary: str, task_queue: str) -> None:
        """Start the integration's workflow; one that runs already is told the plan.

        Raises:
            EngineUnavailable: Temporal did not answer.
        """
        try:
            await self._client.start_workflow(
                INTEGRATION_WORKFLOW,
                plan,
                id=integration_workflow_id(plan.integration_id),
                task_queue=task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal="reconfigure",
                start_signal_args=[Reconfigure(time_zone=plan.time_zone, flows=plan.flows)],
                static_summary=summary,
                rpc_timeout=_PATIENCE,
            )
        except _AWAY as error:
            raise EngineUnavailable from error

    async def tell(self, integration_id: str, signal: str, message: BaseModel | None = None) -> Heard:
        """Send a signal; never raises for an engine that is away."""
        try:
            handle = self._handle(integration_id)
            if message is None:
                await handle.signal(signal, rpc_timeout=_PATIENCE)
            else:
                await handle.signal(signal, message, rpc_timeout=_PATIENCE)
        except _AWAY as error:
            gone = isinstance(error, RPCError) and error.status == RPCStatusCode.NOT_FOUND
            return Heard.NOT_RUNNING if gone else Heard.UNREACHABLE
        return Heard.TOLD

    async def tell_surely(self, integration_id: str, signal: str, message: BaseModel | None = None) -> Heard:
        """Send a signal that must arrive if there is a workflow to hear it.

        Raises:
            EngineUnavailable: Temporal did not answer.
        """
        heard = await self.tell(integration_id, signal, message)
        if heard is Heard.UNREACHABLE:
            raise EngineUnavailable
        return heard

    async def poke(self, integration_id: str, flow_id: str = "") -> Heard:
        """Ask for a run at once of one flow, or of all."""
        return await self.tell(integration_id, "poke", FlowTarget(flow_id=flow_id))

    async def progress(self, integration_id: str) -> Progress | None:
        """The workflow's own account; None when no worker answers in time or the integration is stopped."""
        try:
            answer: Progress = await self._handle(integration_id).query(
                "progress", result_type=Progress, rpc_timeout=_QUERY_PATIENCE
            )
        except (*_AWAY, WorkflowQueryFailedError, WorkflowQueryRejectedError):
            return None
        return answer

    async def answers(self) -> bool:
        """Whether Temporal can be reached."""
        try:
            return await self._client.service_client.check_health(timeout=_QUERY_PATIENCE)
        except _AWAY:
            return False

    def _handle(self, integration_id: str) -> WorkflowHandle[object, object]:
        return self._client.get_workflow_handle(integration_workflow_id(integration_id))


def execution_url(settings: Settings, workflow_id: str) -> str:
    """The page of a workflow in the Temporal UI."""
    base = settings.temporal_ui_url.rstrip("/")
    return f"{base}/namespaces/{quote(settings.temporal_namespace, safe='')}/workflows/{quote(workflow_id, safe='')}"
