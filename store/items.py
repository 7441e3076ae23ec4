"""Items: how one record goes from ready to done, and back when it has to wait."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlmodel import and_, col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from store.bindings import bind_order
from store.item_queries import ItemQueries
from store.ledger import EventKind, event, item_record, release_rows
from store.pages import Pages
from store.records import HandOut, ItemRecord, ItemState, ProblemState, SkipReason
from store.repository import locked
from store.tables import Flow, Item, Problem

LOST_AFTER = timedelta(minutes=15)
"""In flight and untouched for longer: the engine may have lost it."""
FIRST_WAIT = timedelta(hours=1)
LONGEST_WAIT = timedelta(hours=24)


class Items(Pages, ItemQueries):
    """The ledger: one row per record and flow."""

    async def hand_out(self, workspace_id: str, flow_id: str, limit: int, now: datetime) -> list[HandOut]:
        """Items to work on, oldest record first: ready ones, and those in flight that nobody touched for a while.

        Changes nothing, so an item is handed out again until it has begun.
        """
        ready = and_(
            col(Item.state) == ItemState.READY, or_(col(Item.not_before).is_(None), col(Item.not_before) <= now)
        )
        lost = and_(col(Item.state) == ItemState.IN_FLIGHT, col(Item.updated_at) < now - LOST_AFTER)
        statement = select(Item.id, Item.source_id, Item.reference).where(
            col(Item.workspace_id) == workspace_id,
            col(Item.flow_id) == flow_id,
            # Said once more so that the index passes over all that is finished.
            col(Item.state).in_([ItemState.READY, ItemState.IN_FLIGHT]),
            or_(ready, lost),
        )
        statement = statement.order_by(col(Item.placed_at).nulls_first(), col(Item.id)).limit(limit)
        async with self._database.reading() as session:
            return [HandOut(*row) for row in (await session.exec(statement)).all()]

    async def begin(self, workspace_id: str, item_id: str) -> ItemRecord:
        """Start an attempt: the item is in flight; header and body come decrypted.

        An item that is done, skipped or parked stays so: look at the state of what is returned.
        """
        async with self._database.writing() as session:
            item = await self._locked_item(session, workspace_id, item_id)
            if item.state in {ItemState.READY, ItemState.IN_FLIGHT}:
                flow = await session.get_one(Flow, item.flow_id)
                item.state = ItemState.IN_FLIGHT
                item.attempts += 1
                item.reason = item.not_before = item.finished_at = None
                item.changed_meanwhile = False
                item.settings_version = item.pinned_version or flow.settings_version
                item.updated_at = datetime.now(UTC)
        return self._with_bodies(item)

    async def get(self, workspace_id: str, item_id: str, *, with_bodies: bool = False) -> ItemRecord:
        """One item, on request with header and body decrypted; raises `NotFoundError`."""
        async with self._database.reading() as session:
            item = await self._read_item(session, workspace_id, item_id)
        return self._with_bodies(item) if with_bodies else item_record(item)

    async def save_body(self, workspace_id: str, item_id: str, body: bytes) -> None:
        """Keep the complete record as the source gave it, replacing an earlier one."""
        sealed = self._sealer.seal(Item, "body", workspace_id, item_id, body)
        await self._touch(workspace_id, item_id, body=sealed)

    async def note(self, workspace_id: str, item_id: str, kind: str, text: str) -> None:
        """Write down something that happened to the item."""
        async with self._database.writing() as session:
            item = await self._locked_item(session, workspace_id, item_id)
            item.updated_at = datetime.now(UTC)
            session.add(event(self._sealer, item, item.updated_at, kind, text))

    async def write_started(self, workspace_id: str, item_id: str, at: datetime) -> None:
        """A write is about to be sent: until it is settled, its outcome may be unknown."""
        await self._touch(workspace_id, item_id, write_started_at=at)

    async def finish(
        self,
        workspace_id: str,
        item_id: str,
        *,
        state: ItemState,
        reason: str | None = None,
        target_kind: str | None = None,
        target_id: str | None = None,
        target_number: str | None = None,
        target_total: Decimal | None = None,
        rounding: Decimal | None = None,
        confirmed_by_lookup: bool = False,
        settings_version: int | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        """Done or skipped, in one transaction with the order's binding. A second run with the same target is harmless.

        What is done stays done: an attempt that ends later, and only finds the document, does not make it skipped.

        Raises:
            AlreadyBound: The source record is another target record already.
        """
        if state not in {ItemState.DONE, ItemState.SKIPPED}:
            raise ValueError(f"An item finishes as done or skipped, not as {state}.")
        now = datetime.now(UTC)
        async with self._database.writing() as session:
            item = await self._locked_item(session, workspace_id, item_id)
            if target_id is not None:
                await bind_order(session, self._database, item, target_id, target_number or "")
            again = item.state == state and item.target_id == target_id and item.reason == reason
            if again or item.state == ItemState.DONE:
                return
            item.state, item.reason = state, reason
            item.target_kind, item.target_id, item.target_number = target_kind, target_id, target_number
            item.target_total, item.rounding, item.confirmed_by_lookup = target_total, rounding, confirmed_by_lookup
            if settings_version is not None:
                item.settings_version = settings_version
            item.problem_id = item.next_release_at = item.not_before = item.write_started_at = None
            item.finished_at = item.updated_at = now
            for text in notes:
                session.add(event(self._sealer, item, now, EventKind.NOTE, text))
            session.add(event(self._sealer, item, now, EventKind.FINISHED, _finished_text(item)))

    async def park(
        self, workspace_id: str, item_id: str, problem_id: str, now: datetime, *, heals_by_time: bool = True
    ) -> ItemRecord:
        """The item waits for a cause; it comes back by itself after 1, 2, 4 … at most 24 hours.

        When the source record or the settings changed during the attempt, it comes back at the next tick: the attempt
        may have met what is already repaired. Without ``heals_by_time`` only a person or a change brings it back.
        A done or skipped item stays so.
        """
        async with self._database.writing() as session:
            item = await self._locked_item(session, workspace_id, item_id)
            if item.state in {ItemState.DONE, ItemState.SKIPPED}:
                return item_record(item)
            flow = await session.get_one(Flow, item.flow_id)
            version_now = item.pinned_version or flow.settings_version
            repaired = item.changed_meanwhile or version_now != item.settings_version
            item.state, item.problem_id = ItemState.PARKED, problem_id
            item.next_release_at = now if repaired else now + wait_of(item) if heals_by_time else None
            item.waits += 1
            item.changed_meanwhile = False
            item.updated_at = now
            session.add(event(self._sealer, item, now, EventKind.PARKED, _parked_text(item)))
            await session.exec(
                update(Problem)
                .where(col(Problem.id) == problem_id, col(Problem.workspace_id) == workspace_id)
                .values(state=ProblemState.OPEN, last_seen=now)
            )
            return item_record(item)

    async def postpone(self, workspace_id: str, item_id: str, not_before: datetime) -> None:
        """Back to ready, to be handed out from a moment on. A done, skipped or parked item stays so."""
        async with self._database.writing() as session:
            item = await self._locked_item(session, workspace_id, item_id)
            if item.state in {ItemState.READY, ItemState.IN_FLIGHT}:
                item.state, item.not_before = ItemState.READY, not_before
                item.updated_at = datetime.now(UTC)
                text = f"Postponed until {not_before.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC."
                session.add(event(self._sealer, item, item.updated_at, EventKind.POSTPONED, text))

    async def release(
        self,
        workspace_id: str,
        *,
        item_ids: Sequence[str] | None = None,
        problem_id: str | None = None,
        flow_id: str | None = None,
        due_at: datetime | None = None,
        as_version: int | None = None,
        by: str,
    ) -> int:
        """Let parked items go: those that meet every condition given. They are read afresh; returns how many.

        Args:
            workspace_id: The owner.
            item_ids: Only these.
            problem_id: Only those that wait for this cause.
            flow_id: Only those of this flow.
            due_at: Only those whose own time has come; their intervals keep growing.
            as_version: The version of the flow's settings to use from now on; None: today's.
            by: Who or what lets them go, for the time line.
        """
        if item_ids is None and problem_id is None and flow_id is None:
            raise ValueError("Say which items to release: by id, by problem or by flow.")
        statement = select(Item).where(col(Item.workspace_id) == workspace_id, col(Item.state) == ItemState.PARKED)
        if item_ids is not None:
            statement = statement.where(col(Item.id).in_(item_ids))
        if problem_id is not None:
            statement = statement.where(col(Item.problem_id) == problem_id)
        if flow_id is not None:
            statement = statement.where(col(Item.flow_id) == flow_id)
        if due_at is not None:
            statement = statement.where(col(Item.next_release_at) <= due_at)
        async with self._database.writing() as session:
            rows = (await session.exec(statement.order_by(col(Item.id)).with_for_update(key_share=True))).all()
            await release_rows(
                session, self._database, self._sealer, rows, by=by, by_time=due_at is not None, as_version=as_version
            )
            return len(rows)

    async def skip(self, workspace_id: str, item_id: str, reason_text: str) -> bool:
        """A person decides that the item needs no work; the reason is required.

        False when the item is in flight or finished and stays as it is.
        """
        if not reason_text.strip():
            raise ValueError("Say why the item is skipped.")
        async with self._database.writing() as session:
            item = await self._locked_item(session, workspace_id, item_id)
            if item.state not in {ItemState.READY, ItemState.PARKED}:
                return False
            item.state, item.reason = ItemState.SKIPPED, SkipReason.SKIPPED_BY_PERSON
            item.problem_id = item.next_release_at = item.not_before = None
            item.finished_at = item.updated_at = datetime.now(UTC)
            session.add(event(self._sealer, item, item.updated_at, EventKind.SKIPPED, reason_text.strip()))
            return True

    async def _touch(self, workspace_id: str, item_id: str, **values: bytes | datetime | None) -> None:
        async with self._database.writing() as session:
            item = await self._locked_item(session, workspace_id, item_id)
            item.updated_at = datetime.now(UTC)
            for name, value in values.items():
                setattr(item, name, value)

    async def _locked_item(self, session: AsyncSession, workspace_id: str, item_id: str) -> Item:
        return await locked(session, Item, workspace_id, item_id, "item")

    def _with_bodies(self, item: Item) -> ItemRecord:
        return item_record(item, header=self._sealer.of(item, "header"), body=self._sealer.of(item, "body"))


def wait_of(item: Item) -> timedelta:
    """How long an item that is parked now waits until it is tried again by itself."""
    longer: int = 2 ** min(item.waits, 8)
    return min(FIRST_WAIT * longer, LONGEST_WAIT)


def _finished_text(item: Item) -> str:
    if item.state == ItemState.SKIPPED:
        found = f": {item.target_kind} {item.target_number}, id {item.target_id}" if item.target_id else ""
        return f"Skipped, {item.reason}{found}."
    how = "found again by look-up" if item.confirmed_by_lookup else "written"
    return f"Done: {item.target_kind or 'record'} {item.target_number or item.target_id or ''} {how}."


def _parked_text(item: Item) -> str:
    if item.next_release_at is None:
        return "Waits for a person or a change at the source."
    return f"Waits; tried again by itself from {item.next_release_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
