"""Questions about items: counts for the engine, lists and time lines for people."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import and_, case, col, func, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from commerce.problems import Problem
from store.exchanges import exchange_entry
from store.ledger import EventKind, item_record
from store.problems import problem_record
from store.records import Counts, ItemEventRecord, ItemPage, ItemRecord, ItemState, SkipReason, Timeline
from store.repository import Repository, one
from store.tables import Exchange, Flow, Item, ItemEvent
from store.tables import Problem as ProblemRow

WATCHED_FOR = timedelta(days=90)


class ItemQueries(Repository):
    """The part of the ledger that answers questions."""

    async def counts(self, workspace_id: str, flow_id: str) -> Counts:
        """How many items of a flow stand where; read from an index alone."""
        of_flow = and_(col(Item.workspace_id) == workspace_id, col(Item.flow_id) == flow_id)
        released = func.sum(case((col(Item.releases) > 0, 1), else_=0))
        grouped = select(Item.state, func.count(), released).where(of_flow).group_by(col(Item.state))
        oldest = select(func.min(col(Item.placed_at))).where(of_flow, col(Item.state) == ItemState.READY)
        async with self._database.reading() as session:
            rows = (await session.exec(grouped)).all()
            oldest_ready_at = (await session.exec(oldest)).one()
        numbers = {state: count for state, count, _ in rows}
        return Counts(
            **{str(state): numbers.get(state, 0) for state in ItemState},
            released=sum(int(count) for _, _, count in rows),
            oldest_ready_at=oldest_ready_at,
        )

    async def watched(self, workspace_id: str, flow_id: str, limit: int, now: datetime) -> list[str]:
        """Source ids of parked and filtered items to look at again, least recently checked first.

        They count as checked now; those listed first more than `WATCHED_FOR` ago are left out.
        """
        filtered = and_(col(Item.state) == ItemState.SKIPPED, col(Item.reason) == SkipReason.FILTERED)
        statement = (
            select(Item.id, Item.source_id)
            .where(
                col(Item.workspace_id) == workspace_id,
                col(Item.flow_id) == flow_id,
                col(Item.state).in_([ItemState.PARKED, ItemState.SKIPPED]),
                or_(col(Item.state) == ItemState.PARKED, filtered),
                col(Item.created_at) > now - WATCHED_FOR,
            )
            .order_by(col(Item.checked_at).nulls_first(), col(Item.id))
            .limit(limit)
        )
        async with self._database.writing() as session:
            rows = (await session.exec(statement)).all()
            await session.exec(
                update(Item).where(col(Item.id).in_([item_id for item_id, _ in rows])).values(checked_at=now)
            )
        return [source_id for _, source_id in rows]

    async def is_writing(self, workspace_id: str, flow_id: str) -> bool:
        """Whether a write of the flow is under way whose outcome is not in the ledger yet."""
        statement = select(Item.id).where(
            col(Item.workspace_id) == workspace_id,
            col(Item.flow_id) == flow_id,
            col(Item.state).in_([ItemState.READY, ItemState.IN_FLIGHT]),
            col(Item.write_started_at).is_not(None),
        )
        async with self._database.reading() as session:
            return (await session.exec(statement.limit(1))).first() is not None

    async def version_before_today(self, workspace_id: str, item_id: str) -> int:
        """The version of the flow's settings that an item was last worked on with, before today's.

        One that was never worked on with others has its own. Raises `NotFoundError`.
        """
        async with self._database.reading() as session:
            item = await self._read_item(session, workspace_id, item_id)
            flow = await session.get_one(Flow, item.flow_id)
            told = await session.exec(
                select(func.max(ItemEvent.settings_version)).where(
                    col(ItemEvent.workspace_id) == workspace_id,
                    col(ItemEvent.item_id) == item_id,
                    col(ItemEvent.settings_version) < flow.settings_version,
                )
            )
            earlier = told.one() or 0
        mine = item.settings_version
        return max(earlier, mine if mine < flow.settings_version else 0) or mine

    async def wrote_since(self, workspace_id: str, flow_id: str, moment: datetime) -> bool:
        """Whether a record of the flow was written to its end after a moment."""
        statement = select(Item.id).where(
            col(Item.workspace_id) == workspace_id,
            col(Item.flow_id) == flow_id,
            col(Item.state) == ItemState.DONE,
            col(Item.reason).in_(["created", "updated"]),
            col(Item.finished_at) > moment,
        )
        async with self._database.reading() as session:
            return (await session.exec(statement.limit(1))).first() is not None

    async def unfinished(self, workspace_id: str, flow_id: str, *, or_done_since: datetime) -> list[ItemRecord]:
        """All items that are ready, in flight or parked, or done since a moment, with header and body decrypted."""
        of_flow = select(Item).where(col(Item.workspace_id) == workspace_id, col(Item.flow_id) == flow_id)
        unfinished = of_flow.where(col(Item.state).in_([ItemState.READY, ItemState.IN_FLIGHT, ItemState.PARKED]))
        done = of_flow.where(col(Item.state) == ItemState.DONE, col(Item.finished_at) >= or_done_since)
        async with self._database.reading() as session:
            # Asked for one after the other, as no index serves both at once.
            rows = [*(await session.exec(unfinished)).all(), *(await session.exec(done)).all()]
        return [
            item_record(row, header=self._sealer.of(row, "header"), body=self._sealer.of(row, "body")) for row in rows
        ]

    async def search(
        self,
        workspace_id: str,
        *,
        integration_id: str | None = None,
        flow_id: str | None = None,
        state: ItemState | None = None,
        problem_id: str | None = None,
        reference: str | None = None,
        source_id: str | None = None,
        since: datetime | None = None,
        limit: int = 50,
        after: str | None = None,
    ) -> ItemPage:
        """Items that meet every condition given, newest in the ledger first, without their bodies.

        Args:
            workspace_id: The owner.
            integration_id: Only those of this integration.
            flow_id: Only those of this flow.
            state: Only those in this state.
            problem_id: Only those that wait for this cause.
            reference: Only those with exactly this reference, such as an order number.
            source_id: Only those with exactly this id at the source.
            since: Only those placed at the source from this moment on.
            limit: At most so many.
            after: Goes on after an earlier page.
        """
        statement = select(Item).where(col(Item.workspace_id) == workspace_id)
        exact = {
            "integration_id": integration_id,
            "flow_id": flow_id,
            "state": state,
            "problem_id": problem_id,
            "reference": reference,
            "source_id": source_id,
        }
        for name, value in exact.items():
            if value is not None:
                statement = statement.where(getattr(Item, name) == value)
        if since is not None:
            statement = statement.where(col(Item.placed_at) >= since)
        if after is not None:
            statement = statement.where(col(Item.id) < after)
        async with self._database.reading() as session:
            rows = (await session.exec(statement.order_by(col(Item.id).desc()).limit(limit + 1))).all()
        items = [item_record(row) for row in rows[:limit]]
        return ItemPage(items, after=items[-1].id if len(rows) > limit else None)

    async def timeline(self, workspace_id: str, item_id: str) -> Timeline:
        """All that is known of one item, decrypted, oldest first; raises `NotFoundError`."""
        async with self._database.reading() as session:
            item = await self._read_item(session, workspace_id, item_id)
            problem = await session.get(ProblemRow, item.problem_id) if item.problem_id else None
            events = (
                await session.exec(
                    select(ItemEvent)
                    .where(col(ItemEvent.workspace_id) == workspace_id, col(ItemEvent.item_id) == item_id)
                    .order_by(col(ItemEvent.at), col(ItemEvent.id))
                )
            ).all()
            exchanges = (
                await session.exec(
                    select(Exchange)
                    .where(col(Exchange.workspace_id) == workspace_id, col(Exchange.item_id) == item_id)
                    .order_by(col(Exchange.started_at), col(Exchange.id))
                )
            ).all()
        told = [
            ItemEventRecord(row.at, row.kind, self._sealer.text_of(row, "text"), row.settings_version) for row in events
        ]
        return Timeline(
            item=item_record(item, header=self._sealer.of(item, "header"), body=self._sealer.of(item, "body")),
            problem=_as_told(problem_record(self._sealer, problem, 0).problem, told) if problem else None,
            events=told,
            exchanges=[exchange_entry(self._sealer, row) for row in exchanges],
        )

    async def _read_item(self, session: AsyncSession, workspace_id: str, item_id: str) -> Item:
        return await one(session, Item, workspace_id, item_id, "item")


def _as_told(problem: Problem, events: Sequence[ItemEventRecord]) -> Problem:
    """The problem in the words of the item itself: a cause that many share has the sentence of the latest of them."""
    sentences = [event.text for event in events if event.kind == EventKind.REFUSED]
    return problem.model_copy(update={"sentence": sentences[-1]}) if sentences else problem
