"""Pages of records that move without a workflow of their own: what was listed goes into the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy
from sqlalchemy import Row as SqlRow
from sqlalchemy import bindparam
from sqlmodel import col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from store.ids import new_id
from store.ledger import EventKind, in_chunks, note_all, note_superseded
from store.pages import move_read
from store.records import ItemState, PageOutcome, RecordEntry, SkipReason
from store.removals import end_unsent
from store.repository import CHUNK, Repository, add_all, locked
from store.tables import Binding, Flow, Item


class RecordListings(Repository):
    """The part of the ledger of flows that move in pages that takes in what sources list."""

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

        New and changed records become ready; what is unchanged is only marked as seen, and what a person skipped is
        brought up to date and left alone. What two complete reads did not show ends here when the target has nothing
        of it; the rest is for `Removals`. A second run of a page finds all unchanged.

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
            gone: Source ids that the source says were deleted; what a person skipped stays so unless it was named.
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
            await self._mark_gone(session, flow, gone, now, named=read_number is None)
            if not superseded:
                flow.read_total = total if total is not None else flow.read_total
                move_read(flow, next_page, cursor, now, records=len(listed))
                if next_page is None and whole:
                    flow.complete_reads, flow.last_sweep_at = reads, now
                    await end_unsent(session, self._database, self._sealer, flow, now)
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
        skipped = [row for row in changed if _stays_skipped(row, listed[row.source_id])]
        await self._take_over(session, flow, [row for row in changed if row not in skipped], listed, now)
        await self._keep_skipped(session, flow, skipped, listed, now)
        await in_chunks(session, [row.id for row in known.values()], seen)
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
        """Make changed records ready as they are listed now; those that are worked on follow afterwards."""
        unsent = [row.id for row in rows if row.state in {ItemState.READY, ItemState.PARKED}]
        await note_superseded(session, self._database, self._sealer, unsent, now)
        in_flight = [row.id for row in rows if row.state == ItemState.IN_FLIGHT]
        others = [row for row in rows if row.state != ItemState.IN_FLIGHT]
        refused = [row.id for row in others if listed[row.source_id].problem_id]
        ready = [row.id for row in others if not listed[row.source_id].problem_id]
        asked_for = [row.id for row in rows if row.reason == SkipReason.SKIPPED_BY_PERSON]
        await self._note(session, asked_for, now, EventKind.RELEASED, "Released: asked for.")
        await in_chunks(session, in_flight, {"changed_meanwhile": True, "reason": None})
        await in_chunks(
            session,
            [row.id for row in others if row.state == ItemState.PARKED],
            {"releases": Item.releases + 1},
        )
        afresh = {"reason": None, "waits": 0, "next_release_at": None, "not_before": None, "pinned_version": None}
        await in_chunks(session, refused, {**afresh, "state": ItemState.PARKED})
        await in_chunks(session, ready, {**afresh, "state": ItemState.READY, "problem_id": None, "finished_at": None})
        await self._bring_up(session, flow, [(row.id, listed[row.source_id]) for row in rows], now)

    async def _keep_skipped(
        self,
        session: AsyncSession,
        flow: Flow,
        rows: Sequence[SqlRow[Any]],
        listed: Mapping[str, RecordEntry],
        now: datetime,
    ) -> None:
        """Bring records up to what is listed now that a person skipped; they stay so."""
        changed: list[str] = []
        for start in range(0, len(rows), CHUNK):
            chunk = [row.id for row in rows[start : start + CHUNK]]
            items = await session.exec(select(Item).where(col(Item.id).in_(chunk)))
            # Other settings have another fingerprint as well, and are no change of the record.
            changed += [item.id for item in items if self._sealer.of(item, "body") != listed[item.source_id].body]
        await self._note(session, changed, now, EventKind.CHANGED, "Changed at the source after it was skipped.")
        entries = [(row.id, replace(listed[row.source_id], problem_id=None)) for row in rows]
        await self._bring_up(session, flow, entries, now)

    async def _note(
        self, session: AsyncSession, item_ids: Sequence[str], now: datetime, kind: EventKind, text: str
    ) -> None:
        await note_all(session, self._database, self._sealer, item_ids, now, kind, text)

    async def _bring_up(
        self, session: AsyncSession, flow: Flow, entries: Sequence[tuple[str, RecordEntry]], now: datetime
    ) -> None:
        """Give items, named by their ids, the contents of what is listed now."""
        if not entries:
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

    async def _mark_gone(
        self, session: AsyncSession, flow: Flow, source_ids: Sequence[str], now: datetime, *, named: bool
    ) -> None:
        known = await _known(session, flow, source_ids)
        rows = [row for row in known.values() if named or row.reason != SkipReason.SKIPPED_BY_PERSON]
        gone = {"reason": SkipReason.GONE, "fingerprint": "", "updated_at": now}
        ended = {"state": ItemState.SKIPPED, "problem_id": None, "next_release_at": None, "finished_at": now}
        in_flight = [row.id for row in rows if row.state == ItemState.IN_FLIGHT]
        others = [row for row in rows if row.state != ItemState.IN_FLIGHT]
        unanswered = [row.id for row in others if row.write_started_at is not None]
        # Who works on it now would else say afterwards that it is done.
        await in_chunks(session, in_flight, gone | {"changed_meanwhile": True})
        # What a lost answer may have left at the target is looked up before it is gone.
        await in_chunks(session, unanswered, gone | ended | {"state": ItemState.READY, "finished_at": None})
        await in_chunks(session, [row.id for row in others if row.write_started_at is None], gone | ended)

    async def look_at_all_again(self, workspace_id: str, flow_id: str) -> None:
        """Forget what was seen and sent, so that the next read compares every record with the target.

        What a person skipped is compared as well.
        """
        skipped = select(Item.id).where(
            col(Item.workspace_id) == workspace_id,
            col(Item.flow_id) == flow_id,
            col(Item.state) == ItemState.SKIPPED,
            col(Item.reason) == SkipReason.SKIPPED_BY_PERSON,
        )
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            ids = (await session.exec(skipped)).all()
            text = "Released: everything was asked for."
            await self._note(session, ids, datetime.now(UTC), EventKind.RELEASED, text)
            await in_chunks(session, ids, {"reason": None})
            await session.exec(update(Item).where(col(Item.flow_id) == flow.id).values(fingerprint=""))
            await session.exec(update(Binding).where(col(Binding.flow_id) == flow.id).values(content_hash=""))


def _is_news(row: SqlRow[Any], entry: RecordEntry) -> bool:
    """Whether a known record must be worked on: it was asked for or changed, or it is back after it was gone."""
    return bool(not entry.fingerprint or row.fingerprint != entry.fingerprint or row.reason == SkipReason.GONE)


def _stays_skipped(row: SqlRow[Any], entry: RecordEntry) -> bool:
    """Whether a person let this record go, and nobody asks for it now."""
    return bool(row.reason == SkipReason.SKIPPED_BY_PERSON and entry.fingerprint)


async def _known(session: AsyncSession, flow: Flow, source_ids: Sequence[str]) -> dict[str, SqlRow[Any]]:
    known: dict[str, Any] = {}
    for start in range(0, len(source_ids), CHUNK):
        statement = sqlalchemy.select(
            col(Item.id),
            col(Item.source_id),
            col(Item.fingerprint),
            col(Item.state),
            col(Item.reason),
            col(Item.write_started_at),
        ).where(
            # The flow is its workspace's: naming that once more leads SQLite to an index that has all of its records.
            col(Item.flow_id) == flow.id,
            col(Item.source_id).in_(source_ids[start : start + CHUNK]),
        )
        for row in await (await session.connection()).execute(statement):
            known[row.source_id] = row
    return known
