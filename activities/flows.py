"""What an integration's workflow asks of a flow: read a page, hand out what is ready, set back, release."""

from datetime import UTC, datetime

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.counting import flow_counts
from activities.failures import FlowBlocked, flow_failures, refused_flow
from activities.heartbeat import beating
from activities.listing import page_entry
from activities.products import product_bindings
from activities.records import read_again
from activities.stage import content_hash, scene_of
from activities.vendors import ConnectionBroken, OpenFlow, OpenRecordFlow, Vendors, on_scene
from commerce.problems import Problem, ProblemCode
from connectors import exact_json
from connectors.errors import RecordRefused
from connectors.order_flow import ReadMode, SettingsRefused
from connectors.protocols import ReadFrom, RefusedListing
from store import ConnectionState, Counts, PageEntry, Store
from workflows import names
from workflows.messages import (
    CONNECTION,
    ORDERS,
    PROBLEM,
    FetchInput,
    FetchResult,
    HandedOut,
    ReleaseInput,
    ResyncInput,
)

_WATCHED_PER_RUN = 50
_RECHECKED_PER_RUN = 100


class FlowActivities:
    """Activities of whole flows, composed with what they work on."""

    def __init__(self, store: Store, vendors: Vendors) -> None:
        self._store = store
        self._vendors = vendors

    @activity.defn(name=names.FETCH_ORDERS)
    async def fetch_orders(self, fetch: FetchInput) -> FetchResult:
        """Read one page of the source into the ledger and hand out what is ready.

        A page and the place after it are saved together, so a second run reads the next page, and what the lost answer
        of the first would have handed out is handed out by this one.
        """
        async with beating():
            try:
                async with flow_failures(self._store, fetch):
                    if fetch.begin:
                        await self._vendors.test_refused(fetch.workspace_id, fetch.flow_id)
                    flow = await self._vendors.open_flow(fetch.workspace_id, fetch.flow_id)
                    more_pages = await self._read(fetch, flow) if fetch.read else False
                    return await self._hand_out(fetch, more_pages=more_pages)
            except FlowBlocked as blocked:
                return await self._blocked(fetch, blocked.code)

    @activity.defn(name=names.RESYNC_FLOW)
    async def resync_flow(self, wish: ResyncInput) -> None:
        """Set a flow's place back, or make named records ready.

        An order that is unchanged and done stays done; records that move in pages are compared with the target again.
        A wish that an account or the settings refuse ends there: it would else hold up all that is asked for later.
        """
        try:
            await self._resync(wish)
        except ConnectionBroken as error:
            raise ApplicationError(error.problem.sentence, type=CONNECTION, non_retryable=True) from error
        except (SettingsRefused, RecordRefused) as error:
            raise ApplicationError(refused_flow(error).sentence, type=PROBLEM, non_retryable=True) from error

    async def _resync(self, wish: ResyncInput) -> None:
        store, workspace_id, flow_id = self._store, wish.workspace_id, wish.flow_id
        orders = (await store.flows.get(workspace_id, flow_id)).kind == ORDERS
        if wish.source_ids and orders:
            await store.items.add_ids(workspace_id, flow_id, wish.source_ids)
        elif wish.source_ids:
            await read_again(store, self._vendors, workspace_id, flow_id, wish.source_ids)
        if wish.everything:
            if not orders:
                await store.record_pages.look_at_all_again(workspace_id, flow_id)
            await store.flows.rewind(workspace_id, flow_id, None)
        elif wish.since is not None:
            opened: OpenFlow | OpenRecordFlow = (
                await self._vendors.open_flow(workspace_id, flow_id)
                if orders
                else await self._vendors.open_record_flow(workspace_id, flow_id)
            )
            await store.flows.rewind(workspace_id, flow_id, opened.source.cursor_at(wish.since))

    @activity.defn(name=names.RELEASE_ITEMS)
    async def release_items(self, wish: ReleaseInput) -> int:
        """Release named items, or all that wait for one problem; released ones are not released again."""
        return await self._store.items.release(
            wish.workspace_id, item_ids=wish.item_ids or None, problem_id=wish.problem_id or None, by="signal"
        )

    async def _read(self, fetch: FetchInput, flow: OpenFlow) -> bool:
        with on_scene(scene_of(fetch, flow.flow)):
            if fetch.begin:
                await self._store.items.release(
                    fetch.workspace_id, flow_id=fetch.flow_id, due_at=datetime.now(UTC), by="time"
                )
                await self._look_at_changes(fetch, flow)
                await self._look_at_causes(fetch, flow)
                await self._store.problems.resolve_empty(fetch.workspace_id, fetch.flow_id)
            return await self._read_page(fetch, flow)

    async def _read_page(self, fetch: FetchInput, flow: OpenFlow) -> bool:
        settings, now = flow.settings.orders, datetime.now(UTC)
        due = flow.read.sweep_is_due(flow.flow.cursor, flow.flow.last_sweep_at, now)
        run = await self._store.flows.begin_run(fetch.workspace_id, fetch.flow_id, now=now, sweep=due)
        overlap = flow.read.sweep_window if run.sweeping else flow.read.lag
        cursor = None if settings.mode is ReadMode.ALL else run.cursor
        start = ReadFrom(cursor=cursor, not_before=settings.start_at, overlap=overlap)
        with flow.calling_source():
            page = await flow.source.list_orders(start, run.page, settings.amount_per_read)
        nameless = [refused for refused in page.refused if not refused.source_id]
        for refused in nameless:
            await self._store.problems.raise_(fetch.workspace_id, fetch.flow_id, _malformed(refused))
        named = [_refused_entry(refused) for refused in page.refused if refused.source_id]
        outcome = await self._store.items.save_page(
            fetch.workspace_id,
            fetch.flow_id,
            [*(page_entry(flow, order) for order in page.orders), *named],
            read_number=run.read_number,
            next_page=page.next_page,
            cursor=page.cursor,
            settings_version=run.settings_version,
        )
        if flow.source_connection.state is ConnectionState.NEW:
            await self._store.connections.mark_connected(fetch.workspace_id, flow.source_connection.id)
        more_pages = page.next_page is not None and not _is_enough(flow, len(page.orders))
        return more_pages or outcome.superseded

    async def _look_at_changes(self, fetch: FetchInput, flow: OpenFlow) -> None:
        """See whether orders that wait have changed at a source whose list does not tell."""
        if flow.read.sees_changes:
            return
        waiting = await self._store.items.watched(
            fetch.workspace_id, fetch.flow_id, _WATCHED_PER_RUN, datetime.now(UTC)
        )
        if not waiting:
            return
        with flow.calling_source():
            listed = await flow.source.list_orders_by_id(waiting)
        await self._store.items.save_entries(
            fetch.workspace_id,
            fetch.flow_id,
            [page_entry(flow, order) for order in listed.orders],
            settings_version=flow.flow.settings_version,
        )

    async def _look_at_causes(self, fetch: FetchInput, flow: OpenFlow) -> None:
        """Ask the target whether the articles that orders wait for exist by now, and release those orders."""
        problems = await self._store.problems.open(
            fetch.workspace_id, flow_id=fetch.flow_id, codes=[ProblemCode.UNKNOWN_PRODUCT]
        )
        by = flow.settings.orders.identifier
        waited_for = {row.problem.value: row.id for row in problems[:_RECHECKED_PER_RUN] if row.problem.field == by}
        if not waited_for:
            return
        with flow.calling_target():
            found = await flow.target.find_products(list(waited_for), by)
        await self._store.bindings.put(fetch.workspace_id, fetch.flow_id, *product_bindings(by, found))
        for value in found:
            await self._store.items.release(
                fetch.workspace_id, problem_id=waited_for[value], by="the article exists at the target"
            )

    async def _hand_out(self, fetch: FetchInput, *, more_pages: bool) -> FetchResult:
        counts = await self._store.items.counts(fetch.workspace_id, fetch.flow_id)
        room = max(0, fetch.window - max(fetch.under_way, counts.in_flight))
        ready = await self._store.items.hand_out(fetch.workspace_id, fetch.flow_id, room, datetime.now(UTC))
        result = await self._result(fetch, counts)
        result.ready = [HandedOut(item_id=item.item_id, source_id=item.source_id) for item in ready]
        result.more_pages = more_pages
        result.more_ready = counts.ready > len(ready)
        return result

    async def _blocked(self, fetch: FetchInput, code: ProblemCode) -> FetchResult:
        result = await self._result(fetch, await self._store.items.counts(fetch.workspace_id, fetch.flow_id))
        result.blocked = code
        return result

    async def _result(self, fetch: FetchInput, counts: Counts) -> FetchResult:
        """Where the flow stands, without anything handed out."""
        flow = await self._store.flows.get(fetch.workspace_id, fetch.flow_id)
        return FetchResult(
            cursor=flow.cursor or "",
            page=flow.page or "",
            counts=flow_counts(counts),
        )


def _is_enough(flow: OpenFlow, orders: int) -> bool:
    """Whether this page ends the run, because the flow's amount per run is reached with it."""
    amount, reading = flow.settings.orders.amount_per_run, flow.flow.reading
    before = reading.records if reading is not None else 0
    return amount is not None and (before + orders) // amount > before // amount


def _refused_entry(refused: RefusedListing) -> PageEntry:
    """An entry that at least names itself goes its own way and fails there, where a person sees it."""
    return PageEntry(
        source_id=refused.source_id,
        reference=refused.source_id,
        fingerprint=content_hash(exact_json.dumps(refused.body)),
        header=None,
        placed_at=None,
        currency=None,
        total=None,
    )


def _malformed(refused: RefusedListing) -> Problem:
    return Problem(code=ProblemCode.MALFORMED_RECORD, field="list", value="", sentence=refused.problem_sentence)
