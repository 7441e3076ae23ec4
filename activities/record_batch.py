"""One batch of records through the workbench, with the target asked and the ledger told."""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from activities.claiming import keep
from activities.customer_turns import turn, turn_name
from activities.moved_prices import Places, moved, places_of
from activities.pending_orders import Sales
from activities.record_ending import Ended, failed, refused, unanswered
from activities.record_matching import Opposite, first_of
from activities.record_removal import take_away
from activities.record_work import Job, Workbench, compared, key_of, looked_over, written
from activities.vendors import ConnectionBroken, OpenRecordFlow, on_item
from commerce.problems import Problem
from connectors.errors import OutcomeUnknown, RecordRefused, Temporary
from connectors.order_flow import SettingsRefused
from connectors.record_flow import parse_record_flow
from connectors.records import Existing, RecordKind, Removal
from connectors.registry import connector
from store import DATABASE_TROUBLE, Claim, ItemRecord, ItemState, Settled, Store
from store.bindings import ORDER
from workflows.messages import ORDERS

_PATIENCE = timedelta(seconds=5)
"""How long a customer waits for its turn, and a record for the opposite flow, before the others of its batch go on."""
_LOOK_AGAIN = 0.2
_LONGEST_WRITE = timedelta(minutes=5)
"""Age at which a write of the opposite flow that was never settled is not waited for any more."""
_UNCLEAR = 5
"""Unclear answers in one batch after which the target is left alone for a while."""
_SETTLE_EVERY = 1.0
"""Seconds; what a killed worker had not settled is found equal at the target by the next attempt."""


