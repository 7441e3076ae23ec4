"""What a run of a flow that moves in pages would do: the same work on the same bench, with writes written down."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.pending_orders import Sales, recent_sales, takes_off_orders
from activities.record_batch import Batch
from activities.record_ending import Ended, failed
from activities.record_view import record_body
from activities.record_work import Job, Workbench, looked_over
from activities.rehearsal.choosing import chosen_records, item_of
from activities.vendors import ConnectionBroken, OpenRecordFlow, Vendors
from connectors.errors import RecordGone, RecordRefused, Temporary
from connectors.records import Change, Existing, Key, Removal, Written
from connectors.rehearsal import RehearsalLog
from connectors.rehearsed import Difference, Expected, Preview, PreviewWish, RehearsedRecord
from store import DATABASE_TROUBLE, ItemRecord, ItemState, SkipReason, Store


class RecordPreview:
    """One rehearsal of one flow."""

    def __init__(self, store: Store, workspace_id: str, flow: OpenRecordFlow, log: RehearsalLog) -> None:
        self._store = store
        self._workspace_id = workspace_id
        self._flow = flow
        self._log = log

    async def of(self, wish: PreviewWish, vendors: Vendors) -> Preview:
        """Rehearse the records that are asked for, in the order of the source."""
        flow = self._flow
        chosen = await chosen_records(self._store, self._workspace_id, flow, wish)
        items = [
            item_of(flow.flow, record.source_id, record.reference, record_body(record)) for record in chosen.entries
        ]
        sales, now = Sales(), datetime.now(UTC)
        if takes_off_orders(flow):
            sales = await recent_sales(self._store, vendors, self._workspace_id, flow, now)
        batch = Batch(self._store, self._workspace_id, flow, None, timedelta(0))
        bench = await batch.bench(items)
        jobs, ended = looked_over(bench, items, sales, now)
        to_write, compared = await batch.find(bench, jobs)
        rehearsed = {end.settled.item_id: end for end in (*ended, *compared)}
        writing = {job.item.id: job for job in to_write}
        looked_for = {job.item.id: job for job in jobs}
        records: list[RehearsedRecord] = []
        for item in items:
            if item.id in looked_for:
                rehearsed |= await batch.leave_former_groups([looked_for[item.id]])
            if item.id in rehearsed:
                records.append(await self._ended(bench, item, rehearsed[item.id]))
            else:
                records.append(await self._written(writing[item.id]))
        return Preview([*records, *chosen.refused], chosen.next_page)

    async def _written(self, job: Job) -> RehearsedRecord:
        change = job.change
        if change is None:
            raise ValueError("only a change can be written")
        problems, notes = [], [*job.mapped.notes]
        try:
            with self._flow.calling_target():
                outcome = (await self._flow.target.write([change]))[0]
        except (ConnectionBroken, Temporary, OSError, *DATABASE_TROUBLE):
            raise
        except Exception as error:  # noqa: BLE001 - as in a run, whatever it is concerns this record alone
            problem = failed(job.item, error).problem
            outcome = Written(change.source_id, problem=problem)
        if outcome.problem is not None:
            problems.append(outcome.problem)
        held = change.existing
        action = Expected.CREATE if held is None else Expected.UPDATE
        return RehearsedRecord(
            source_id=change.source_id,
            reference=change.reference,
            action=Expected.PROBLEM if problems else action,
            target_id=held.target_id if held else "",
            number=held.number if held else "",
            body=change.values,
            differences=_differences(change),
            calls=self._log.take(),
            problems=problems,
            notes=[*notes, *outcome.notes],
        )

    async def _ended(self, bench: Workbench, item: ItemRecord, end: Ended) -> RehearsedRecord:
        settled, binding = end.settled, bench.bindings.get(item.source_id)
        target_id = settled.target_id or (binding.target_id if binding else "")
        calls = self._log.take()
        moved = bool(calls) and settled.state is ItemState.DONE
        record = RehearsedRecord(
            source_id=item.source_id,
            reference=item.reference,
            action=Expected.UPDATE if moved else _ACTIONS[settled.state],
            reason=settled.reason or "",
            target_id=target_id,
            number=settled.target_number or (binding.target_number if binding else ""),
            calls=calls,
            problems=[end.problem] if end.problem else [],
            notes=[settled.text] if settled.text and not end.problem else [],
        )
        removal = self._flow.settings.common.filtered_out
        leaves = settled.reason == SkipReason.FILTERED and binding is not None and not binding.removed
        if not leaves or removal is Removal.LEAVE:
            return record
        return await self._removed(record, removal)

    async def _removed(self, record: RehearsedRecord, removal: Removal) -> RehearsedRecord:
        key = Key(source_id=record.source_id, text=record.reference, target_id=record.target_id)
        problems = []
        try:
            with self._flow.calling_target():
                found = (await self._flow.target.find([key], self._flow.settings.identifier)).get(record.source_id)
                if isinstance(found, Existing):
                    await self._flow.target.remove(found, removal)
        except RecordGone:
            return record
        except RecordRefused as refusal:
            problems.append(refusal.problem)
        return RehearsedRecord(
            record.source_id,
            record.reference,
            Expected.PROBLEM if problems else Expected.REMOVE,
            reason=str(removal),
            target_id=record.target_id,
            number=record.number,
            calls=self._log.take(),
            problems=problems,
        )


_ACTIONS: Mapping[ItemState, Expected] = {
    ItemState.DONE: Expected.EQUAL,
    ItemState.SKIPPED: Expected.SKIPPED,
    ItemState.READY: Expected.WAITS,
    ItemState.PARKED: Expected.PROBLEM,
}


def _differences(change: Change) -> dict[str, Difference]:
    held: Mapping[str, Any] = change.existing.values if change.existing else {}
    return {name: Difference(held.get(name), value) for name, value in change.values.items()}
