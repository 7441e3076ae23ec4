"""One flow whose records move in pages: products, stock, customers, prices or shipments."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from workflows import names
    from workflows.lane import Lane
    from workflows.messages import SyncInput, SyncResult
    from workflows.policies import after_orders


class RecordsLane(Lane):
    """Runs one flow page by page; a pause takes effect after the page, and the next run goes on there."""

    patience = timedelta(minutes=1)

    async def _run(self) -> None:
        """One run: every page of the source, and all records that are ready; a long one outlasts its schedule."""
        self.state.next_run = None
        self._due()
        begin, result = True, None
        while begin or (result is not None and (result.more_pages or result.more_ready)):
            if not begin and (self._ending() or self._owner.is_paused(self.plan.flow_id)):
                self.state.wanted = True
                return
            result = await self._sync(begin=begin, read=result is None or result.more_pages)
            if begin and (result is not None or not self._ending()):
                self.state.runs += 1
                self.state.last_run = workflow.now()
            begin = False
        if result is None and self._ending():
            self.state.wanted = True

    async def _sync(self, *, begin: bool, read: bool) -> SyncResult | None:
        question = SyncInput(
            workspace_id=self._owner.workspace_id,
            integration_id=self._owner.integration_id,
            flow_id=self.plan.flow_id,
            begin=begin,
            read=read,
        )
        return await self._ask(
            names.SYNC_RECORDS,
            question,
            SyncResult,
            summary=f"{self.plan.kind.capitalize()}, {self.plan.systems}",
            priority=after_orders(self.plan.source_connection_id),
        )