@dataclass(frozen=True)
class Batch:
    """Works on records of one flow; a batch that breaks off leaves what it had not settled for the next attempt."""

    store: Store
    workspace_id: str
    flow: OpenRecordFlow
    claim: Claim | None
    """None while the flow is rehearsed: then nothing is written that needs one."""
    lease: timedelta

    async def work(self, items: Sequence[ItemRecord], sales: Sales, now: datetime) -> None:
        """Take every item to an end.

        Raises:
            Temporary: The target could not go on; what was not settled is ready again.
            ConnectionBroken: The target's account refuses us.
            Wait: Another attempt has taken the flow over.
        """
        bench = await self.bench(items)
        try:
            jobs, ended = looked_over(bench, items, sales, now)
            if bench.doubtful:
                await self.store.record_pages.doubt(self.workspace_id, self.flow.flow.id, sorted(bench.doubtful))
            await self._settle(ended)
            to_write, equal, places = await self._found(bench, jobs)
            await self.keep_claim()
            stuck = await self.leave_former_groups(jobs)
            if self.flow.kind is RecordKind.PRICES:
                # All at once: of two that swap their places, one alone would leave the other's to nobody.
                bindings = moved(bench, [job for job in jobs if job.item.id not in stuck])
                await self.store.bindings.put(self.workspace_id, self.flow.flow.id, *bindings, *places.coming)
            await self._settle([*stuck.values(), *(end for end in equal if end.settled.item_id not in stuck)])
            await self._write(bench, [job for job in to_write if job.item.id not in stuck])
        finally:
            ids = [item.id for item in items]
            await self.store.record_pages.give_back(self.workspace_id, self.flow.flow.id, ids)

    async def refuse(self, items: Sequence[ItemRecord], problem: Problem) -> None:
        """Let items wait that cannot be worked on at all."""
        await self._settle([refused(item, problem) for item in items])

    async def bench(self, items: Sequence[ItemRecord]) -> Workbench:
        """All that the work on these items needs of the ledger."""
        flow, ids = self.flow, [item.source_id for item in items]
        kind, flow_id = str(flow.kind), flow.flow.id
        values = flow.values
        if values is None:
            values = await self.store.value_maps.values(self.workspace_id, flow_id)
        return Workbench(
            flow=flow,
            values=values,
            hasher=await self.store.keyed_hash.maker(self.workspace_id),
            bindings=await self.store.bindings.find(self.workspace_id, flow_id, kind, ids),
            opposite=await self._opposite(ids),
            targets_of_orders=await self._targets_of_orders(ids) if flow.kind is RecordKind.SHIPMENTS else {},
        )

    async def find(self, bench: Workbench, jobs: Sequence[Job]) -> tuple[list[Job], list[Ended]]:
        """Ask the target for every record, and compare: the jobs that have something to write, and the others' ends."""
        to_write, ended, _ = await self._found(bench, jobs)
        return to_write, ended

    async def _found(self, bench: Workbench, jobs: Sequence[Job]) -> tuple[list[Job], list[Ended], Places]:
        by, target = self.flow.settings.identifier, self.flow.target
        if not jobs:
            return [], [], Places({})
        with self.flow.calling_target():
            found = dict(await target.find([key_of(bench, job, by_id=True) for job in jobs], by))
            lost = [
                job for job in jobs if job.view.key.source_id not in found and key_of(bench, job, by_id=True).target_id
            ]
            if lost:
                found |= await target.find([key_of(bench, job, by_id=False) for job in lost], by)
        bench, jobs, ended = await self._undisturbed(bench, jobs, found)
        places = await places_of(self.store, self.workspace_id, bench, jobs, found)
        if self.flow.kind is RecordKind.PRICES:
            places.pass_on(bench, jobs, found)
        to_write: list[Job] = []
        for job in jobs:
            one = found.get(job.view.key.source_id)
            bound = places.owners.get(one.target_id, ()) if isinstance(one, Existing) else ()
            end = compared(bench, job, one, bound)
            if end is None:
                to_write.append(job)
            else:
                ended.append(end)
        return to_write, ended, places

    async def _undisturbed(
        self, bench: Workbench, jobs: Sequence[Job], found: Mapping[str, Existing | Problem]
    ) -> tuple[Workbench, list[Job], list[Ended]]:
        """Wait for what the opposite flow is writing of these records: only then can it be told from people's changes.

        Returns the workbench of then, the records to go on with, and those that wait for another step.
        """

        def disturbed() -> list[Job]:
            writing = bench.opposite.writing if bench.opposite else frozenset()
            return [
                job
                for job in jobs
                if isinstance(one := found.get(job.view.key.source_id), Existing)
                and one.target_id in writing
                and job.item.write_started_at is None
            ]

        until = time.monotonic() + _PATIENCE.total_seconds()
        while disturbed() and time.monotonic() < until:
            await asyncio.sleep(_LOOK_AGAIN)
            bench = replace(bench, opposite=await self._opposite([job.view.record.source_id for job in jobs]))
        waiting = {job.item.id for job in disturbed()}
        later = datetime.now(UTC) + _PATIENCE
        ended = [Ended(Settled(item_id, ItemState.READY, not_before=later)) for item_id in waiting]
        return bench, [job for job in jobs if job.item.id not in waiting], ended

    async def leave_former_groups(self, jobs: Sequence[Job]) -> dict[str, Ended]:
        """Take prices away from the customer groups they are not of any more; what is refused is left as it was."""
        removal = self.flow.settings.common.gone
        stuck: dict[str, Ended] = {}
        if self.flow.kind is not RecordKind.PRICES or removal is Removal.LEAVE:
            return stuck
        for job in jobs:
            before, now = job.binding, job.existing
            placed = job.change is not None or now is not None
            if before is None or before.removed or not placed or (now and now.target_id == before.target_id):
                continue
            await self.keep_claim()
            try:
                with on_item(job.item.id):
                    await take_away(self.flow, job.item, before.target_id, removal)
            except RecordRefused as refusal:
                stuck[job.item.id] = refused(job.item, refusal.problem)
        return stuck

    async def _write(self, bench: Workbench, jobs: Sequence[Job]) -> None:
        """Write every change; outcomes are settled together, at the latest when the work ends or breaks off."""
        if not jobs:
            return
        flow_id, size = self.flow.flow.id, self.flow.target_side.batch
        item_ids = [job.item.id for job in jobs]
        await self.store.record_pages.write_started(self.workspace_id, flow_id, item_ids, datetime.now(UTC))
        ended: list[Ended] = []
        unclear: list[Job] = []
        trouble: OutcomeUnknown | None = None
        tried = 0
        settled = time.monotonic()
        try:
            for start in range(0, len(jobs), size):
                chunk = jobs[start : start + size]
                tried = start + len(chunk)
                try:
                    ended += await self._written(bench, chunk)
                except OutcomeUnknown as error:
                    if await self._only_these(chunk, ended):
                        ended += [unanswered(job.item, error) for job in chunk]
                        continue
                    trouble, unclear = error, [*unclear, *chunk]
                    if not error.settled or len(unclear) >= _UNCLEAR:
                        break
                if time.monotonic() - settled >= _SETTLE_EVERY:
                    await self.keep_claim()
                    await self._settle(ended)
                    ended, settled = [], time.monotonic()
        finally:
            await self._settle(ended)
            # Whoever had no turn must not count as unanswered: its first lost answer would be taken for its second.
            unsent = [job.item.id for job in jobs[tried:] if job.item.write_started_at is None]
            if unsent:
                await self.store.record_pages.write_started(self.workspace_id, flow_id, unsent, None)
        if trouble is not None:
            last = [job.item.id for job in unclear]
            await self.store.record_pages.give_back(self.workspace_id, flow_id, last, last=True)
            raise trouble

    async def _only_these(self, jobs: Sequence[Job], ended: Sequence[Ended]) -> bool:
        """Whether these records stay unanswered while others get through: the trouble is theirs, not the target's."""
        before = [job.item.write_started_at for job in jobs if job.item.write_started_at is not None]
        if not before:
            return False
        flow_id = self.flow.flow.id
        return any(end.problem is None for end in ended) or await self.store.items.wrote_since(
            self.workspace_id, flow_id, max(before)
        )

    async def _written(self, bench: Workbench, jobs: Sequence[Job]) -> list[Ended]:
        if self.flow.kind is not RecordKind.CUSTOMERS:
            return await self._sent(bench, jobs)
        async with contextlib.AsyncExitStack() as turns:
            mine, ended = await self._take_turns(turns, bench, jobs)
            return [*ended, *(await self._sent(bench, mine) if mine else ())]

    async def _take_turns(
        self, turns: contextlib.AsyncExitStack, bench: Workbench, jobs: Sequence[Job]
    ) -> tuple[list[Job], list[Ended]]:
        """Customers that nobody else writes while ``turns`` is open; who is to be created is looked for once more."""
        found: list[Job] = []
        unknown: list[Job] = []
        ended: list[Ended] = []
        for job in jobs:
            name = turn_name(self.flow.target_connection.id, job.view.key.text)
            claim = await turns.enter_async_context(turn(self.store, self.workspace_id, name, self.lease, _PATIENCE))
            if claim.held_for is not None:
                later = datetime.now(UTC) + claim.held_for
                ended.append(Ended(Settled(job.item.id, ItemState.READY, not_before=later)))
            else:
                (unknown if job.existing is None else found).append(job)
        created, equal = await self.find(bench, unknown)
        return [*found, *created], [*ended, *equal]

    async def _sent(self, bench: Workbench, jobs: Sequence[Job]) -> list[Ended]:
        changes = [job.change for job in jobs if job.change is not None]
        with on_item(jobs[0].item.id if len(jobs) == 1 else None):
            try:
                with self.flow.calling_target():
                    outcomes = await self.flow.target.write(changes)
            except (ConnectionBroken, Temporary, OSError, *DATABASE_TROUBLE):
                raise
            except Exception as error:  # noqa: BLE001 - whatever else it is, it concerns these records alone
                return [failed(job.item, error) for job in jobs]
        by_id = {outcome.source_id: outcome for outcome in outcomes}
        return [written(bench, job, by_id[job.view.record.source_id]) for job in jobs]

    async def keep_claim(self) -> None:
        """Let the flow's claim run on; raises `Wait` when another attempt has taken it over."""
        await keep(self.store, self.workspace_id, self.claim, self.lease, of="flow")

    async def _settle(self, ended: Sequence[Ended]) -> None:
        if not ended:
            return
        flow_id = self.flow.flow.id
        await self.store.bindings.put(self.workspace_id, flow_id, *[end.binding for end in ended if end.binding])
        problems: dict[str, str] = {}
        outcomes: list[Settled] = []
        for end in ended:
            if end.problem is None:
                outcomes.append(end.settled)
                continue
            cause = end.problem.cause()
            if cause not in problems:
                problems[cause] = await self.store.problems.raise_(self.workspace_id, flow_id, end.problem)
            outcomes.append(replace(end.settled, problem_id=problems[cause]))
        await self.store.record_pages.settle(self.workspace_id, flow_id, outcomes)

    async def _opposite(self, ids: Sequence[str]) -> Opposite | None:
        flow = self.flow.flow
        for other in await self.store.flows.list(self.workspace_id, flow.integration_id):
            reverse = (other.target_connection_id, other.source_connection_id)
            if other.kind != flow.kind or reverse != (flow.source_connection_id, flow.target_connection_id):
                continue
            # Before the bindings: what is settled in between has its binding by then.
            since = datetime.now(UTC) - _LONGEST_WRITE
            writing = await self.store.record_queries.being_written(self.workspace_id, other.id, since)
            bindings = await self.store.bindings.of_targets(self.workspace_id, other.id, other.kind, ids)
            if not bindings and not writing:
                return None
            try:
                settings = parse_record_flow(
                    connector(self.flow.target_connection.system),
                    connector(self.flow.source_connection.system),
                    RecordKind(other.kind),
                    other.settings | {"shared": other.shared},
                )
            except SettingsRefused:
                # That flow stands still and says so itself; nothing of it can come back until it is corrected.
                return None
            known = {target_id: first_of(bound) for target_id, bound in bindings.items()}
            return Opposite(other.id, settings, known, writing)
        return None

    async def _targets_of_orders(self, ids: Sequence[str]) -> dict[str, str]:
        """Which order of the target each of our source's orders is, where this integration sent it either way."""
        flow = self.flow.flow
        forth = (flow.source_connection_id, flow.target_connection_id)
        same: dict[str, str] = {}
        for other in await self.store.flows.list(self.workspace_id, flow.integration_id):
            ends = (other.source_connection_id, other.target_connection_id)
            if other.kind != ORDERS:
                continue
            if ends == forth:
                sent = await self.store.bindings.find(self.workspace_id, other.id, ORDER, ids)
                same |= {source_id: binding.target_id for source_id, binding in sent.items()}
            elif ends == forth[::-1]:
                bound = await self.store.bindings.of_targets(self.workspace_id, other.id, ORDER, ids)
                same |= {target_id: bindings[0].source_key for target_id, bindings in bound.items()}
        return same
