"""What the parts of the items repository share: reading rows, writing events, letting parked items go."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from store.database import Database
from store.ids import new_id
from store.records import ItemRecord, ItemState
from store.repository import CHUNK, add_all
from store.sealing import Sealer
from store.tables import Item, ItemEvent


class EventKind(StrEnum):
    """What the ledger itself writes down about an item; activities add kinds of their own."""

    LISTED = "listed"
    CHANGED = "changed"
    REFUSED = "refused"
    """Its text is the problem's sentence in the words of this item."""
    PARKED = "parked"
    RELEASED = "released"
    POSTPONED = "postponed"
    SKIPPED = "skipped"
    FINISHED = "finished"
    NOTE = "note"
    SUPERSEDED = "superseded"
    """What was read before was never sent: something newer took its place."""


def event(sealer: Sealer, item: Item, at: datetime, kind: str, text: str) -> ItemEvent:
    """A new event of an item, its text encrypted."""
    event_id = new_id("evt")
    return ItemEvent(
        id=event_id,
        workspace_id=item.workspace_id,
        item_id=item.id,
        at=at,
        kind=kind,
        text=sealer.seal(ItemEvent, "text", item.workspace_id, event_id, text.encode()),
        settings_version=item.settings_version,
    )


async def note_superseded(
    session: AsyncSession, database: Database, sealer: Sealer, item_ids: Sequence[str], at: datetime
) -> None:
    """Say of records that were not sent yet, or refused, that what was read of them before never will be."""
    text = "Superseded: the record was read afresh before this was sent; only the newest is."
    await note_all(session, database, sealer, item_ids, at, EventKind.SUPERSEDED, text)


async def note_all(
    session: AsyncSession,
    database: Database,
    sealer: Sealer,
    item_ids: Sequence[str],
    at: datetime,
    kind: EventKind,
    text: str,
) -> None:
    """Write the same down about many items."""
    for start in range(0, len(item_ids), CHUNK):
        items = await session.exec(select(Item).where(col(Item.id).in_(item_ids[start : start + CHUNK])))
        await add_all(session, database, [event(sealer, item, at, kind, text) for item in items.all()])


async def in_chunks(session: AsyncSession, ids: Sequence[str], values: Mapping[str, Any]) -> None:
    """Give items, named by their ids, the same values; what the session holds of them is not brought up to date."""
    for start in range(0, len(ids), CHUNK):
        await session.exec(
            update(Item).where(col(Item.id).in_(ids[start : start + CHUNK])).values(**values),
            execution_options={"synchronize_session": False},
        )


async def release_rows(
    session: AsyncSession,
    database: Database,
    sealer: Sealer,
    items: Sequence[Item],
    *,
    by: str,
    by_time: bool = False,
    as_version: int | None = None,
) -> None:
    """Parked or skipped items become ready, to be read afresh; those of other states must not be given.

    Intervals start anew unless it was time that let them go. ``as_version`` pins the settings of the next attempts;
    without it today's settings count, but time leaves them as they are.
    """
    now = datetime.now(UTC)
    changes = {
        "state": ItemState.READY,
        "header": None,
        "problem_id": None,
        "next_release_at": None,
        "not_before": None,
        "releases": Item.releases + 1,
        "updated_at": now,
    }
    if not by_time:
        changes |= {"waits": 0, "pinned_version": as_version}
    await in_chunks(session, [item.id for item in items], changes)
    await add_all(
        session, database, [event(sealer, item, now, EventKind.RELEASED, f"Released: {by}.") for item in items]
    )


async def parked_of_problem(session: AsyncSession, workspace_id: str, problem_id: str) -> Sequence[Item]:
    """The items that wait for one cause, locked."""
    return await _parked(session, workspace_id, col(Item.problem_id) == problem_id)


async def parked_of_flow(session: AsyncSession, workspace_id: str, flow_id: str) -> Sequence[Item]:
    """The parked items of a flow that come back by themselves some time, locked."""
    return await _parked(session, workspace_id, col(Item.flow_id) == flow_id, col(Item.next_release_at).is_not(None))


async def _parked(session: AsyncSession, workspace_id: str, *those: ColumnElement[bool]) -> Sequence[Item]:
    statement = select(Item).where(col(Item.workspace_id) == workspace_id, col(Item.state) == ItemState.PARKED, *those)
    return (await session.exec(statement.order_by(col(Item.id)).with_for_update(key_share=True))).all()


def item_record(row: Item, *, header: bytes | None = None, body: bytes | None = None) -> ItemRecord:
    """A row as the record that callers get."""
    return ItemRecord(
        id=row.id,
        flow_id=row.flow_id,
        integration_id=row.integration_id,
        source_id=row.source_id,
        reference=row.reference,
        fingerprint=row.fingerprint,
        state=ItemState(row.state),
        reason=row.reason,
        placed_at=row.placed_at,
        currency=row.currency,
        total=row.total,
        problem_id=row.problem_id,
        attempts=row.attempts,
        releases=row.releases,
        next_release_at=row.next_release_at,
        not_before=row.not_before,
        changed_meanwhile=row.changed_meanwhile,
        write_started_at=row.write_started_at,
        checked_at=row.checked_at,
        target_kind=row.target_kind,
        target_id=row.target_id,
        target_number=row.target_number,
        target_total=row.target_total,
        rounding=row.rounding,
        confirmed_by_lookup=row.confirmed_by_lookup,
        settings_version=row.settings_version,
        pinned_version=row.pinned_version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        finished_at=row.finished_at,
        read_at=row.read_at,
        header=header,
        body=body,
    )
