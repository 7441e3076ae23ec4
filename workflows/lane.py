"""One flow of orders inside its integration: a loop that waits for its time, reads, and sends orders on their way."""

import asyncio
from datetime import datetime, timedelta
from typing import Protocol

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ActivityError, ChildWorkflowError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from workflows import names
    from workflows.messages import (
        ORDER_WORKFLOW,
        FetchInput,
        FetchResult,
        FlowPlan,
        FlowProgress,
        FlowState,
        HandedOut,
        OrderInput,
        OrderResult,
        order_workflow_id,
    )
    from workflows.policies import PAGE, orders_first
    from workflows.schedule import next_run

_SOON = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=1)


class Owner(Protocol):
    """What a lane needs to know of its integration."""

    workspace_id: str
    integration_id: str
    time_zone: str
    ending: bool

    def is_paused(self, flow_id: str) -> bool:
        """Whether the integration or this flow is paused."""


class OrdersLane:
    """Runs one orders flow. Never two runs at once; a slow order keeps its place in the window, not the next run."""

    def __init__(self, owner: Owner, plan: FlowPlan, state: FlowState) -> None:
        self.plan = plan
        self.state = state
        self.removed = False
        self._owner = owner
        self._running = False
        self._under_way: dict[str, asyncio.Task[None]] = {}

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

    async def _run(self) -> None:
        """One run: every page of the source, every order that is ready; the next moment of the schedule ends it too."""
        self.state.next_run = None
        due = self._due()
        begin, read, complete, pause = True, True, False, _SOON
        while begin or (workflow.now() < due and not self._is_disturbed()):
            result = await self._fetch(begin=begin, read=read)
            if result is None and self._ending():
                break
            if begin:
                self.state.runs += 1
                self.state.last_run = workflow.now()
            if result is None:
                complete = True
                break
            begin, read = False, result.more_pages
            fresh = [item for item in result.ready if item.item_id not in self._under_way]
            all_started = await self._send(fresh)
            if result.more_pages:
                continue
            complete = all_started and not result.more_ready
            if complete:
                break
            await self._settle(pause)
            pause = _SOON if fresh and all_started else min(pause * 2, _LONGEST_PAUSE)
        self.state.wanted = self.state.wanted or not complete

    def _is_disturbed(self) -> bool:
        """Whether this run should give way: to a new wish, a pause, or the end."""
        return self._ending() or self.state.wanted or self._owner.is_paused(self.plan.flow_id)

    async def _fetch(self, *, begin: bool, read: bool) -> FetchResult | None:
        """One page and what is ready; None when the integration ends or the source stayed silent for a day."""
        handle = workflow.start_activity(
            names.FETCH_ORDERS,
            FetchInput(
                workspace_id=self._owner.workspace_id,
                integration_id=self._owner.integration_id,
                flow_id=self.plan.flow_id,
                begin=begin,
                read=read,
                window=self.plan.window,
                under_way=len(self._under_way),
            ),
            result_type=FetchResult,
            priority=orders_first(self.plan.source_connection_id),
            summary=f"Read orders, {self.plan.systems}" if read else "Hand out orders that wait",
            **PAGE,
        )
        await workflow.wait_condition(lambda: handle.done() or self._ending())
        if not handle.done():
            handle.cancel()
            return None
        try:
            result = await handle
        except ActivityError:
            self.state.blocked = "temporary_trouble"
            return None
        self.state.blocked = result.blocked
        self.state.counts = result.counts
        self.state.cursor, self.state.page = result.cursor, result.page
        return None if result.blocked else result

    async def _send(self, items: list[HandedOut]) -> bool:
        """Start the items side by side; False when one has to wait: its earlier run has not ended, or this one does."""
        return all(await asyncio.gather(*(self._start(item) for item in items)))

    async def _start(self, item: HandedOut) -> bool:
        if self._ending() or self._owner.is_paused(self.plan.flow_id):
            return False
        try:
            child = await workflow.start_child_workflow(
                ORDER_WORKFLOW,
                OrderInput(
                    workspace_id=self._owner.workspace_id,
                    integration_id=self._owner.integration_id,
                    flow_id=self.plan.flow_id,
                    item_id=item.item_id,
                    source_id=item.source_id,
                ),
                id=order_workflow_id(self._owner.integration_id, item.source_id),
                result_type=OrderResult,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                priority=orders_first(self.plan.source_connection_id),
                search_attributes=self._search_attributes(),
                static_summary=f"Order {item.source_id}, {self.plan.systems}",
            )
        except WorkflowAlreadyStartedError:
            return False
        self._under_way[item.item_id] = asyncio.create_task(self._await(item.item_id, child))
        return True

    def _search_attributes(self) -> TypedSearchAttributes:
        return TypedSearchAttributes(
            [
                SearchAttributePair(names.INTEGRATION_KEY, self._owner.integration_id),
                SearchAttributePair(names.FLOW_KEY, self.plan.flow_id),
                SearchAttributePair(names.SYSTEMS_KEY, self.plan.systems),
            ]
        )

    async def _await(self, item_id: str, child: workflow.ChildWorkflowHandle[object, OrderResult]) -> None:
        """Wait for an order's end; the ledger holds the outcome, the counts here only follow it until the next read."""
        try:
            outcome = (await child).outcome
        except ChildWorkflowError:
            outcome = "parked"
        del self._under_way[item_id]
        counts = self.state.counts
        if outcome in {"done", "skipped", "parked"} and counts.in_flight > 0:
            counts.in_flight -= 1
            setattr(counts, outcome, getattr(counts, outcome) + 1)

    async def _settle(self, pause: timedelta) -> None:
        """Wait until half of the window is free, or a moment when nothing awaited here holds it."""
        target = len(self._under_way) - self.plan.window // 2
        try:
            await workflow.wait_condition(
                lambda: self._is_disturbed() or len(self._under_way) < target,
                timeout=pause,
                timeout_summary="Room in the window",
            )
        except TimeoutError:
            return
