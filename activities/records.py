"""Flows that move in pages: read a page into the ledger, then work on what is ready, a batch at a time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.claiming import claimed
from activities.counting import flow_counts
from activities.failures import FlowBlocked, Wait, flow_failures, refused_flow
from activities.heartbeat import beating
from activities.pending_orders import Sales, recent_sales, takes_off_orders
from activities.record_batch import Batch
from activities.record_removal import remove_unwanted
from activities.record_view import fingerprint, record_body, sold_of
from activities.record_work import WAITS_FOR_CODE
from activities.stage import content_hash, scene_of
from activities.vendors import OpenRecordFlow, Vendors, on_scene
from commerce.problems import Problem, ProblemCode
from connectors import exact_json
from connectors.errors import RateLimited
from connectors.order_flow import SettingsRefused
from connectors.protocols import ReadFrom, RefusedListing
from connectors.records import RecordKind, RecordPage
from store import ConnectionState, FlowRun, ItemRecord, RecordEntry, SkipReason, Store
from workflows import names
from workflows.messages import SyncInput, SyncResult

BATCH = 100
"""Records that are found, compared and written together."""
_BUSY = timedelta(seconds=45)
"""How long one step works before it hands over to the next; a pause takes effect then."""
_LOOKED_AT_AGAIN = 200
"""Records per run that the target did not have, looked for once more."""
_SOON = timedelta(seconds=5)
_MOMENTS = (_SOON, timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5))
"""For how long a run waits for records that were put off, the shortest that brings one."""
_REMEMBERED = timedelta(days=1)
"""How long an order counts that is through: an article it names is compared with the shop, which has sold it itself."""
_SHORTEST_LEASE = timedelta(seconds=30)


@dataclass(frozen=True)
class _Step:
    """One activity's work on one flow."""

    sync: SyncInput
    flow: OpenRecordFlow
    batch: Batch
    sales: Sales


