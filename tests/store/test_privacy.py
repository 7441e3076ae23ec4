"""No customer's data and no secret lies in the database in clear."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlmodel import col, select

from commerce.problems import Problem, ProblemCode
from store import BindingRecord, ExchangeEntry, ItemState, Store, UndecipherableError
from store.tables import Item, Row
from tests.store.other_process import Pair
from tests.store.shop import NOW, Shop, entry

CANARY = "Canary-Kwetter"
"""In every text that may hold a customer's data or a secret."""


async def write_canaries(shop: Shop) -> str:
    """Put the canary into everything that must be encrypted; returns the id of an item."""
    store, workspace_id, flow_id = shop.store, shop.workspace_id, shop.flow_id
    text = f"{CANARY}@example.com"
    await store.connections.update(workspace_id, shop.target_id, secrets={"client_secret": text})
    vault = store.connections.vault(workspace_id, shop.target_id, Pair)
    await vault.save(Pair(f"{text}-access", f"{text}-refresh", NOW))
    await store.workspaces.issue_token(workspace_id, "dashboard")
    await store.oauth_states.begin(workspace_id, shop.target_id)
    await store.claims.take(workspace_id, text, timedelta(minutes=1))
    await shop.list_orders(entry("1", header=json.dumps({"customer": text}).encode()))
    item_id = await shop.item_id("1")
    await store.items.begin(workspace_id, item_id)
    await store.items.save_body(workspace_id, item_id, json.dumps({"name": text, "lines": "-" * 2000}).encode())
    await store.items.note(workspace_id, item_id, "note", f"The name {text} was shortened.")
    problem = Problem(code=ProblemCode.VALUE_TOO_LONG, field="name", value=text, sentence=f"{text} is too long.")
    problem_id = await store.problems.raise_(workspace_id, flow_id, problem)
    await store.items.park(workspace_id, item_id, problem_id, NOW)
    broken = Problem(code=ProblemCode.CONNECTION_REFUSED, field="connection", value=text, sentence=text)
    await store.connections.mark_broken(workspace_id, shop.source_id, broken)
    await store.exchanges.record(
        workspace_id,
        ExchangeEntry(
            connection_id=shop.target_id,
            flow_id=flow_id,
            item_id=item_id,
            step="customer",
            operation="find customer",
            method="GET",
            url=f"https://books.example.com/customers?email={text}",
            request=text,
            response=text,
            attempt=1,
            status=200,
            outcome="accepted",
            duration_ms=12,
            started_at=datetime.now(UTC),
            settings_version=1,
        ),
    )
    await store.bindings.put(workspace_id, flow_id, BindingRecord("customer", text, "c1", "10", "hash"))
    return item_id


async def everything(store: Store) -> str:
    """All columns of all rows, as text."""
    rows = []
    async with store.database.reading() as session:
        connection = await session.connection()
        for table in Row.metadata.sorted_tables:
            rows += [repr(tuple(row)) for row in await connection.execute(table.select())]
    return "\n".join(rows)


async def test_no_column_of_any_row_holds_it(shop: Shop):
    item_id = await write_canaries(shop)
    dump = await everything(shop.store)
    assert item_id in dump
    assert CANARY not in dump
    timeline = await shop.store.items.timeline(shop.workspace_id, item_id)
    assert CANARY in timeline.exchanges[0].response
    assert any(CANARY in one.text for one in timeline.events)
    assert timeline.problem is not None
    assert CANARY in timeline.problem.value
    assert CANARY not in repr(timeline.exchanges) + repr(timeline.item)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_files_of_sqlite_do_not_hold_it(shop: Shop, database_url: str):
    item_id = await write_canaries(shop)
    path = Path(make_url(database_url).database or "")
    files = [path, *path.parent.glob(f"{path.name}-*")]
    assert any(file.name.endswith("-wal") for file in files)
    content = b"".join(file.read_bytes() for file in files)
    assert item_id.encode() in content
    assert CANARY.encode() not in content


async def test_a_value_moved_to_another_row_does_not_open(shop: Shop):
    first, second = await shop.ready_item("1"), await shop.ready_item("2")
    async with shop.store.database.writing() as session:
        moved = (await session.exec(select(Item.header).where(col(Item.id) == first))).one()
        (await session.get_one(Item, second)).header = moved
    with pytest.raises(UndecipherableError, match="another row"):
        await shop.store.items.get(shop.workspace_id, second, with_bodies=True)


async def test_the_calls_of_an_item_are_in_order(shop: Shop):
    item_id = await write_canaries(shop)
    (call,) = (await shop.store.items.timeline(shop.workspace_id, item_id)).exchanges
    assert (call.operation, call.status, call.outcome) == ("find customer", 200, "accepted")


async def test_a_body_of_five_megabytes_passes(shop: Shop):
    item_id = await shop.ready_item()
    body = json.dumps(["x" * 100] * 50_000).encode()
    await shop.store.items.save_body(shop.workspace_id, item_id, body)
    assert (await shop.store.items.get(shop.workspace_id, item_id, with_bodies=True)).body == body
    await shop.store.items.begin(shop.workspace_id, item_id)
    await shop.store.items.finish(shop.workspace_id, item_id, state=ItemState.DONE, target_id="t")
