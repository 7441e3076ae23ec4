"""One integration for as long as it exists: its flows, their rhythm, and what people ask of them."""

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from workflows import names
    from workflows.lane import Lane
    from workflows.messages import (
        INTEGRATION_WORKFLOW,
        ORDERS,
        FlowPlan,
        FlowState,
        FlowTarget,
        IntegrationInput,
        IntegrationState,
        Progress,
        Reconfigure,
        ReleaseInput,
        Resync,
        ResyncInput,
        Retry,
    )
    from workflows.orders_lane import OrdersLane
    from workflows.policies import LEDGER
    from workflows.records_lane import RecordsLane


@workflow.defn(name=INTEGRATION_WORKFLOW)
class IntegrationWorkflow:
    """Keeps two connections in agreement. State is one object, carried through continue-as-new."""

    @workflow.init
    def __init__(self, start: IntegrationInput) -> None:
        self.workspace_id = start.workspace_id
        self.integration_id = start.integration_id
        self.time_zone = start.time_zone
        self.ending = False
        self._history_limit = start.history_limit
        self._paused = start.state.paused
        self._stopped = False
        self._lanes: dict[str, Lane] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        for plan in start.flows:
            state = start.state.flows.get(plan.flow_id) or FlowState(wanted=True)
            self._lanes[plan.flow_id] = self._lane(plan, state)

    @workflow.run
    async def run(self, start: IntegrationInput) -> None:
        """Live until stopped; continues as new when the history has grown long, with every place kept."""
        workflow.upsert_search_attributes([names.INTEGRATION_KEY.value_set(start.integration_id)])
        for flow_id, lane in self._lanes.items():
            self._tasks[flow_id] = asyncio.create_task(lane.live())
        await workflow.wait_condition(lambda: self._stopped or self._may_continue_as_new() or self._has_failed())
        self.ending = True
        await asyncio.gather(*self._tasks.values())
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._stopped:
            return
        workflow.continue_as_new(
            IntegrationInput(
                workspace_id=self.workspace_id,
                integration_id=self.integration_id,
                time_zone=self.time_zone,
                flows=[lane.plan for lane in self._lanes.values()],
                state=IntegrationState(
                    paused=self._paused, flows={flow_id: lane.state for flow_id, lane in self._lanes.items()}
                ),
                history_limit=self._history_limit,
            )
        )

    def is_paused(self, flow_id: str) -> bool:
        """Whether the integration or this flow is paused."""
        return self._paused or self._lanes[flow_id].plan.paused

    @workflow.signal
    def pause(self, target: FlowTarget) -> None:
        """Send nothing new of one flow, or of all; what is on its way finishes."""
        self._set_paused(target, paused=True)

    @workflow.signal
    def resume(self, target: FlowTarget) -> None:
        """Go on; what became due meanwhile is made up by one run."""
        self._set_paused(target, paused=False)
        self._want(target.flow_id)

    @workflow.signal
    def run_now(self, target: FlowTarget) -> None:
        """Run at once because a person asks."""
        self._want(target.flow_id)

    @workflow.signal
    def poke(self, target: FlowTarget) -> None:
        """Run at once because something has changed."""
        self._want(target.flow_id)

    @workflow.signal
    async def resync(self, wish: Resync) -> None:
        """Read a flow again from a moment on, completely, or for named source ids."""
        order = ResyncInput(workspace_id=self.workspace_id, integration_id=self.integration_id, **wish.model_dump())
        if await self._write_down(names.RESYNC_FLOW, order, "Set the flow's place back"):
            self._want(wish.flow_id)

    @workflow.signal
    async def retry(self, wish: Retry) -> None:
        """Release named items, or all parked for one problem, and run."""
        order = ReleaseInput(workspace_id=self.workspace_id, integration_id=self.integration_id, **wish.model_dump())
        if await self._write_down(names.RELEASE_ITEMS, order, "Release what waits"):
            self._want("")

    @workflow.signal
    def reconfigure(self, wish: Reconfigure) -> None:
        """Take new schedules and flows; a flow that stays keeps its state, a new one runs at once."""
        self._stopped = False
        self.time_zone = wish.time_zone
        plans = {plan.flow_id: plan for plan in wish.flows}
        for flow_id in [known for known in self._lanes if known not in plans]:
            self._lanes.pop(flow_id).removed = True
        for flow_id, plan in plans.items():
            self._place(flow_id, plan)

    @workflow.signal
    def stop(self) -> None:
        """End this execution; the ledger keeps every cursor for the next start."""
        self._stopped = True

    @workflow.query
    def progress(self) -> Progress:
        """Where every flow is."""
        return Progress(
            integration_id=self.integration_id,
            paused=self._paused,
            flows=[lane.progress() for lane in self._lanes.values()],
        )

    async def _write_down(self, activity: str, wish: ResyncInput | ReleaseInput, summary: str) -> bool:
        """Put a wish into the ledger; one that is refused stands red in the history and ends nothing else."""
        try:
            await workflow.execute_activity(activity, wish, summary=summary, **LEDGER)
        except ActivityError:
            return False
        return True

    def _place(self, flow_id: str, plan: FlowPlan) -> None:
        known = self._lanes.get(flow_id)
        if known is not None:
            known.reschedule(plan)
            return
        lane = self._lane(plan, FlowState(wanted=True))
        self._lanes[flow_id] = lane
        if not self.ending:
            self._tasks[flow_id] = asyncio.create_task(lane.live())

    def _lane(self, plan: FlowPlan, state: FlowState) -> Lane:
        return (OrdersLane if plan.kind == ORDERS else RecordsLane)(self, plan, state)

    def _want(self, flow_id: str) -> None:
        for known, lane in self._lanes.items():
            if flow_id in {"", known}:
                lane.state.wanted = True

    def _set_paused(self, target: FlowTarget, *, paused: bool) -> None:
        if not target.flow_id:
            self._paused = paused
        elif target.flow_id in self._lanes:
            self._lanes[target.flow_id].plan.paused = paused

    def _may_continue_as_new(self) -> bool:
        """Not while a message is being written down: the flows would stand still until it is."""
        return self._has_grown() and workflow.all_handlers_finished()

    def _has_failed(self) -> bool:
        """Whether a flow's loop has ended by an error of ours, which then shows instead of the flow falling silent."""
        ended = [task for task in self._tasks.values() if task.done() and not task.cancelled()]
        return any(task.exception() is not None for task in ended)

    def _has_grown(self) -> bool:
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.get_current_history_length() >= self._history_limit
