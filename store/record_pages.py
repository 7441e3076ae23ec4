"""Pages of records that move without a workflow of their own: worked on and settled many at a time."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlmodel import and_, col, func, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from commerce.problems import ProblemCode
from store.items import wait_of
from store.ledger import EventKind, event, in_chunks, item_record
from store.record_listings import RecordListings
from store.records import ItemRecord, ItemState, ProblemState, Settled, SkipReason
from store.repository import CHUNK, add_all, locked
from store.tables import Flow, Item, Problem


class RecordPages(RecordListings):
    """The ledger of flows that move in pages. One run of a flow works at a time; a claim sees to that."""

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
            await in_chunks(session, [row.id for row in rows], begun | {"updated_at": now, "changed_meanwhile": False})
        return [item_record(row, body=self._sealer.of(row, "body")) for row in rows]

    async def settle(self, workspace_id: str, flow_id: str, outcomes: Sequence[Settled]) -> None:
        """Write down how the work on many records ended; what changed at the source meanwhile is ready again."""
        if not outcomes:
            return
        now = datetime.now(UTC)
        by_id = {outcome.item_id: outcome for outcome in outcomes}
        problems = {outcome.problem_id for outcome in outcomes if outcome.problem_id}
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            unanswered = await _temporary(session, workspace_id, problems)
            events = []
            for start in range(0, len(outcomes), CHUNK):
                ids = [outcome.item_id for outcome in outcomes[start : start + CHUNK]]
                rows = await session.exec(select(Item).where(col(Item.id).in_(ids)))
                # Asked for with the flow as well, SQLite would look through all of its records.
                for item in (row for row in rows.all() if row.flow_id == flow.id):
                    outcome = by_id[item.id]
                    _settle(item, outcome, flow.settings_version, now, answered=outcome.problem_id not in unanswered)
                    events += [event(self._sealer, item, now, EventKind.NOTE, text) for text in outcome.notes]
                    if outcome.text:
                        kind = EventKind.REFUSED if outcome.state is ItemState.PARKED else EventKind.FINISHED
                        events.append(event(self._sealer, item, now, kind, outcome.text))
                await session.flush()
            await add_all(session, self._database, events)
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
            await in_chunks(session, item_ids, {"write_started_at": at})

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
            await in_chunks(session, item_ids, {"fingerprint": ""})

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
            await in_chunks(session, ids, {"state": ItemState.READY, "checked_at": now, "finished_at": None})
            return len(ids)


async def _temporary(session: AsyncSession, workspace_id: str, problem_ids: Collection[str]) -> set[str]:
    """Those of these problems that are a target's missing answers."""
    if not problem_ids:
        return set()
    statement = select(Problem.id).where(
        col(Problem.workspace_id) == workspace_id,
        col(Problem.id).in_(sorted(problem_ids)),
        col(Problem.code) == ProblemCode.TEMPORARY_TROUBLE,
    )
    return set((await session.exec(statement)).all())


def _settle(item: Item, outcome: Settled, settings_version: int, now: datetime, *, answered: bool) -> None:
    item.updated_at = now
    item.target_id = outcome.target_id or item.target_id
    item.target_number = outcome.target_number or item.target_number
    version_now = item.pinned_version or settings_version
    changed, renewed = item.changed_meanwhile, version_now != item.settings_version
    item.changed_meanwhile = False
    gone = item.reason == SkipReason.GONE and outcome.state in {ItemState.PARKED, ItemState.READY}
    if answered and not gone:
        item.write_started_at = None
    item.confirmed_by_lookup = outcome.confirmed_by_lookup
    if changed or renewed:
        # Being listed again has taken this reason away; whatever else changed does not bring back what is gone.
        item.reason = SkipReason.GONE if item.reason == SkipReason.GONE else None
        item.state, item.problem_id, item.not_before = ItemState.READY, None, None
        return
    item.state, item.reason, item.not_before = outcome.state, outcome.reason, outcome.not_before
    if gone:
        item.reason = SkipReason.GONE
    item.problem_id = outcome.problem_id if outcome.state is ItemState.PARKED else None
    item.finished_at = now if outcome.state in {ItemState.DONE, ItemState.SKIPPED} else None
    item.next_release_at = None
    if outcome.state is ItemState.PARKED:
        item.next_release_at = now + wait_of(item)
        item.waits += 1
    elif outcome.state is ItemState.DONE:
        item.pinned_version = None
