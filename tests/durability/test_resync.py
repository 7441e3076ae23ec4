"""A long job that is paused, and whose whole system is killed and started again, goes on where it was."""

from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from embedded import child, temporal_command
from settings import Settings
from tests.child_server import free_port
from tests.durability.support import calls, worker_process
from tests.durability.test_killed_workers import answers
from tests.shop_orders import shop_order
from tests.waiting import eventually
from tests.world import World, world

ARTICLES, ORDERS = 50, 60
SLOW = {"fault": "slow", "when": "always", "seconds": "0.2"}


async def pause_when(made: World, method: str, path: str, times: int) -> None:
    """Pause the integration as soon as that many writes have reached a vendor."""
    vendor = made.shop if path.startswith("/api/") else made.books

    async def called() -> bool:
        return len(await calls(vendor, method, path)) >= times

    await eventually(called)
    await made.api("POST", f"/integrations/{made.integration_id}/pause")


class Mortal:
    """A world whose Temporal server and worker run in processes of their own, which can be killed."""

    def __init__(self, tmp_path: Path, sqlite_url: str) -> None:
        self._directory = tmp_path
        self._database_url = sqlite_url
        self._settings = Settings(
            data_dir=tmp_path,
            temporal_address=f"127.0.0.1:{free_port()}",
            temporal_ui_url=f"http://127.0.0.1:{free_port()}",
        )
        self._processes: list[Process] = []

    @asynccontextmanager
    async def living(self) -> AsyncIterator[World]:
        """The world, with a server and a worker until `die`."""
        async with AsyncExitStack() as self._servers, AsyncExitStack() as self._stack:
            await self._serve()
            self.world = await self._stack.enter_async_context(
                world(
                    self._directory,
                    self._settings.temporal_address,
                    self._database_url,
                    with_worker=False,
                    call_timeout=5,
                )
            )
            await self._work()
            yield self.world

    async def die(self) -> None:
        """Kill the worker and the server."""
        for process in reversed(self._processes):
            process.kill()
            await process.wait()
        self._processes.clear()

    async def rise(self) -> None:
        """Start both again."""
        await self._serve()
        await self._work()

    async def _serve(self) -> None:
        command = temporal_command(self._settings)
        self._processes.append(
            await self._servers.enter_async_context(child(command, log=self._directory / "temporal.log"))
        )
        await eventually(lambda: answers(self._settings.temporal_address))

    async def _work(self) -> None:
        log = self._directory / f"worker-{uuid4().hex}.log"
        self._processes.append(await self._stack.enter_async_context(worker_process(self.world, log)))


@pytest.mark.slow
@pytest.mark.feature("D15")
async def test_a_catalogue_paused_at_two_fifths_outlives_the_death_of_everything(tmp_path: Path, sqlite_url: str):
    """The catalogue is on its way when all is paused, killed, started again and resumed."""
    mortal = Mortal(tmp_path, sqlite_url)
    async with mortal.living() as made:
        articles = [
            {"Number": f"SKU-{n}", "Name": f"Article {n}", "NetPrice": 10, "vat_rate": 21} for n in range(ARTICLES)
        ]
        await made.books.load({"articles": articles})
        products = await made.add_flow("products", common={"page_size": 10}, target_settings={"package": "1"})
        await made.shop.faults([{**SLOW, "path": "^/api/rest/v1/products", "method": "POST"}])
        await made.start()
        await pause_when(made, "POST", "/api/rest/v1/products/", ARTICLES * 2 // 5)
        await mortal.die()
        before = len((await made.shop.state("products"))["products"])
        assert ARTICLES * 2 // 5 <= before < ARTICLES
        await mortal.rise()
        await eventually(lambda: is_paused(made, products))
        assert len((await made.shop.state("products"))["products"]) <= before + 1
        await made.api("POST", f"/integrations/{made.integration_id}/resume")
        await made.settled(products, seconds=150)
        in_shop = Counter(one["productnumber"] for one in (await made.shop.state("products"))["products"])
        assert in_shop == Counter(f"SKU-{n}" for n in range(ARTICLES))


@pytest.mark.slow
@pytest.mark.feature("D15")
async def test_all_orders_since_january_paused_at_two_fifths_arrive_once_after_the_death_of_everything(
    tmp_path: Path, sqlite_url: str
):
    """Orders so old that no ordinary run reads them; the back-fill alone brings them in."""
    mortal = Mortal(tmp_path, sqlite_url)
    async with mortal.living() as made:
        await made.ready(page_size=10)
        await made.deliver(shop_order(9001))
        old = [
            shop_order(
                n, customer={"email": f"buyer{n % 7}@example.nl"}, create_date=f"2026-01-{1 + n % 28:02}T09:00:00Z"
            )
            for n in range(1, ORDERS + 1)
        ]
        older = shop_order(8001, create_date="2025-12-01T09:00:00Z")
        standing = await made.deliver(*old, older)
        assert standing["listed"] == 1, "an ordinary run reads them, so the back-fill would prove nothing"

        await made.books.faults([{**SLOW, "path": "^/v2/orders", "method": "POST"}])
        since = {"flow_id": made.flow_id, "since": "2026-01-01T00:00:00Z"}
        await made.api("POST", f"/integrations/{made.integration_id}/resync", since)
        await pause_when(made, "POST", "/v2/orders", 1 + ORDERS * 2 // 5)
        await mortal.die()
        before = len(await made.documents())
        assert before < 1 + ORDERS
        await mortal.rise()
        await eventually(lambda: is_paused(made, made.flow_id))
        await made.api("POST", f"/integrations/{made.integration_id}/resume")

        async def all_done() -> bool:
            return bool((await made.standing())["done"] == 1 + ORDERS)

        await eventually(all_done, seconds=150)
        documents = Counter(str(document["BuyersOrderReference"]) for document in await made.documents())
        assert documents == Counter(["9001", *(str(n) for n in range(1, ORDERS + 1))])
        standing = await made.run()
        assert (standing["listed"], standing["done"], standing["parked"]) == (1 + ORDERS, 1 + ORDERS, 0)


async def is_paused(made: World, flow: str) -> bool:
    """Whether a flow says of itself that it is paused."""
    return bool((await made.standing(flow))["state"] == "paused")
