"""One flow inside its integration: a loop that waits for its time and runs; what a run does is its kind's own."""

import contextlib
from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from workflows.messages import FlowPlan, FlowProgress, FlowRef, FlowResult, FlowState
    from workflows.policies import PAGE
    from workflows.schedule import next_run

ResultT = TypeVar("ResultT", bound=FlowResult)


class Owner(Protocol):
    """What a lane needs to know of its integration."""

    workspace_id: str
    integration_id: str
    time_zone: str
    ending: bool

    def is_paused(self, flow_id: str) -> bool:
        """Whether the integration or this flow is paused."""


class Lane(ABC):
    """Runs one flow, never twice at once."""

    patience = timedelta(0)
    """How long a page that is at work may go on when the integration's run ends, before it is broken off."""

    def __init__(self, owner: Owner, plan: FlowPlan, state: FlowState) -> None:
        self.plan = plan
        self.state = state
        self.removed = False
        self._owner = owner
        self._running = False

    @abstractmethod
    async def _run(self) -> None:
        """One run of the flow; sets ``state.wanted`` when it could not be completed."""

    async def live(self) -> None:
        """Run whenever it is time or somebody asks, until the integration's run ends."""
        while not self._ending():
            if self._owner.is_paused(self.plan.flow_id):
                await workflow.wait_condition(lambda: self._ending() or not self._owner.is_paused(self.plan.flow_id))
                continue
            if not self.state.wanted:
                await self._wait_until(self._due())
                self.state.wanted = self.state.wanted or self._is_due()
                continue
            self.state.wanted = False
            self._running = True
            try:
                await self._run()
            finally:
                self._running = False

    def reschedule(self, plan: FlowPlan) -> None:
        """Take a new plan; the next run is computed afresh."""
        self.plan = plan
        self.state.next_run = None

    def progress(self) -> FlowProgress:
        """What a person sees of this flow."""
        counts = self.state.counts
        waiting = counts.oldest_waiting if counts.in_flight else None
        return FlowProgress(
            flow_id=self.plan.flow_id,
            kind=self.plan.kind,
            state=self._word(),
            lag_seconds=max(0.0, (workflow.now() - waiting).total_seconds()) if waiting else 0.0,
            **self.state.model_dump(include={"last_run", "next_run", "cursor", "page", "blocked", "runs"}),
            **counts.model_dump(exclude={"oldest_waiting"}),
        )

    def _word(self) -> str:
        if self._owner.is_paused(self.plan.flow_id):
            return "paused"
        if self.state.blocked:
            return "blocked"
        return "running" if self._running else "waiting"

    def _ending(self) -> bool:
        return self._owner.ending or self.removed

    def _due(self) -> datetime:
        if self.state.next_run is None:
            self.state.next_run = next_run(self.plan.schedule, self._owner.time_zone, self.plan.flow_id, workflow.now())
        return self.state.next_run

    def _is_due(self) -> bool:
        return self.state.next_run is not None and workflow.now() >= self.state.next_run

    async def _wait_until(self, moment: datetime) -> None:
        """Wait for the moment, a wish to run, a pause, a new plan or the end, whichever is first."""
        try:
            await workflow.wait_condition(
                lambda: (
                    self._ending()
                    or self.state.wanted
                    or self.state.next_run is None
                    or self._owner.is_paused(self.plan.flow_id)
                ),
                timeout=max(moment - workflow.now(), timedelta(milliseconds=1)),
                timeout_summary=f"Next run of the {self.plan.kind} flow",
            )
        except TimeoutError:
            return

    async def _ask(
        self, activity: str, question: FlowRef, result_type: type[ResultT], *, summary: str, priority: Priority
    ) -> ResultT | None:
        """One page of the flow; None when the integration ends, or a connection refuses or stays silent for a day."""
        handle = workflow.start_activity(
            activity, question, result_type=result_type, priority=priority, summary=summary, **PAGE
        )
        await workflow.wait_condition(lambda: handle.done() or self._ending())
        if not handle.done() and self.patience:
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(handle.done, timeout=self.patience, timeout_summary="The last page")
        if not handle.done():
            handle.cancel()
            return None
        try:
            result = await handle
        except ActivityError:
            self.state.blocked = "temporary_trouble"
            return None
        self.state.blocked = result.blocked
        self.state.counts = result.counts or self.state.counts
        self.state.cursor, self.state.page = result.cursor, result.page
        return None if result.blocked else result
