"""One flow whose records move in pages: products, stock, customers, prices or shipments."""

from datetime import datetime, timedelta

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
        """One run: every page of the source, or as many as the flow's amount per run takes, then all that is ready.

        A long read outlasts its schedule. Work on what is ready does not: a new run reads what has changed meanwhile,
        so that no outdated figure waits to be sent.
        """
        self.state.next_run = None
        begin, result = True, None
        while begin or (result is not None and (result.more_pages or result.more_ready)):
            due = self._due()
            if not begin and self._gives_way(due, reading=result is None or result.more_pages):
                self.state.wanted = True
                return
            result = await self._sync(result, begin=begin)
            if begin and (result is not None or not self._ending()):
                self.state.runs += 1
                self.state.last_run = workflow.now()
            begin = False
            if result is not None and result.pause_seconds:
                pause_ends, due = workflow.now() + timedelta(seconds=result.pause_seconds), self._due()
                await self._wait_until(pause_ends if result.more_pages else min(pause_ends, due))
        if result is None and self._ending():
            self.state.wanted = True

    def _gives_way(self, due: datetime, *, reading: bool) -> bool:
        if self._ending() or self._owner.is_paused(self.plan.flow_id):
            return True
        return not reading and (self.state.wanted or workflow.now() >= due)

    async def _sync(self, last: SyncResult | None, *, begin: bool) -> SyncResult | None:
        question = SyncInput(
            workspace_id=self._owner.workspace_id,
            integration_id=self._owner.integration_id,
            flow_id=self.plan.flow_id,
            begin=begin,
            read=last is None or last.more_pages,
            read_before=0 if last is None else last.read,
        )
        return await self._ask(
            names.SYNC_RECORDS,
            question,
            SyncResult,
            summary=f"{self.plan.kind.capitalize()}, {self.plan.systems}",
            priority=after_orders(self.plan.source_connection_id),
        )
