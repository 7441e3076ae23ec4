"""Pages of records that move without a workflow of their own: taken in, worked on and settled many at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy
from sqlalchemy import Row as SqlRow
from sqlalchemy import bindparam
from sqlmodel import and_, col, func, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from store.ids import new_id
from store.items import wait_of
from store.ledger import EventKind, event, item_record, note_superseded
from store.pages import move_read
from store.records import ItemRecord, ItemState, PageOutcome, ProblemState, RecordEntry, Settled, SkipReason
from store.repository import CHUNK, Repository, add_all, locked
from store.tables import Binding, Flow, Item, Problem


class RecordPages(Repository):
    """The ledger of flows that move in pages. One run of a flow works at a time; a claim sees to that."""

    async def save_page(
        self,
        workspace_id: str,
        flow_id: str,
        entries: Sequence[RecordEntry],
        *,
        next_page: str | None,
        cursor: str | None,
        whole: bool,
        read_number: int | None,
        read_at: datetime,
        total: int | None = None,
        gone: Sequence[str] = (),
        unsupported: Mapping[str, int] | None = None,
    ) -> PageOutcome:
        """Write one page down, in one transaction with the position of the read.

        New and changed records become ready; what is unchanged is only marked as seen. A second run of a page finds
        all unchanged.

        Args:
            workspace_id: The owner.
            flow_id: The flow that reads.
            entries: What the page lists; the last of two entries with one id counts.
            next_page: Where the read goes on; None completes it.
            cursor: Covers this page and all before it.
            whole: Whether this read shows everything the source has, so that what it does not show is missing.
            read_number: From `Flows.begin_run`; a page of a read that was rewound meanwhile moves no cursor. None:
                these records were looked at outside of a read.
            read_at: When the source was asked: what happened there later may be missing in what it shows.
            total: How many records the read has in all, where the vendor says.
            gone: Source ids that the source says were deleted.
            unsupported: What the source holds beside and no flow can carry.
        """
        now = datetime.now(UTC)
        listed = {entry.source_id: entry for entry in entries}
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            superseded = read_number != flow.read_number
            reads = flow.complete_reads + 1
            seen = {"seen_in": reads if whole else flow.complete_reads, "read_at": read_at}
            outcome = await self._take_in(session, flow, listed, seen, now)
            await self._mark_gone(session, flow, gone, now)
            if not superseded:
                flow.read_total = total if total is not None else flow.read_total
                move_read(flow, next_page, cursor, now, records=len(listed))
                if next_page is None and whole:
                    flow.complete_reads, flow.last_sweep_at = reads, now
                if unsupported:
                    flow.unsupported = dict(unsupported)
        return replace(outcome, superseded=superseded)

    async def _take_in(
        self,
        session: AsyncSession,
        flow: Flow,
        listed: Mapping[str, RecordEntry],
        seen: Mapping[str, Any],
        now: datetime,
    ) -> PageOutcome:
        known = await _known(session, flow, list(listed))
        new = [self._new_item(flow, entry, seen, now) for entry in listed.values() if entry.source_id not in known]
        await add_all(session, self._database, new)
        changed = [row for row in known.values() if _is_news(row, listed[row.source_id])]
        await self._take_over(session, flow, changed, listed, now)
        await _in_chunks(session, [row.id for row in known.values()], seen)
        return PageOutcome(listed=len(listed), new=len(new), changed=len(changed), unchanged=len(known) - len(changed))

    def _new_item(self, flow: Flow, entry: RecordEntry, seen: Mapping[str, Any], now: datetime) -> Item:
        item_id = new_id("itm")
        return Item(
            id=item_id,
            workspace_id=flow.workspace_id,
            flow_id=flow.id,
            integration_id=flow.integration_id,
            source_id=entry.source_id,
            reference=entry.reference,
            fingerprint=entry.fingerprint,
            state=ItemState.PARKED if entry.problem_id else ItemState.READY,
            problem_id=entry.problem_id,
            body=self._sealer.seal(Item, "body", flow.workspace_id, item_id, entry.body),
            settings_version=flow.settings_version,
            created_at=now,
            updated_at=now,
            **seen,
        )

    async def _take_over(
        self,
        session: AsyncSession,
        flow: Flow,
        rows: Sequence[SqlRow[Any]],
        listed: Mapping[str, RecordEntry],
        now: datetime,
    ) -> None:
        """Bring changed records up to what is listed now; those that are worked on at the moment follow afterwards."""
        unsent = [row.id for row in rows if row.state in {ItemState.READY, ItemState.PARKED}]
        await note_superseded(session, self._database, self._sealer, unsent, now)
        in_flight = [row.id for row in rows if row.state == ItemState.IN_FLIGHT]
        others = [row for row in rows if row.state != ItemState.IN_FLIGHT]
        refused = [row.id for row in others if listed[row.source_id].problem_id]
        ready = [row.id for row in others if not listed[row.source_id].problem_id]
        await _in_chunks(session, in_flight, {"changed_meanwhile": True})
        await _in_chunks(
            session,
            [row.id for row in others if row.state == ItemState.PARKED],
            {"releases": Item.releases + 1},
        )
        afresh = {"reason": None, "waits": 0, "next_release_at": None, "not_before": None, "pinned_version": None}
        await _in_chunks(session, refused, {**afresh, "state": ItemState.PARKED})
        await _in_chunks(session, ready, {**afresh, "state": ItemState.READY, "problem_id": None, "finished_at": None})
        if not rows:
            return
        table = Item.__table__  # type: ignore[attr-defined]
        statement = (
            update(table)
            .where(table.c.id == bindparam("item"))
            .values(
                fingerprint=bindparam("fingerprint"),
                reference=bindparam("reference"),
                body=bindparam("body"),
                problem_id=func.coalesce(bindparam("problem"), table.c.problem_id),
                updated_at=now,
            )
        )
        entries = [(row.id, listed[row.source_id]) for row in rows]
        await (await session.connection()).execute(
            statement,
            [
                {
                    "item": item_id,
                    "fingerprint": entry.fingerprint,
                    "reference": entry.reference,
                    "body": self._sealer.seal(Item, "body", flow.workspace_id, item_id, entry.body),
                    "problem": entry.problem_id,
                }
                for item_id, entry in entries
            ],
        )

    async def _mark_gone(self, session: AsyncSession, flow: Flow, source_ids: Sequence[str], now: datetime) -> None:
        gone = {"state": ItemState.SKIPPED, "reason": SkipReason.GONE, "fingerprint": "", "finished_at": now}
        known = await _known(session, flow, source_ids)
        await _in_chunks(session, [row.id for row in known.values()], gone | {"problem_id": None, "updated_at": now})

    async def take(
        self, workspace_id: str, flow_id: str, limit: int, now: datetime, *, settings_version: int
    ) -> list[ItemRecord]:
        """Records to work on, with their bodies decrypted: they are in flight from now on.

        Those that an attempt which died left in flight come first: the caller holds the flow's claim. None are given
        to who works with other settings than the flow's of today.
        """
        ready = and_(
            col(Item.state) == ItemState.READY, or_(col(Item.not_before).is_(None), col(Item.not_before) <= now)
        )
        statement = (
            select(Item)
            .where(
                col(Item.workspace_id) == workspace_id,
                col(Item.flow_id) == flow_id,
                col(Item.state).in_([ItemState.IN_FLIGHT, ItemState.READY]),
                or_(col(Item.state) == ItemState.IN_FLIGHT, ready),
            )
            .order_by(col(Item.state), col(Item.updated_at), col(Item.id))
            .limit(limit)
        )
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            if flow.settings_version != settings_version:
                return []
            rows = (await session.exec(statement)).all()
            version = func.coalesce(Item.pinned_version, flow.settings_version)
            begun = {"state": ItemState.IN_FLIGHT, "attempts": Item.attempts + 1, "settings_version": version}
            await _in_chunks(session, [row.id for row in rows], begun | {"updated_at": now, "changed_meanwhile": False})
        return [item_record(row, body=self._sealer.of(row, "body")) for row in rows]

    async def settle(self, workspace_id: str, flow_id: str, outcomes: Sequence[Settled]) -> None:
        """Write down how the work on many records ended; what changed at the source meanwhile is ready again."""
        if not outcomes:
            return
        now = datetime.now(UTC)
        by_id = {outcome.item_id: outcome for outcome in outcomes}
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            events = []
            for start in range(0, len(outcomes), CHUNK):
                ids = [outcome.item_id for outcome in outcomes[start : start + CHUNK]]
                rows = await session.exec(
                    select(Item).where(
                        col(Item.workspace_id) == workspace_id, col(Item.flow_id) == flow_id, col(Item.id).in_(ids)
                    )
                )
                for item in rows.all():
                    outcome = by_id[item.id]
                    _settle(item, outcome, flow.settings_version, now)
                    events += [event(self._sealer, item, now, EventKind.NOTE, text) for text in outcome.notes]
                    if outcome.text:
                        kind = EventKind.REFUSED if outcome.state is ItemState.PARKED else EventKind.FINISHED
                        events.append(event(self._sealer, item, now, kind, outcome.text))
                await session.flush()
            await add_all(session, self._database, events)
            problems = {outcome.problem_id for outcome in outcomes if outcome.problem_id}
            if problems:
                await session.exec(
                    update(Problem)
                    .where(col(Problem.id).in_(sorted(problems)), col(Problem.workspace_id) == workspace_id)
                    .values(state=ProblemState.OPEN, last_seen=now)
                )

    async def give_back(self, workspace_id: str, flow_id: str, item_ids: Sequence[str], *, last: bool = False) -> None:
        """Make those of these records ready again that are still in flight: the work on them broke off.

        ``last`` lets all others go before them.
        """
        moved = {"state": ItemState.READY} | ({"updated_at": datetime.now(UTC)} if last else {})
        async with self._database.writing() as session:
            for start in range(0, len(item_ids), CHUNK):
                await session.exec(
                    update(Item)
                    .where(
                        col(Item.workspace_id) == workspace_id,
                        col(Item.flow_id) == flow_id,
                        col(Item.id).in_(item_ids[start : start + CHUNK]),
                        col(Item.state) == ItemState.IN_FLIGHT,
                    )
                    .values(**moved),
                    execution_options={"synchronize_session": False},
                )

    async def write_started(
        self, workspace_id: str, flow_id: str, item_ids: Sequence[str], at: datetime | None
    ) -> None:
        """Writes are about to be sent: until they are settled, their outcome may be unknown. None: they were not."""
        async with self._database.writing() as session:
            await locked(session, Flow, workspace_id, flow_id, "flow")
            await _in_chunks(session, item_ids, {"write_started_at": at})

    async def count_ready(self, workspace_id: str, flow_id: str, now: datetime) -> int:
        """How many records can be worked on now."""
        statement = select(func.count()).where(
            col(Item.workspace_id) == workspace_id,
            col(Item.flow_id) == flow_id,
            col(Item.state).in_([ItemState.READY, ItemState.IN_FLIGHT]),
            or_(col(Item.not_before).is_(None), col(Item.not_before) <= now),
        )
        async with self._database.reading() as session:
            return (await session.exec(statement)).one()

    async def oldest_reading(self, workspace_id: str, flow_id: str) -> datetime | None:
        """When that was read which was read first of all that waits to be worked on; None: nothing waits."""
        statement = select(func.min(col(Item.read_at))).where(
            col(Item.workspace_id) == workspace_id,
            col(Item.flow_id) == flow_id,
            col(Item.state).in_([ItemState.READY, ItemState.IN_FLIGHT]),
        )
        async with self._database.reading() as session:
            return (await session.exec(statement)).one()

    async def doubt(self, workspace_id: str, flow_id: str, item_ids: Sequence[str]) -> None:
        """What these records are worked on with is not what they were read with: the next read brings them again."""
        async with self._database.writing() as session:
            await locked(session, Flow, workspace_id, flow_id, "flow")
            await _in_chunks(session, item_ids, {"fingerprint": ""})

    async def due(self, workspace_id: str, flow_id: str, reason: str, limit: int, now: datetime) -> list[str]:
        """Source ids of records that have waited for this reason until now, longest first."""
        statement = (
            select(Item.source_id)
            .where(
                col(Item.workspace_id) == workspace_id,
                col(Item.flow_id) == flow_id,
                col(Item.state) == ItemState.READY,
                col(Item.reason) == reason,
                col(Item.not_before) <= now,
            )
            .order_by(col(Item.not_before), col(Item.id))
            .limit(limit)
        )
        async with self._database.reading() as session:
            return list((await session.exec(statement)).all())

    async def look_again(self, workspace_id: str, flow_id: str, reason: str, limit: int, now: datetime) -> int:
        """Make records skipped for this reason ready again, least recently checked first; returns how many."""
        statement = (
            select(Item.id)
            .where(
                col(Item.workspace_id) == workspace_id,
                col(Item.flow_id) == flow_id,
                col(Item.state) == ItemState.SKIPPED,
                col(Item.reason) == reason,
            )
            .order_by(col(Item.checked_at).nulls_first(), col(Item.id))
            .limit(limit)
        )
        async with self._database.writing() as session:
            ids = list((await session.exec(statement)).all())
            await _in_chunks(session, ids, {"state": ItemState.READY, "checked_at": now, "finished_at": None})
            return len(ids)

    async def look_at_all_again(self, workspace_id: str, flow_id: str) -> None:
        """Forget what was seen and sent, so that the next read compares every record with the target."""
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            await session.exec(update(Item).where(col(Item.flow_id) == flow.id).values(fingerprint=""))
            await session.exec(update(Binding).where(col(Binding.flow_id) == flow.id).values(content_hash=""))


def _is_news(row: SqlRow[Any], entry: RecordEntry) -> bool:
    """Whether a known record must be worked on: it changed, or it is back after it was gone."""
    return bool(row.fingerprint != entry.fingerprint or row.reason == SkipReason.GONE)


async def _known(session: AsyncSession, flow: Flow, source_ids: Sequence[str]) -> dict[str, SqlRow[Any]]:
    known: dict[str, Any] = {}
    for start in range(0, len(source_ids), CHUNK):
        statement = sqlalchemy.select(
            col(Item.id), col(Item.source_id), col(Item.fingerprint), col(Item.state), col(Item.reason)
        ).where(
            col(Item.workspace_id) == flow.workspace_id,
            col(Item.flow_id) == flow.id,
            col(Item.source_id).in_(source_ids[start : start + CHUNK]),
        )
        for row in await (await session.connection()).execute(statement):
            known[row.source_id] = row
    return known


async def _in_chunks(session: AsyncSession, ids: Sequence[str], values: Mapping[str, Any]) -> None:
    for start in range(0, len(ids), CHUNK):
        await session.exec(
            update(Item).where(col(Item.id).in_(ids[start : start + CHUNK])).values(**values),
            execution_options={"synchronize_session": False},
        )


def _settle(item: Item, outcome: Settled, settings_version: int, now: datetime) -> None:
    item.updated_at = now
    item.target_id = outcome.target_id or item.target_id
    item.target_number = outcome.target_number or item.target_number
    version_now = item.pinned_version or settings_version
    changed, renewed = item.changed_meanwhile, version_now != item.settings_version
    item.changed_meanwhile = False
    item.write_started_at = None
    item.confirmed_by_lookup = outcome.confirmed_by_lookup
    if changed or renewed:
        # Other settings do not bring back what is gone; that the record was listed again does.
        item.reason = SkipReason.GONE if item.reason == SkipReason.GONE and not changed else None
        item.state, item.problem_id, item.not_before = ItemState.READY, None, None
        return
    item.state, item.reason, item.not_before = outcome.state, outcome.reason, outcome.not_before
    item.problem_id = outcome.problem_id if outcome.state is ItemState.PARKED else None
    item.finished_at = now if outcome.state in {ItemState.DONE, ItemState.SKIPPED} else None
    item.next_release_at = None
    if outcome.state is ItemState.PARKED:
        item.next_release_at = now + wait_of(item)
        item.waits += 1
    elif outcome.state is ItemState.DONE:
        item.pinned_version = None
