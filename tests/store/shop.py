"""A shop, one target and a flow between them, for the store's tests."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from store import PageEntry, Store
from store.records import NewFlow

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Shop:
    """One integration of a workspace; the ids that tests need."""

    store: Store
    workspace_id: str
    source_id: str
    target_id: str
    integration_id: str
    flow_id: str

    async def list_orders(self, *entries: PageEntry, **changes: Any) -> Any:
        """Save one last page of a read."""
        options = {"next_page": None, "cursor": None, "settings_version": 1} | changes
        return await self.store.items.save_page(self.workspace_id, self.flow_id, entries, **options)

    async def item_id(self, source_id: str) -> str:
        """The id of the item with this source id."""
        page = await self.store.items.search(self.workspace_id, flow_id=self.flow_id, source_id=source_id)
        return page.items[0].id

    async def ready_item(self, source_id: str = "1") -> str:
        """List one order; returns its item id."""
        await self.list_orders(entry(source_id))
        return await self.item_id(source_id)


def entry(source_id: str, fingerprint: str = "a", **changes: Any) -> PageEntry:
    """A listed order that passes the filters, unless told otherwise."""
    values: dict[str, Any] = {
        "source_id": source_id,
        "reference": f"R{source_id}",
        "fingerprint": fingerprint,
        "header": f'{{"id": {source_id}}}'.encode(),
        "placed_at": NOW,
        "currency": "EUR",
        "total": Decimal("12.50"),
    }
    return PageEntry(**values | changes)


async def make_shop(store: Store, name: str = "Shop") -> Shop:
    """A workspace with two connections, an integration and a flow of orders."""
    workspace_id = await store.workspaces.create(name)
    connections = [
        await store.connections.create(workspace_id, system=system, name=system, settings={}, secrets={})
        for system in ("ccvshop", "eaccounting")
    ]
    integration_id = await store.integrations.create(
        workspace_id,
        name=name,
        time_zone="Europe/Amsterdam",
        connection_a_id=connections[0],
        connection_b_id=connections[1],
    )
    flow_id = await store.flows.create(
        workspace_id,
        integration_id,
        NewFlow("orders", connections[0], connections[1], "*/5 * * * *", {"page_size": 100}),
    )
    return Shop(store, workspace_id, connections[0], connections[1], integration_id, flow_id)


async def in_processes(store: Store, count: int, *arguments: str) -> list[Any]:
    """Run ``tests.store.other_process`` on this store's database in several processes; their results."""
    url = store.database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.store.other_process", url, store._sealer.keys.to_text(), *arguments]
    running = [await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE) for _ in range(count)]
    results = []
    for process in running:
        output, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()
        results.append(json.loads(output))
    return results
