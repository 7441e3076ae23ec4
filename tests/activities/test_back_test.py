"""A back-test works on what the ledger holds, however much that is."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from activities import Vendors
from activities.record_view import record_body
from activities.rehearsal import LedgerRehearsals
from commerce.record import Product
from connectors.rehearsed import MOST_ITEMS
from store import RecordEntry, Store
from tests.activities.ledger import make_ends
from tests.simulation import running

FEW = 12
RAISED = [{"target": "Name", "expression": "name | upper"}]


def product(number: int) -> RecordEntry:
    """A product as its source listed it."""
    record = Product(source_id=str(number), reference=f"MUG{number}", sku=f"MUG{number}", name=f"Mug {number}")
    return RecordEntry(record.source_id, record.reference, "a", record_body(record))


async def test_as_many_items_as_a_back_test_may_have_take_no_call_and_few_questions_to_the_database(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    questions = 0
    reading = store.database.reading

    @contextlib.asynccontextmanager
    async def counted() -> AsyncIterator[AsyncSession]:
        nonlocal questions
        questions += 1
        async with reading() as session:
            yield session

    async with running("ccvshop") as sim:
        ends = await make_ends(store, {"base_url": sim.base_url, "public_key": "k3y-public-0001"})
        flow_id = await ends.add_flow("products")
        await store.record_pages.save_page(
            ends.workspace_id,
            flow_id,
            [product(number) for number in range(MOST_ITEMS + 1)],
            next_page=None,
            cursor=None,
            whole=False,
            read_number=None,
            read_at=datetime.now(UTC),
        )
        vendors = Vendors(store, call_timeout=timedelta(seconds=5))
        with monkeypatch.context() as patch:
            patch.setattr(type(store.database), "reading", lambda _: counted())
            tried = await LedgerRehearsals(store, vendors).back_test(ends.workspace_id, flow_id, RAISED, MOST_ITEMS)
        await vendors.aclose()
        assert await sim.requests() == []
    assert (len(tried.items), tried.unread) == (MOST_ITEMS, 0)
    assert tried.items[0].reference == f"MUG{MOST_ITEMS}", "the newest first"
    assert {one.differences["Name"].after for one in tried.items} == {
        f"MUG {number}" for number in range(1, MOST_ITEMS + 1)
    }
    assert questions <= FEW
