"""One integration on a server whose clock a test moves; see `tests.workflows.edge` for what is scripted."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from tests.waiting import eventually
from tests.workflows.edge import Edge
from tests.world import NEVER
from workflows import WORKFLOWS, names
from workflows.messages import (
    INTEGRATION_WORKFLOW,
    FlowPlan,
    FlowProgress,
    FlowTarget,
    IntegrationInput,
    Progress,
    integration_workflow_id,
    order_workflow_id,
)

WORKSPACE, INTEGRATION, FLOW = "w1", "i1", "f1"
ALL = FlowTarget()


def plan(flow_id: str = FLOW, schedule: str = NEVER, **members: Any) -> FlowPlan:
    """A flow, of orders unless its kind is given, that runs only when asked unless it has a schedule."""
    return FlowPlan(
        flow_id=flow_id,
        kind=members.pop("kind", "orders"),
        schedule=schedule,
        source_connection_id="shop-1",
        systems="shop→books",
        **members,
    )


@dataclass
class Rig:
    """The integration under test."""

    client: Client
    env: WorkflowEnvironment | None = None
    edge: Edge = field(default_factory=Edge)
    queue: str = field(default_factory=lambda: f"tests-{uuid4().hex}")

    @contextlib.asynccontextmanager
    async def working(self, **options: Any) -> AsyncIterator[Worker]:
        """A worker on the rig's queue while the body runs."""
        async with Worker(
            self.client, task_queue=self.queue, workflows=WORKFLOWS, activities=self.edge.activities(), **options
        ) as worker:
            yield worker

    async def start(self, *flows: FlowPlan, **options: Any) -> None:
        """Start the integration; its clock stands until `skip`. ``options`` are of the input, or of the start."""
        of_start = {name: options.pop(name) for name in ("start_signal", "start_signal_args") if name in options}
        start = IntegrationInput(workspace_id=WORKSPACE, integration_id=INTEGRATION, flows=list(flows), **options)
        with self.env.with_time_skipping_disabled() if self.env else contextlib.nullcontext():
            await self.client.start_workflow(
                INTEGRATION_WORKFLOW,
                start,
                id=integration_workflow_id(INTEGRATION),
                task_queue=self.queue,
                **of_start,
            )

    @property
    def integration(self) -> WorkflowHandle[Any, Any]:
        """The newest run of the integration."""
        return self.client.get_workflow_handle(integration_workflow_id(INTEGRATION))

    def order(self, source_id: str) -> WorkflowHandle[Any, Any]:
        """The newest run of an order."""
        return self.client.get_workflow_handle(order_workflow_id(INTEGRATION, source_id))

    async def signal(self, name: str, argument: Any = None) -> None:
        """Send a message to the integration."""
        await self.integration.signal(name, *([] if argument is None else [argument]))

    async def skip(self, span: timedelta) -> None:
        """Let the integration's time pass; everything that falls due in it happens."""
        assert self.env is not None
        assert await self.env.fast_forward(self.integration, span), "the integration has ended"

    async def now(self) -> datetime:
        """The integration's moment."""
        assert self.env is not None
        return await self.env.get_current_time(self.integration)

    async def progress(self) -> Progress:
        """The answer to the query."""
        answer: Progress = await self.integration.query("progress", result_type=Progress)
        return answer

    async def flow(self, flow_id: str = FLOW) -> FlowProgress:
        """The answer to the query, of one flow."""
        [found] = [flow for flow in (await self.progress()).flows if flow.flow_id == flow_id]
        return found

    async def until(self, check: Callable[[], bool], seconds: float = 20) -> None:
        """Wait until the edge has seen something."""

        async def look() -> bool:
            return check()

        await eventually(look, seconds=seconds)

    async def one_more_run(self, *, ask: bool = False) -> None:
        """Wait until one more run has begun; ``ask`` asks all flows to run."""
        before = len(self.edge.runs)
        if ask:
            await self.signal("run_now", ALL)
        await self.until(lambda: len(self.edge.runs) > before)

    async def idle(self, flow_id: str = FLOW, *, after_run: int = 1) -> FlowProgress:
        """Wait until that many runs are over and no order is on its way."""

        async def look() -> FlowProgress | None:
            flow = await self.flow(flow_id)
            if flow.runs < after_run or flow.state == "running" or await self._orders_open():
                return None
            return await self.flow(flow_id)

        found = await eventually(look, seconds=20)
        assert found is not None
        return found

    async def _orders_open(self) -> bool:
        described = (await self.integration.describe()).raw_description
        return any(child.workflow_id.startswith("order/") for child in described.pending_children)

    async def chain(self) -> list[list[HistoryEvent]]:
        """The histories of all runs of the integration, oldest first."""
        run_id: str | None = (await self.integration.describe()).run_id
        found: list[list[HistoryEvent]] = []
        while run_id:
            handle = self.client.get_workflow_handle(integration_workflow_id(INTEGRATION), run_id=run_id)
            found.insert(0, [event async for event in handle.fetch_history_events()])
            run_id = found[0][0].workflow_execution_started_event_attributes.continued_execution_run_id
        return found

    async def run_moments(self, flow_id: str = FLOW) -> list[datetime]:
        """When each run of a flow began, in the integration's time, from the histories."""
        return [
            event.event_time.ToDatetime(tzinfo=UTC)
            for history in await self.chain()
            for event in history
            if (scheduled := event.activity_task_scheduled_event_attributes).activity_type.name == names.FETCH_ORDERS
            and b'"begin":true' in scheduled.input.payloads[0].data
            and f'"{flow_id}"'.encode() in scheduled.input.payloads[0].data
        ]


@contextlib.asynccontextmanager
async def time_skipping_rig(env: WorkflowEnvironment) -> AsyncIterator[Rig]:
    """A rig with a worker, on a server that skips time."""
    rig = Rig(env.client, env)
    async with rig.working():
        yield rig