class RecordActivities:
    """The activity of flows that move in pages, composed with what it works on."""

    def __init__(self, store: Store, vendors: Vendors) -> None:
        self._store = store
        self._vendors = vendors

    @activity.defn(name=names.SYNC_RECORDS)
    async def sync_records(self, sync: SyncInput) -> SyncResult:
        """Read the next page and work on ready records for a while; the result says whether there is more of either.

        A page and the place after it are saved together, and every batch's outcome as it ends, so a second run goes on
        where the first broke off. Only one attempt works on a flow at a time, and what an attempt that died may have
        written is looked up before it is written again.
        """
        async with beating():
            try:
                async with flow_failures(self._store, sync):
                    if sync.begin:
                        await self._vendors.test_refused(sync.workspace_id, sync.flow_id)
                    flow = await self._vendors.open_record_flow(sync.workspace_id, sync.flow_id)
                    return await self._alone(sync, flow)
            except FlowBlocked as blocked:
                return await self._blocked(sync, blocked.code)

    async def _alone(self, sync: SyncInput, flow: OpenRecordFlow) -> SyncResult:
        lease = max(flow.target_side.settle, _SHORTEST_LEASE)
        async with claimed(self._store, sync.workspace_id, f"records/{sync.flow_id}", lease) as claim:
            if claim.held_for is not None:
                raise Wait("An earlier attempt may still be at work.", claim.held_for)
            return await self._step(sync, flow, Batch(self._store, sync.workspace_id, flow, claim, lease))

    async def _step(self, sync: SyncInput, flow: OpenRecordFlow, batch: Batch) -> SyncResult:
        workspace_id, flow_id, now = sync.workspace_id, sync.flow_id, datetime.now(UTC)
        with on_scene(scene_of(sync, flow.flow)):
            if sync.begin:
                await self._store.items.release(workspace_id, flow_id=flow_id, due_at=now, by="time")
                await self._store.problems.resolve_empty(workspace_id, flow_id)
                await self._store.record_pages.look_again(
                    workspace_id, flow_id, SkipReason.NOT_AT_TARGET, _LOOKED_AT_AGAIN, now
                )
            step = _Step(sync, flow, batch, await self._sales(workspace_id, flow))
            await batch.keep_claim()
            if sync.begin:
                await self._look_at_waiting(step, now)
            waiting = await self._store.record_pages.count_ready(workspace_id, flow_id, now)
            more_pages, read = sync.read, sync.read_before
            if sync.read and waiting < flow.settings.common.page_size:
                more_pages, read = await self._read_page(step)
                await batch.keep_claim()
            more_ready, pause = await self._work(step)
            if not more_pages and not more_ready:
                more_ready = await remove_unwanted(self._store, workspace_id, flow, batch.claim, batch.lease)
            if not more_pages and not more_ready:
                pause = await self._until_put_off(step)
                more_ready = pause > timedelta(0)
        result = await self._result(sync, more_pages=more_pages, more_ready=more_ready)
        result.pause_seconds, result.read = pause.total_seconds(), read
        return result

    async def _sales(self, workspace_id: str, flow: OpenRecordFlow) -> Sales:
        if not takes_off_orders(flow):
            return Sales()
        # Before the stock is read: an order that gets through in between counts twice for a moment, never not at all.
        oldest = await self._store.record_pages.oldest_reading(workspace_id, flow.flow.id)
        since = datetime.now(UTC) - _REMEMBERED
        return await recent_sales(self._store, self._vendors, workspace_id, flow, min(oldest or since, since))

    async def _read_page(self, step: _Step) -> tuple[bool, int]:
        """Read one page; returns whether this run reads another, and how many records it has read."""
        sync, flow, now = step.sync, step.flow, datetime.now(UTC)
        common = flow.settings.common
        due = flow.source_side.read.sweep_is_due(flow.flow.cursor, flow.flow.last_sweep_at, now)
        run = await self._store.flows.begin_run(sync.workspace_id, sync.flow_id, now=now, sweep=due)
        start = _start(flow, run)
        with flow.calling_source():
            page = await flow.source.list_records(start, run.page, common.amount_per_read)
        outcome = await self._store.record_pages.save_page(
            sync.workspace_id,
            sync.flow_id,
            await self._entries(step, page, now),
            next_page=page.next_page,
            cursor=page.cursor,
            # A shipment that has grown old is not shown any more, and yet not gone.
            whole=start.cursor is None and start.not_before is None and flow.kind is not RecordKind.SHIPMENTS,
            read_number=run.read_number,
            read_at=now,
            total=page.total,
            gone=page.removed,
            unsupported=page.unsupported,
        )
        if flow.source_connection.state is ConnectionState.NEW:
            await self._store.connections.mark_connected(sync.workspace_id, flow.source_connection.id)
        read = sync.read_before + outcome.listed
        more_pages = page.next_page is not None and not common.ends_run(read=read, last_page=outcome.listed)
        return more_pages or outcome.superseded, read

    async def _look_at_waiting(self, step: _Step, now: datetime) -> None:
        """Read again what has waited to be complete: by now it may be, or be taken back."""
        workspace_id, flow_id, flow = step.sync.workspace_id, step.sync.flow_id, step.flow
        waiting = await self._store.record_pages.due(workspace_id, flow_id, WAITS_FOR_CODE, _LOOKED_AT_AGAIN, now)
        if not waiting:
            return
        with flow.calling_source():
            page = await flow.source.read_records(waiting)
        await self._store.record_pages.save_page(
            workspace_id,
            flow_id,
            await self._entries(step, page, now),
            next_page=None,
            cursor=None,
            whole=False,
            read_number=None,
            read_at=now,
            gone=page.removed,
        )

    async def _entries(self, step: _Step, page: RecordPage, read_at: datetime) -> list[RecordEntry]:
        sync, flow = step.sync, step.flow
        known = [record.source_id for record in page.records] if step.sales.of_article else []
        bound = await self._store.bindings.find(sync.workspace_id, sync.flow_id, str(flow.kind), known)
        entries: list[RecordEntry] = []
        for record in page.records:
            binding = bound.get(record.source_id)
            sold = sold_of(flow, record, binding.target_number if binding else "", step.sales, read_at)
            body = record_body(record)
            entries.append(RecordEntry(record.source_id, record.reference, fingerprint(flow, body, sold), body))
        return [*entries, *await _refused_entries(self._store, sync.workspace_id, sync.flow_id, page)]

    async def _work(self, step: _Step) -> tuple[bool, timedelta]:
        """Work on ready records until none is left, the time of a step is over, or the target asks for a pause.

        Returns whether there is more to do, and the pause: the workflow waits for it, and reads meanwhile what is due.
        When the settings change meanwhile, the next step goes on with the new ones.
        """
        workspace_id, flow_id, today = step.sync.workspace_id, step.sync.flow_id, step.flow.flow.settings_version
        until = time.monotonic() + _BUSY.total_seconds()
        while time.monotonic() < until:
            now = datetime.now(UTC)
            items = await self._store.record_pages.take(workspace_id, flow_id, BATCH, now, settings_version=today)
            if not items:
                break
            try:
                for version, group in _by_version(items, today).items():
                    await self._work_on(step, group, version, now)
            except RateLimited as error:
                return True, error.retry_after or _SOON
        return await self._store.record_pages.count_ready(workspace_id, flow_id, datetime.now(UTC)) > 0, timedelta(0)

    async def _until_put_off(self, step: _Step) -> timedelta:
        """After how long there is work on records that were put off for a moment; zero: on none.

        A shipment that waits for its tracking code is read again before it is worked on: that is for the next run.
        """
        workspace_id, flow_id, now = step.sync.workspace_id, step.sync.flow_id, datetime.now(UTC)
        if step.flow.kind is RecordKind.SHIPMENTS:
            return timedelta(0)
        if await self._store.record_pages.count_ready(workspace_id, flow_id, now + _MOMENTS[-1]):
            for moment in _MOMENTS:
                if await self._store.record_pages.count_ready(workspace_id, flow_id, now + moment):
                    return moment
        return timedelta(0)

    async def _work_on(self, step: _Step, items: Sequence[ItemRecord], version: int | None, now: datetime) -> None:
        workspace_id = step.sync.workspace_id
        batch = step.batch
        if version is not None:
            try:
                flow = await self._vendors.open_record_flow(workspace_id, step.sync.flow_id, version=version)
            except SettingsRefused as error:
                await batch.refuse(items, refused_flow(error))
                return
            batch = replace(batch, flow=flow)
        await batch.work(items, step.sales, now)

    async def _blocked(self, sync: SyncInput, code: ProblemCode) -> SyncResult:
        result = await self._result(sync, more_pages=False, more_ready=False)
        result.blocked = code
        return result

    async def _result(self, sync: SyncInput, *, more_pages: bool, more_ready: bool) -> SyncResult:
        flow = await self._store.flows.get(sync.workspace_id, sync.flow_id)
        # Counting goes through all records of the flow: once per run is enough, people are shown the ledger's figures.
        counts = None if more_pages else await self._store.items.counts(sync.workspace_id, sync.flow_id)
        return SyncResult(
            more_pages=more_pages,
            more_ready=more_ready,
            cursor=flow.cursor or "",
            page=flow.page or "",
            counts=flow_counts(counts) if counts else None,
        )


