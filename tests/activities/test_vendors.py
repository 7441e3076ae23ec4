"""Open clients and flows: the same while nothing changes, let go when nobody needs them any more."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio

from activities import Vendors
from activities.vendors import OpenRecordFlow
from connectors.client import VendorClient
from connectors.protocols import ReadFrom
from store import Store
from tests.activities.ledger import Ends, make_ends
from tests.simulation import running

KEPT = 3
EVERYTHING = ReadFrom(cursor=None, not_before=None, overlap=timedelta(0))


@dataclass(frozen=True)
class Office:
    """A running shop, and what a worker has open of it."""

    ends: Ends
    shop: Mapping[str, str]
    vendors: Vendors
    closed: asyncio.Queue[VendorClient]

    async def call(self) -> str:
        """One call to the shop, in a step of its own."""

        async def step() -> str:
            async with self.vendors.open_account(self.ends.workspace_id, self.ends.shop_id) as account:
                return await account.test()

        return await asyncio.create_task(step())

    async def change(self, calls_per_minute: int) -> None:
        """Other settings of the shop's connection."""
        settings = {**self.shop, "calls_per_minute": calls_per_minute}
        await self.ends.store.connections.update(self.ends.workspace_id, self.ends.shop_id, settings=settings)

    async def flow(self, flow_id: str, version: int | None = None) -> OpenRecordFlow:
        """The flow as a step opens it."""
        opening = self.vendors.open_record_flow(self.ends.workspace_id, flow_id, version=version)
        return await asyncio.create_task(opening)

    async def next_closed(self) -> VendorClient:
        """The client that is closed next."""
        return await asyncio.wait_for(self.closed.get(), 5)


@pytest_asyncio.fixture
async def office(store: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """One with an empty shop."""
    closed: asyncio.Queue[VendorClient] = asyncio.Queue()
    aclose = VendorClient.aclose

    async def closing(client: VendorClient) -> None:
        await aclose(client)
        closed.put_nowait(client)

    monkeypatch.setattr(VendorClient, "aclose", closing)
    async with running("ccvshop") as sim:
        shop = {"base_url": sim.base_url, "public_key": "k3y-public-0001"}
        vendors = Vendors(store, call_timeout=timedelta(seconds=5))
        yield Office(await make_ends(store, shop), shop, vendors, closed)
        await vendors.aclose()


async def test_a_replaced_client_is_closed_when_the_last_step_that_calls_with_it_has_ended(office: Office):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def long_step() -> str:
        async with office.vendors.open_account(office.ends.workspace_id, office.ends.shop_id) as account:
            begun.set()
            await go_on.wait()
            return await account.test()

    step = asyncio.create_task(long_step())
    await begun.wait()
    await office.change(500)
    await office.call()
    await office.change(400)
    await office.call()
    unused = await office.next_closed()
    assert office.closed.empty(), "the long step still calls with the first"
    go_on.set()
    assert await step
    first = await office.next_closed()
    assert first is not unused
    assert office.closed.empty(), "the one of today stays open"
    await office.vendors.aclose()
    assert await office.next_closed() not in {first, unused}


async def test_a_flow_that_was_open_before_a_change_and_its_return_calls_with_the_client_of_today(office: Office):
    flow_id = await office.ends.add_flow("products")
    await office.change(500)
    await office.flow(flow_id)
    await office.change(400)
    await office.call()
    await office.change(500)
    flow = await office.flow(flow_id)
    assert (await flow.source.list_records(EVERYTHING, None, 10)).records == []


async def test_flows_of_earlier_versions_do_not_pile_up(office: Office, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("activities.vendors._MOST_FLOWS", KEPT)
    flow_id = await office.ends.add_flow("products")
    for size in range(10, 10 + KEPT):
        settings = {"products": {"page_size": size}}
        await office.ends.store.flows.update_settings(office.ends.workspace_id, flow_id, settings)
    today = (await office.flow(flow_id)).source
    earlier = [weakref.ref((await office.flow(flow_id, version)).source) for version in range(1, KEPT)]
    assert (await office.flow(flow_id)).source is today, "what is used stays open"
    await office.flow(flow_id, KEPT)
    gc.collect()
    assert [source() is None for source in earlier] == [True] + [False] * (KEPT - 2)
    assert (await office.flow(flow_id)).source is today
