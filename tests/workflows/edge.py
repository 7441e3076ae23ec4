"""The world behind the workflows, in memory: a shop with pages of orders, a ledger, and steps that do as they are told.

Only activities are replaced here; workflows, worker and server are the real ones.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from workflows import names
from workflows.messages import (
    CONNECTION,
    PROBLEM,
    WAIT,
    FetchInput,
    FetchResult,
    FlowCounts,
    HandedOut,
    OrderInput,
    OrderStep,
    ParkInput,
    ReleaseInput,
    ResyncInput,
    SyncInput,
    SyncResult,
)

PAGE = 10
"""Records on every page of `Edge.record_pages`."""
STEPS = (names.FIND_ORDER, names.ENSURE_CUSTOMER, names.ENSURE_PRODUCTS, names.CREATE_DOCUMENT)


def problem(code: str = "unknown_product") -> ApplicationError:
    """What a step raises when a person must act."""
    return ApplicationError("Article MUG is unknown.", f"problem-{code}", code, type=PROBLEM, non_retryable=True)


def refused() -> ApplicationError:
    """What a step raises when the connection is refused."""
    return ApplicationError("Consent was withdrawn.", type=CONNECTION, non_retryable=True)


def silent_for_a_day() -> ApplicationError:
    """What a vendor's trouble is that ends no sooner than the policies' limit: the engine gives up at once.

    The server's clock does not skip while an activity waits for its next attempt.
    """
    return ApplicationError("The vendor does not answer.", type=WAIT, next_retry_delay=timedelta(days=2))


ResultT = TypeVar("ResultT")


class Edge:
    """Scripted activities and what they have seen; ``script`` says which steps of an order do not go well, and how."""

    def __init__(self) -> None:
        self.pages: deque[list[str]] = deque()
        self.states: dict[str, str] = {}
        self.script: dict[tuple[str, str], OrderStep | BaseException] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.page_held: asyncio.Event | None = None
        self.blocked = ""
        self.fetch_error: Exception | None = None
        self.ledger_error: Exception | None = None
        self.fetches: list[FetchInput] = []
        self.record_pages = 0
        self.ready_steps = 0
        self.pause_seconds = 0
        self.syncs: list[SyncInput] = []
        self.resyncs: list[ResyncInput] = []
        self.releases: list[ReleaseInput] = []
        self.parked: list[ParkInput] = []
        self.steps: list[tuple[str, str]] = []
        self.released = 0
        self.most_at_once: Counter[str] = Counter()
        self._at_once: Counter[str] = Counter()

    @property
    def runs(self) -> list[FetchInput]:
        """The first fetch of every run."""
        return [fetch for fetch in self.fetches if fetch.begin]

    def runs_of(self, flow_id: str) -> int:
        """How many runs of a flow have begun."""
        return sum(fetch.flow_id == flow_id for fetch in self.runs)

    def hold(self, *source_ids: str) -> None:
        """Let these orders hang in their first step until `let_go`."""
        for source_id in source_ids:
            self.held[source_id] = asyncio.Event()

    def let_go(self, *source_ids: str) -> None:
        """Let held orders go on."""
        for source_id in source_ids:
            self.held[source_id].set()

    def hold_page(self) -> None:
        """Let every read of the source hang until `free_page`."""
        self.page_held = asyncio.Event()

    def free_page(self) -> None:
        """Let reads of the source go on."""
        assert self.page_held is not None
        self.page_held.set()

    def activities(self) -> list[Callable[..., Awaitable[Any]]]:
        """Everything to register, under the fixed names."""

        @activity.defn(name=names.FETCH_ORDERS)
        async def fetch_orders(fetch: FetchInput) -> FetchResult:
            return await self._counted(fetch.flow_id, self._fetch(fetch))

        @activity.defn(name=names.SYNC_RECORDS)
        async def sync_records(sync: SyncInput) -> SyncResult:
            return await self._counted(sync.flow_id, self._sync(sync))

        @activity.defn(name=names.RESYNC_FLOW)
        async def resync_flow(wish: ResyncInput) -> None:
            self.resyncs.append(wish)
            if self.ledger_error is not None:
                raise self.ledger_error

        @activity.defn(name=names.RELEASE_ITEMS)
        async def release_items(wish: ReleaseInput) -> int:
            self.releases.append(wish)
            if self.ledger_error is not None:
                raise self.ledger_error
            return self._release(wish.item_ids)

        @activity.defn(name=names.PARK_ORDER)
        async def park_order(park: ParkInput) -> None:
            self.parked.append(park)
            self.states[park.source_id] = "parked"

        return [
            fetch_orders,
            sync_records,
            resync_flow,
            release_items,
            park_order,
            *(self._step(name) for name in STEPS),
        ]

    def count(self, state: str) -> int:
        """How many orders are in a state."""
        return list(self.states.values()).count(state)

    def _step(self, name: str) -> Callable[[OrderInput], Awaitable[OrderStep]]:
        @activity.defn(name=name)
        async def step(order: OrderInput) -> OrderStep:
            self.steps.append((name, order.source_id))
            self.states[order.source_id] = "in_flight"
            self.most_at_once["orders"] = max(self.most_at_once["orders"], self.count("in_flight"))
            if name == names.FIND_ORDER and order.source_id in self.held:
                await self.held[order.source_id].wait()
            told = self.script.get((name, order.source_id))
            if isinstance(told, BaseException):
                if isinstance(told, ApplicationError) and told.type == CONNECTION:
                    self.states[order.source_id] = "ready"
                raise told
            went = told or OrderStep(outcome="done" if name == names.CREATE_DOCUMENT else "go", target_id="doc-1")
            if went.outcome in {"done", "skipped"}:
                self.states[order.source_id] = went.outcome
            return went

        return step

    async def _counted(self, flow_id: str, work: Awaitable[ResultT]) -> ResultT:
        self._at_once[flow_id] += 1
        self.most_at_once[flow_id] = max(self.most_at_once[flow_id], self._at_once[flow_id])
        try:
            return await work
        finally:
            self._at_once[flow_id] -= 1

    async def _fetch(self, fetch: FetchInput) -> FetchResult:
        self.fetches.append(fetch)
        if self.fetch_error is not None:
            raise self.fetch_error
        if self.blocked:
            return FetchResult(blocked=self.blocked, counts=self._counts())
        if self.page_held is not None:
            await self.page_held.wait()
        for source_id in self.pages.popleft() if fetch.read and self.pages else []:
            self.states.setdefault(source_id, "ready")
        room = max(0, fetch.window - max(fetch.under_way, self.count("in_flight")))
        waiting = [source_id for source_id, state in self.states.items() if state == "ready"]
        return FetchResult(
            ready=[HandedOut(item_id=f"item-{source_id}", source_id=source_id) for source_id in waiting[:room]],
            more_pages=fetch.read and bool(self.pages),
            more_ready=len(waiting) > room,
            cursor=str(len(self.states)),
            counts=self._counts(),
        )

    async def _sync(self, sync: SyncInput) -> SyncResult:
        """One page of `record_pages` and one of `ready_steps`; what is left of them outlives every run."""
        self.syncs.append(sync)
        if self.blocked:
            return SyncResult(blocked=self.blocked)
        if self.page_held is not None:
            await self.page_held.wait()
        self.record_pages = max(0, self.record_pages - 1)
        self.ready_steps = max(0, self.ready_steps - 1)
        pages = self.record_pages
        return SyncResult(
            more_pages=pages > 0,
            more_ready=self.ready_steps > 0,
            page=str(pages or ""),
            read=sync.read_before + PAGE * sync.read,
            pause_seconds=self.pause_seconds,
        )

    def _counts(self) -> FlowCounts:
        return FlowCounts(
            listed=len(self.states),
            done=self.count("done"),
            skipped=self.count("skipped"),
            parked=self.count("parked"),
            in_flight=self.count("ready") + self.count("in_flight"),
            released=self.released,
        )

    def _release(self, item_ids: list[str]) -> int:
        waiting = [
            source_id
            for source_id, state in self.states.items()
            if state == "parked" and (not item_ids or f"item-{source_id}" in item_ids)
        ]
        self.states.update(dict.fromkeys(waiting, "ready"))
        self.released += len(waiting)
        return len(waiting)