async def read_again(store: Store, vendors: Vendors, workspace_id: str, flow_id: str, ids: Sequence[str]) -> None:
    """Read named records of a flow that moves in pages afresh, and let them be compared with the target."""
    flow, asked_at = await vendors.open_record_flow(workspace_id, flow_id), datetime.now(UTC)
    with flow.calling_source():
        page = await flow.source.read_records(ids)
    found = [record.source_id for record in page.records]
    await store.bindings.forget_content(workspace_id, flow_id, str(flow.kind), found)
    entries = [RecordEntry(record.source_id, record.reference, "", record_body(record)) for record in page.records]
    await store.record_pages.save_page(
        workspace_id,
        flow_id,
        [*entries, *await _refused_entries(store, workspace_id, flow_id, page)],
        next_page=None,
        cursor=None,
        whole=False,
        read_number=None,
        read_at=asked_at,
        gone=page.removed,
    )


def _by_version(items: Sequence[ItemRecord], today: int) -> dict[int | None, list[ItemRecord]]:
    """Items by the version of the settings that they are to be sent with; None: today's."""
    groups: dict[int | None, list[ItemRecord]] = {}
    for item in items:
        groups.setdefault(None if item.pinned_version == today else item.pinned_version, []).append(item)
    return groups


def _start(flow: OpenRecordFlow, run: FlowRun) -> ReadFrom:
    read, common = flow.source_side.read, flow.settings.common
    cursor = None if run.sweeping else run.cursor
    return ReadFrom(cursor=cursor, not_before=common.start_at, overlap=read.lag)


async def _refused_entries(store: Store, workspace_id: str, flow_id: str, page: RecordPage) -> list[RecordEntry]:
    """What the source lists and nobody can read, with its problem; what has no id is a problem of the flow alone."""
    entries: list[RecordEntry] = []
    for refused in page.refused:
        problem_id = await store.problems.raise_(workspace_id, flow_id, _malformed(refused))
        body = exact_json.dumps(refused.body)
        if refused.source_id:
            entries.append(
                RecordEntry(refused.source_id, refused.source_id, content_hash(body), body.encode(), problem_id)
            )
    return entries


def _malformed(refused: RefusedListing) -> Problem:
    return Problem(
        code=ProblemCode.MALFORMED_RECORD, field="list", value=refused.source_id, sentence=refused.problem_sentence
    )
