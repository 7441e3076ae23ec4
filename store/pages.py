"""Pages of a read: what was listed goes into the ledger, together with the position of the read."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from store.ids import new_id
from store.ledger import EventKind, event, release_rows
from store.records import ItemState, PageEntry, PageOutcome, SkipReason
from store.repository import CHUNK, Repository, add_all, locked
from store.tables import Flow, Item


class Pages(Repository):
    """The part of the ledger that takes in what sources list."""

    async def save_page(
        self,
        workspace_id: str,
        flow_id: str,
        entries: Sequence[PageEntry],
        *,
        next_page: str | None,
        cursor: str | None,
        settings_version: int,
        read_number: int | None = None,
    ) -> PageOutcome:
        """Write one page down, in one transaction with the position of the read.

        New records become ready or skipped. A known one whose fingerprint is the same is left alone, unless it now
        passes the filters. A changed one is released when it was parked or filtered, gets its new header when it still
        has to be worked on, and only gets an event when it is done. A second run of a page finds all unchanged.

        Args:
            workspace_id: The owner.
            flow_id: The flow that reads.
            entries: What the page lists; the last of two entries with one id counts.
            next_page: Where the read goes on; None completes it, and the cursor then counts.
            cursor: Covers this page and all before it; a completed read never moves the flow's cursor backwards.
            settings_version: Under which settings the filters were applied.
            read_number: From `Flows.begin_run`; a page of a read that was rewound meanwhile moves no cursor.
        """
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            superseded = read_number is not None and read_number != flow.read_number
            if not superseded:
                move_read(flow, next_page, cursor, datetime.now(UTC), records=len(entries))
            outcome = await self._take_in(session, flow, entries, settings_version)
        return replace(outcome, superseded=superseded)

    async def save_entries(
        self, workspace_id: str, flow_id: str, entries: Sequence[PageEntry], *, settings_version: int
    ) -> PageOutcome:
        """Take in records that were looked at outside of a read; like `save_page`, but no read moves."""
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            return await self._take_in(session, flow, entries, settings_version)

    async def _take_in(
        self, session: AsyncSession, flow: Flow, entries: Sequence[PageEntry], settings_version: int
    ) -> PageOutcome:
        now = datetime.now(UTC)
        listed = {entry.source_id: entry for entry in entries}
        known = await _known(session, flow, list(listed))
        new = [
            self._new_item(flow, entry, settings_version, now)
            for entry in listed.values()
            if entry.source_id not in known
        ]
        await add_all(session, self._database, new)
        events = [event(self._sealer, item, now, EventKind.LISTED, _listed_text(item)) for item in new]
        changed = 0
        for source_id, item in known.items():
            entry = listed[source_id]
            if item.fingerprint != entry.fingerprint:
                changed += 1
            text = self._take_over(item, entry, settings_version)
            if text:
                events.append(event(self._sealer, item, now, EventKind.CHANGED, text))
        await session.flush()
        await add_all(session, self._database, events)
        return PageOutcome(
            listed=len(listed),
            new=len(new),
            changed=changed,
            unchanged=len(known) - changed,
        )

    async def add_ids(self, workspace_id: str, flow_id: str, source_ids: Sequence[str]) -> int:
        """Make named records ready, to be read by id; returns how many became ready.

        Unknown ones are added, parked and skipped ones are released; what is done, ready or in flight stays as it is.
        """
        now = datetime.now(UTC)
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            known = await _known(session, flow, source_ids)
            missing = [source_id for source_id in dict.fromkeys(source_ids) if source_id not in known]
            new = [self._new_item(flow, _named(source_id), flow.settings_version, now) for source_id in missing]
            await add_all(session, self._database, new)
            released = [item for item in known.values() if item.state in {ItemState.PARKED, ItemState.SKIPPED}]
            await release_rows(session, self._database, self._sealer, released, by="asked for")
            return len(new) + len(released)

    def _new_item(self, flow: Flow, entry: PageEntry, settings_version: int, now: datetime) -> Item:
        item_id = new_id("itm")
        return Item(
            id=item_id,
            workspace_id=flow.workspace_id,
            flow_id=flow.id,
            integration_id=flow.integration_id,
            source_id=entry.source_id,
            reference=entry.reference,
            fingerprint=entry.fingerprint,
            state=ItemState.READY if entry.ready else ItemState.SKIPPED,
            reason=None if entry.ready else entry.reason or SkipReason.FILTERED,
            placed_at=entry.placed_at,
            currency=entry.currency,
            total=entry.total,
            header=self._sealed_header(flow.workspace_id, item_id, entry),
            settings_version=settings_version,
            created_at=now,
            updated_at=now,
            finished_at=None if entry.ready else now,
        )

    def _take_over(self, item: Item, entry: PageEntry, settings_version: int) -> str | None:
        """Bring a known item up to what is listed now; returns what to write down about it, if anything."""
        changed = item.fingerprint != entry.fingerprint
        filtered = item.state == ItemState.SKIPPED and item.reason == SkipReason.FILTERED
        if not changed and not (filtered and entry.ready):
            return None
        fresh = item.fingerprint == ""
        item.fingerprint = entry.fingerprint
        item.reference = entry.reference
        item.placed_at, item.currency, item.total = entry.placed_at, entry.currency, entry.total
        item.updated_at = datetime.now(UTC)
        if item.state == ItemState.DONE:
            return None if fresh else "Changed at the source after it was sent; what was sent stays as it is."
        if item.state == ItemState.SKIPPED and not filtered:
            return None if fresh else "Changed at the source after it was skipped."
        item.header = self._sealed_header(item.workspace_id, item.id, entry)
        if item.state == ItemState.IN_FLIGHT:
            item.changed_meanwhile = True
            return "Changed at the source while it was worked on."
        if item.state == ItemState.READY:
            return None
        if not entry.ready:
            return "Changed at the source; it still does not pass the filters."
        if item.state == ItemState.PARKED:
            item.releases += 1
            item.waits = 0
        item.state, item.reason, item.finished_at = ItemState.READY, None, None
        item.problem_id = item.next_release_at = item.not_before = None
        item.settings_version = settings_version
        return "Released: changed at the source." if changed else "Released: it passes the filters now."

    def _sealed_header(self, workspace_id: str, item_id: str, entry: PageEntry) -> bytes | None:
        if entry.header is None:
            return None
        return self._sealer.seal(Item, "header", workspace_id, item_id, entry.header)


async def _known(session: AsyncSession, flow: Flow, source_ids: Sequence[str]) -> dict[str, Item]:
    """The items of these source ids, locked in the order of their ids."""
    known: dict[str, Item] = {}
    for start in range(0, len(source_ids), CHUNK):
        statement = select(Item).where(
            # The flow is its workspace's: naming that once more leads SQLite to an index that has all of its records.
            col(Item.flow_id) == flow.id,
            col(Item.source_id).in_(source_ids[start : start + CHUNK]),
        )
        rows = (await session.exec(statement.order_by(col(Item.id)).with_for_update(key_share=True))).all()
        known |= {row.source_id: row for row in rows}
    return known


def _named(source_id: str) -> PageEntry:
    return PageEntry(source_id, source_id, "", header=None, placed_at=None, currency=None, total=None)


def _listed_text(item: Item) -> str:
    return (
        "Listed by the source." if item.state == ItemState.READY else f"Listed by the source; skipped: {item.reason}."
    )


def move_read(flow: Flow, next_page: str | None, cursor: str | None, now: datetime, *, records: int) -> None:
    """Move the read of a flow on by so many records; a completed one moves its cursor."""
    flow.page = next_page
    flow.read_records += records
    flow.pending_cursor = later_cursor(flow.pending_cursor, cursor)
    if next_page is not None:
        return
    flow.cursor = later_cursor(flow.cursor, flow.pending_cursor)
    flow.pending_cursor = flow.read_began_at = None
    if flow.sweeping:
        flow.last_sweep_at = now
        flow.sweeping = False


def later_cursor(before: str | None, now: str | None) -> str | None:
    """The further of two cursors: as numbers or as moments when both are; else the newer word counts."""
    if before is None or now is None:
        return now if before is None else before
    for read in (_number, _moment):
        first, second = read(before), read(now)
        if first is not None and second is not None:
            return before if first > second else now
    return now


def _number(cursor: str) -> Decimal | None:
    try:
        number = Decimal(cursor)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(cursor: str) -> Decimal | None:
    try:
        moment = datetime.fromisoformat(cursor)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return Decimal(repr(moment.timestamp()))
