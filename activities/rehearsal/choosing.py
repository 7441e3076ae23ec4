"""Which records of a source a rehearsal works on."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from activities.vendors import OpenFlow, OpenRecordFlow
from commerce.problems import Problem, ProblemCode
from commerce.record import Record
from connectors.protocols import ListedOrder, ReadFrom, RefusedListing
from connectors.rehearsed import Expected, PreviewWish, RehearsedRecord
from store import FlowRecord, ItemRecord, Store, item_for_rehearsal

EntryT = TypeVar("EntryT", ListedOrder, Record)

_WINDOWS = (timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=90))
_MOST_PAGES = 20
_PAGE = 100


@dataclass(frozen=True)
class Chosen(Generic[EntryT]):
    """Records as their source lists them, and what could not be rehearsed at all."""

    entries: Sequence[EntryT]
    refused: Sequence[RehearsedRecord] = ()
    next_page: str | None = None


@dataclass(frozen=True)
class _Listing(Generic[EntryT]):
    """A source, whichever kind it hands out."""

    page: Callable[[ReadFrom, str | None, int], Awaitable[Chosen[EntryT]]]
    named: Callable[[Sequence[str]], Awaitable[Chosen[EntryT]]]
    cursor_at: Callable[[datetime], str | None]
    not_before: datetime | None


async def chosen_orders(store: Store, workspace_id: str, flow: OpenFlow, wish: PreviewWish) -> Chosen[ListedOrder]:
    """The orders that a preview asks for; of more than asked for, those placed last."""
    source = flow.source

    async def page(start: ReadFrom, position: str | None, size: int) -> Chosen[ListedOrder]:
        listed = await source.list_orders(start, position, size)
        return Chosen(listed.orders, _malformed(listed.refused), listed.next_page)

    async def named(source_ids: Sequence[str]) -> Chosen[ListedOrder]:
        listed = await source.list_orders_by_id(source_ids)
        found = {order.source_id for order in listed.orders} | {one.source_id for one in listed.refused}
        gone = [_absent(one) for one in source_ids if one not in found]
        return Chosen(listed.orders, [*_malformed(listed.refused), *gone])

    listing = _Listing(page, named, source.cursor_at, flow.settings.orders.start_at)
    with flow.calling_source():
        chosen = await _chosen(store, workspace_id, flow.flow, listing, wish)
    if wish.since is not None:
        return chosen
    latest = sorted(chosen.entries, key=lambda order: order.placed_at)[-wish.limit :]
    return Chosen(latest, chosen.refused)


async def chosen_records(store: Store, workspace_id: str, flow: OpenRecordFlow, wish: PreviewWish) -> Chosen[Record]:
    """The records that a preview asks for; of a source that shows no changes, the latest are the first it lists."""
    source = flow.source

    async def page(start: ReadFrom, position: str | None, size: int) -> Chosen[Record]:
        listed = await source.list_records(start, position, size)
        return Chosen(listed.records, _malformed(listed.refused), listed.next_page)

    async def named(source_ids: Sequence[str]) -> Chosen[Record]:
        listed = await source.read_records(source_ids)
        return Chosen(listed.records, [*_malformed(listed.refused), *map(_absent, listed.removed)])

    listing = _Listing(page, named, source.cursor_at, flow.settings.common.start_at)
    with flow.calling_source():
        chosen = await _chosen(store, workspace_id, flow.flow, listing, wish)
    if wish.since is not None:
        return chosen
    return Chosen(chosen.entries[: wish.limit], chosen.refused)


def item_of(flow: FlowRecord, source_id: str, reference: str, body: bytes | None = None) -> ItemRecord:
    """A place in the ledger for a record that is only rehearsed."""
    return item_for_rehearsal(flow.id, flow.integration_id, source_id, reference, flow.settings_version, body=body)


async def _chosen(
    store: Store, workspace_id: str, flow: FlowRecord, listing: _Listing[EntryT], wish: PreviewWish
) -> Chosen[EntryT]:
    if wish.source_id:
        return await listing.named([wish.source_id])
    if wish.reference:
        known = await store.items.search(workspace_id, flow_id=flow.id, reference=wish.reference, limit=1)
        if known.items:
            return await listing.named([known.items[0].source_id])
        return await _referred(listing, wish.reference)
    if wish.since is not None:
        start = ReadFrom(listing.cursor_at(wish.since), listing.not_before, timedelta(0))
        return await listing.page(start, wish.page, wish.limit)
    return await _latest(listing, wish.limit)


async def _latest(listing: _Listing[EntryT], limit: int) -> Chosen[EntryT]:
    """What changed last: the shortest time back that shows enough, so that little is read of a large account."""
    now = datetime.now(UTC)
    best: Chosen[EntryT] = Chosen(())
    for window in _WINDOWS:
        cursor = listing.cursor_at(now - window)
        if cursor is None:
            break
        best, complete = await _read(listing, ReadFrom(cursor, listing.not_before, timedelta(0)))
        if len(best.entries) >= limit or not complete:
            return best
    enough = limit if listing.cursor_at(now) is None else None
    everything, complete = await _read(listing, ReadFrom(None, listing.not_before, timedelta(0)), enough)
    return everything if complete or not best.entries else best


async def _read(listing: _Listing[EntryT], start: ReadFrom, enough: int | None = None) -> tuple[Chosen[EntryT], bool]:
    """Pages until there are enough records, at most `_MOST_PAGES`, and whether they were all.

    A page may hold fewer records than were asked for, such as those of one price list.
    """
    entries: list[EntryT] = []
    refused: list[RehearsedRecord] = []
    position: str | None = None
    for _ in range(_MOST_PAGES):
        page = await listing.page(start, position, _PAGE)
        entries += page.entries
        refused += page.refused
        position = page.next_page
        if position is None:
            return Chosen(entries, refused), True
        if enough is not None and len(entries) >= enough:
            break
    return Chosen(entries, refused), False


async def _referred(listing: _Listing[EntryT], reference: str) -> Chosen[EntryT]:
    read, _ = await _read(listing, ReadFrom(None, listing.not_before, timedelta(0)))
    found = [entry for entry in read.entries if entry.reference == reference]
    if found:
        return Chosen(found[:1])
    sentence = (
        f"The source shows no record {reference} among the first {len(read.entries)} that it lists. "
        "Name it by its id at the source."
    )
    problem = Problem(code=ProblemCode.RECORD_GONE, field="reference", value=reference, sentence=sentence)
    return Chosen((), [RehearsedRecord("", reference, Expected.PROBLEM, problems=[problem])])


def _malformed(refused: Sequence[RefusedListing]) -> list[RehearsedRecord]:
    return [
        RehearsedRecord(
            one.source_id,
            one.source_id,
            Expected.PROBLEM,
            problems=[
                Problem(
                    code=ProblemCode.MALFORMED_RECORD,
                    field="list",
                    value=one.source_id,
                    sentence=one.problem_sentence,
                )
            ],
        )
        for one in refused
    ]


def _absent(source_id: str) -> RehearsedRecord:
    sentence = f"The source has no record {source_id} (any more)."
    problem = Problem(code=ProblemCode.RECORD_GONE, field="id", value=source_id, sentence=sentence)
    return RehearsedRecord(source_id, "", Expected.PROBLEM, problems=[problem])
