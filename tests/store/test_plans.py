"""How SQLite finds records that are named: by their ids, never by looking through all records of their flow."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from store import ItemState, NotFoundError, RecordEntry, Settled
from tests.store.shop import Shop, entry, make_shop

BY_ID = re.compile(r"\((id|flow_id=\? AND source_id)=\?\)")


@contextmanager
def statements(shop: Shop) -> Iterator[list[tuple[str, Sequence[Any]]]]:
    """What is asked of items by names meanwhile, with its parameters."""
    asked: list[tuple[str, Sequence[Any]]] = []

    def before(*call: Any) -> None:
        statement, parameters = call[2], call[3]
        if re.search(r"\b(FROM|UPDATE) items\b", statement) and " IN (" in statement:
            asked.append((statement, parameters))

    engine = shop.store.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", before)
    yield asked
    event.remove(engine, "before_cursor_execute", before)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_named_records_are_found_by_their_names(shop: Shop):
    workspace_id, flow_id, names = shop.workspace_id, shop.flow_id, [str(number) for number in range(20)]
    pages = shop.store.record_pages
    records = [RecordEntry(source_id=name, reference=name, fingerprint="b", body=b"{}") for name in names]
    now = datetime.now(UTC)
    with statements(shop) as asked:
        await shop.list_orders(*(entry(name) for name in names))
        await shop.store.items.add_ids(workspace_id, flow_id, names)
        options: dict[str, Any] = {"next_page": None, "cursor": None, "whole": True, "read_number": None}
        await pages.save_page(workspace_id, flow_id, records, **options, read_at=now)
        await shop.store.record_queries.named(workspace_id, flow_id, names)
    taken = await pages.take(workspace_id, flow_id, len(names), now, settings_version=1)
    with statements(shop) as settling:
        await pages.write_started(workspace_id, flow_id, [item.id for item in taken], now)
        await pages.settle(workspace_id, flow_id, [Settled(item.id, ItemState.DONE) for item in taken])
    assert len(asked) > 5
    assert len(settling) > 1
    async with shop.store.database.reading() as session:
        connection = await session.connection()
        for statement, parameters in [*asked, *settling]:
            explained = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", tuple(parameters))
            plan = "; ".join(step for *_, step in explained)
            assert BY_ID.search(plan), f"{plan}: {statement}"


async def test_names_of_another_workspace_are_out_of_reach(shop: Shop):
    other = await make_shop(shop.store, "Other")
    foreign_id = await other.ready_item("1")
    with pytest.raises(NotFoundError):
        await shop.store.record_queries.named(shop.workspace_id, other.flow_id, ["1"])
    assert await shop.store.record_queries.named(shop.workspace_id, shop.flow_id, ["1"]) == []
    await shop.store.record_pages.settle(shop.workspace_id, shop.flow_id, [Settled(foreign_id, ItemState.DONE)])
    assert (await shop.store.items.get(other.workspace_id, foreign_id)).state is ItemState.READY
