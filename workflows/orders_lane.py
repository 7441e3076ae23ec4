"""One flow of orders: reads pages, and sends every order on its way as a workflow of its own."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import ChildWorkflowError, WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from workflows import names
    from workflows.lane import Lane, Owner
    from workflows.messages import (
        ORDER_WORKFLOW,
        FetchInput,
        FetchResult,
        FlowPlan,
        FlowState,
        HandedOut,
        OrderInput,
        OrderResult,
        order_workflow_id,
    )
    from workflows.policies import orders_first

_SOON = timedelta(seconds=2)
_LONGEST_PAUSE = timedelta(minutes=1)


class OrdersLane(Lane):
    """Runs one orders flow; a slow order keeps its place in the window, not the next run."""

    def __init__(self, owner: Owner, plan: FlowPlan, state: FlowState) -> None:
        super().__init__(owner, plan, state)
        self._under_way: dict[str, asyncio.Task[None]] = {}

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
        question = FetchInput(
            workspace_id=self._owner.workspace_id,
            integration_id=self._owner.integration_id,
            flow_id=self.plan.flow_id,
            begin=begin,
            read=read,
            window=self.plan.window,
            under_way=len(self._under_way),
        )
        return await self._ask(
            names.FETCH_ORDERS,
            question,
            FetchResult,
            summary=f"Read orders, {self.plan.systems}" if read else "Hand out orders that wait",
            priority=orders_first(self.plan.source_connection_id),
        )

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
