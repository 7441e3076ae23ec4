"""What the target has from us and should not have any more: found, and written down once it was taken away."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import and_, col, func, not_, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from store.database import Database
from store.items import wait_of
from store.ledger import EventKind, event, in_chunks, item_record, note_all
from store.records import ItemRecord, ItemState, SkipReason
from store.repository import Repository, locked, one
from store.sealing import Sealer
from store.tables import Binding, Flow, Item


@dataclass(frozen=True)
class Unwanted:
    """Records to take away, out of ``going`` in all; the target has ``total`` from us."""

    first: list[ItemRecord]
    going: int
    total: int


class Removals(Repository):
    """The records of flows that move in pages whose time at the target is over."""

    async def due(
        self, workspace_id: str, flow_id: str, kind: str, *, filtered: bool, gone: bool, limit: int
    ) -> Unwanted:
        """Records that were filtered out, deleted at the source, or not shown by its last two complete reads.

        Those that the target refused to take away are left out until they are released, and those that a person
        skipped until a person asks for them.

        Args:
            workspace_id: The owner.
            flow_id: The flow that sent them.
            kind: The kind of its bindings.
            filtered: Whether those that were filtered out are meant.
            gone: Whether those are meant that the source does not have any more.
            limit: At most so many are handed out.
        """
        reason = func.coalesce(col(Item.reason), "")
        mine = and_(
            col(Binding.workspace_id) == workspace_id,
            col(Binding.flow_id) == flow_id,
            col(Binding.kind) == kind,
            col(Binding.removed_at).is_(None),
        )
        is_filtered = reason == SkipReason.FILTERED
        left_out = and_(col(Item.state) == ItemState.SKIPPED, reason.in_([SkipReason.FILTERED, SkipReason.GONE]))
        refused = and_(col(Item.state) == ItemState.PARKED, reason.in_([SkipReason.FILTERED, SkipReason.GONE]))
        meant = [wanted for wanted, asked in ((is_filtered, filtered), (not_(is_filtered), gone)) if asked]
        async with self._database.reading() as session:
            flow = await one(session, Flow, workspace_id, flow_id, "flow")
            missing = and_(
                col(Item.seen_in) <= flow.complete_reads - 2,
                col(Item.state) != ItemState.IN_FLIGHT,
                reason != SkipReason.SKIPPED_BY_PERSON,
                not_(refused),
                flow.complete_reads > 1,
            )
            bound = and_(col(Binding.flow_id) == col(Item.flow_id), col(Binding.source_key) == col(Item.source_id))
            going = and_(
                mine,
                col(Item.workspace_id) == workspace_id,
                col(Item.flow_id) == flow_id,
                or_(left_out, missing),
                or_(*meant),
            )
            number = (
                await session.exec(select(func.count()).select_from(Item).join(Binding, bound).where(going))
            ).one()
            rows = await session.exec(
                select(Item).join(Binding, bound).where(going).order_by(col(Item.id)).limit(limit)
            )
            first = [item_record(row) for row in rows.all()]
            total = (await session.exec(select(func.count()).select_from(Binding).where(mine))).one()
        return Unwanted(first, number, total)

    async def done(self, workspace_id: str, item_id: str, text: str) -> None:
        """A record was taken away at the target; a second run only says so again."""
        async with self._database.writing() as session:
            item = await locked(session, Item, workspace_id, item_id, "item")
            now = datetime.now(UTC)
            item.updated_at = now
            if item.reason != SkipReason.FILTERED:
                item.state, item.reason, item.fingerprint = ItemState.SKIPPED, SkipReason.GONE, ""
                item.problem_id = item.next_release_at = None
                item.finished_at = now
            session.add(event(self._sealer, item, now, EventKind.NOTE, text))

    async def refused(self, workspace_id: str, item_id: str, text: str, problem_id: str) -> None:
        """A record could not be taken away: it waits for the problem, and is tried again by itself, ever later."""
        async with self._database.writing() as session:
            item = await locked(session, Item, workspace_id, item_id, "item")
            now = datetime.now(UTC)
            if item.reason != SkipReason.FILTERED:
                item.reason, item.fingerprint = SkipReason.GONE, ""
            item.state, item.problem_id, item.finished_at = ItemState.PARKED, problem_id, None
            item.next_release_at = now + wait_of(item)
            item.waits += 1
            item.updated_at = now
            session.add(event(self._sealer, item, now, EventKind.REFUSED, text))


async def end_unsent(session: AsyncSession, database: Database, sealer: Sealer, flow: Flow, now: datetime) -> None:
    """Skip as gone what two complete reads did not show and the target has nothing of: nobody can help it any more.

    What a lost answer may have left at the target is looked up first, and what is in flight ends first; both follow
    after a later read. A second run finds none.
    """
    if flow.complete_reads < 2:
        return
    bound = select(Binding.id).where(
        col(Binding.flow_id) == flow.id,
        col(Binding.kind) == flow.kind,
        col(Binding.source_key) == col(Item.source_id),
        col(Binding.removed_at).is_(None),
    )
    waiting = [ItemState.READY, ItemState.PARKED]
    looked_for = and_(col(Item.state) == ItemState.SKIPPED, col(Item.reason) == SkipReason.NOT_AT_TARGET)
    statement = select(Item.id).where(
        col(Item.workspace_id) == flow.workspace_id,
        col(Item.flow_id) == flow.id,
        # Said once more so that the index passes over all that is done.
        col(Item.state).in_([*waiting, ItemState.SKIPPED]),
        or_(col(Item.state).in_(waiting), looked_for),
        col(Item.seen_in) <= flow.complete_reads - 2,
        col(Item.write_started_at).is_(None),
        not_(bound.exists()),
    )
    ids = (await session.exec(statement.order_by(col(Item.id)).with_for_update(key_share=True))).all()
    text = "Skipped, gone: the source's last two complete reads did not show it, and the target has nothing of it."
    await note_all(session, database, sealer, ids, now, EventKind.FINISHED, text)
    gone = {"state": ItemState.SKIPPED, "reason": SkipReason.GONE, "fingerprint": ""}
    forgotten = {"problem_id": None, "next_release_at": None, "not_before": None}
    await in_chunks(session, ids, {**gone, **forgotten, "finished_at": now, "updated_at": now})
