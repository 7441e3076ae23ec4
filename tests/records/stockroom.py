"""A stock flow from the books to a shelf in memory, with its ledger: what tests of flows in pages work on."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from activities.pending_orders import Sales, Sold
from activities.record_batch import Batch
from activities.record_removal import remove_unwanted
from activities.record_view import fingerprint, record_body
from activities.vendors import OpenRecordFlow, Vendors
from commerce.problems import Problem, ProblemCode
from commerce.record import StockLevel
from connectors.protocols import Identifier
from connectors.records import Change, Existing, Key, Removal, Written
from mapping.fields import Field
from store import ItemRecord, ItemState, KeyRing, RecordEntry, Store, migrate
from store.records import NewFlow

REFUSED = Problem(code=ProblemCode.REFUSED_BY_TARGET, field="stock", value="", sentence="The article is locked.")


@dataclass
class Shelf:
    """A target of stock that keeps what it is sent in memory."""

    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    """SKU → target field → value."""
    trouble: Exception | None = None
    """Raised once a write was made, or instead of taking a record away."""
    troubled: frozenset[str] = frozenset()
    """SKUs whose writes meet the trouble; all when empty."""
    locked: frozenset[str] = frozenset()
    """SKUs whose look-up is refused."""
    lacks: frozenset[str] = frozenset()
    """SKUs that the shelf does not have."""
    asked: int = 0
    """How often a record was to be taken away."""

    async def find(self, keys: Sequence[Key], by: Identifier) -> Mapping[str, Existing | Problem]:
        """Everything that is asked for exists, unless it is lacking."""
        del by
        named = {key.source_id: key.target_id or key.text for key in keys}
        return {
            source_id: REFUSED if sku in self.locked else Existing(sku, sku, self.held.setdefault(sku, {}))
            for source_id, sku in named.items()
            if sku not in self.lacks
        }

    async def write(self, changes: Sequence[Change]) -> Sequence[Written]:
        """Keep the values; the answer may be lost."""
        for change in changes:
            assert change.existing is not None
            self.held[change.existing.target_id].update(change.values)
        skus = {change.existing.target_id for change in changes if change.existing}
        if self.trouble is not None and (not self.troubled or skus & self.troubled):
            raise self.trouble
        return [Written(one.source_id, one.existing.target_id, one.existing.number) for one in changes if one.existing]

    async def remove(self, existing: Existing, removal: Removal) -> None:
        """None left."""
        assert removal is Removal.ZERO
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        self.held[existing.target_id].clear()

    async def own_fields(self) -> Sequence[Field]:
        """None."""
        return ()


@dataclass
class Stockroom:
    """One stock flow from the books to a shelf, and its ledger."""

    store: Store
    workspace_id: str
    flow: OpenRecordFlow
    shelf: Shelf

    async def read(self, *levels: tuple[str, int], gone: Sequence[str] = (), refused: str = "") -> None:
        """One complete read that shows these SKUs with their pieces; with a problem's id all of them are refused."""
        flows, flow_id = self.store.flows, self.flow.flow.id
        run = await flows.begin_run(self.workspace_id, flow_id, now=datetime.now(UTC))
        flow = replace(self.flow, flow=await flows.get(self.workspace_id, flow_id))
        entries = [_entry(sku, pieces) for sku, pieces in levels]
        entries = [replace(one, fingerprint=fingerprint(flow, one.body, Sold())) for one in entries]
        await self._save([replace(one, problem_id=refused or None) for one in entries], gone, whole=run.read_number)

    async def ask_for(self, *levels: tuple[str, int], gone: Sequence[str] = ()) -> None:
        """A person names these records; they are read outside of any read, and compared with the shelf."""
        named = [sku for sku, _ in levels]
        await self.store.bindings.forget_content(self.workspace_id, self.flow.flow.id, "stock", named)
        await self._save([_entry(sku, pieces) for sku, pieces in levels], gone, whole=None)

    async def _save(self, entries: Sequence[RecordEntry], gone: Sequence[str], *, whole: int | None) -> None:
        await self.store.record_pages.save_page(
            self.workspace_id,
            self.flow.flow.id,
            entries,
            next_page=None,
            cursor=None,
            whole=whole is not None,
            read_number=whole,
            read_at=datetime.now(UTC),
            gone=gone,
        )

    async def work(self) -> None:
        """Work on everything that is ready."""
        now = datetime.now(UTC)
        batch = Batch(self.store, self.workspace_id, self.flow, None, timedelta(0))
        while items := await self.take():
            await batch.work(items, Sales(), now)

    async def take(self) -> list[ItemRecord]:
        """What is ready, as a run takes it that knows the settings this room was opened with."""
        version = self.flow.flow.settings_version
        return await self.store.record_pages.take(
            self.workspace_id, self.flow.flow.id, 100, datetime.now(UTC), settings_version=version
        )

    async def remove(self) -> None:
        """Take away what is unwanted, until nothing is left to do."""
        while await remove_unwanted(self.store, self.workspace_id, self.flow, None, timedelta(0)):
            pass

    async def items(self) -> dict[str, ItemRecord]:
        """All records, by SKU."""
        page = await self.store.items.search(self.workspace_id, flow_id=self.flow.flow.id, limit=1_000)
        return {item.source_id: item for item in page.items}

    async def standing(self, sku: str) -> tuple[ItemState, str | None]:
        """State and reason of one record."""
        item = (await self.items())[sku]
        return item.state, item.reason

    async def told(self, sku: str) -> list[str]:
        """The time line of one record."""
        timeline = await self.store.items.timeline(self.workspace_id, (await self.items())[sku].id)
        return [event.text for event in timeline.events]

    async def states(self) -> dict[ItemState, int]:
        """How many records stand where."""
        states = [item.state for item in (await self.items()).values()]
        return {state: states.count(state) for state in set(states)}

    def pieces(self, sku: str) -> Any:
        """What the shelf says of an article."""
        return self.shelf.held[sku].get("stock")


def _entry(sku: str, pieces: int) -> RecordEntry:
    level = StockLevel(source_id=sku, reference=sku, sku=sku, figures={"available": Decimal(pieces)})
    return RecordEntry(sku, sku, "", record_body(level))


@contextlib.asynccontextmanager
async def stockroom(database_url: str) -> AsyncIterator[Stockroom]:
    """An empty one; all may be taken away at once."""
    await migrate(database_url)
    store = await Store.open(database_url, KeyRing.generate())
    workspace_id = await store.workspaces.create("Tests")
    shop = {"base_url": "https://shop.example.com", "public_key": "public"}
    accounts = (("eaccounting", {"client_id": "tests"}, "client_secret"), ("ccvshop", shop, "secret_key"))
    source, target = [
        await store.connections.create(
            workspace_id, system=system, name=system, settings=settings, secrets={secret: "s3cret"}
        )
        for system, settings, secret in accounts
    ]
    integration_id = await store.integrations.create(
        workspace_id, name="Trade", time_zone="UTC", connection_a_id=source, connection_b_id=target
    )
    flow_id = await store.flows.create(
        workspace_id,
        integration_id,
        NewFlow(
            "stock",
            source,
            target,
            "*/5 * * * *",
            {"stock": {"gone": "zero", "guard_percent": 100, "subtract_orders": False}},
        ),
    )
    vendors, shelf = Vendors(store, call_timeout=timedelta(seconds=1)), Shelf()
    opened = await vendors.open_record_flow(workspace_id, flow_id)
    try:
        yield Stockroom(store, workspace_id, replace(opened, target=shelf), shelf)
    finally:
        await vendors.aclose()
        await store.close()
