"""A long job that is paused, and whose whole system is killed and started again, goes on where it was."""

from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from embedded import child, temporal_command
from settings import Settings
from tests.child_server import free_port
from tests.durability.support import calls, worker_process
from tests.durability.test_killed_workers import answers
from tests.shop_orders import shop_order
from tests.waiting import eventually
from tests.world import World, world

ARTICLES, ORDERS = 50, 20


async def pause_when(made: World, method: str, path: str, times: int) -> None:
    """Pause the integration as soon as that many writes have reached a vendor."""
    vendor = made.shop if path.startswith("/api/") else made.books

    async def called() -> bool:
        return len(await calls(vendor, method, path)) >= times

    await eventually(called)
    await made.api("POST", f"/integrations/{made.integration_id}/pause")


@pytest.mark.slow
@pytest.mark.feature("D15")
async def test_a_back_fill_paused_at_two_fifths_outlives_the_death_of_everything(tmp_path: Path, sqlite_url: str):
    """Old orders and a catalogue are on their way when all is paused, killed, started again and resumed."""
    settings = Settings(
        data_dir=tmp_path,
        temporal_address=f"127.0.0.1:{free_port()}",
        temporal_ui_url=f"http://127.0.0.1:{free_port()}",
    )
    command = temporal_command(settings)
    async with AsyncExitStack() as servers, AsyncExitStack() as stack:
        server = await servers.enter_async_context(child(command, log=tmp_path / "temporal.log"))
        await eventually(lambda: answers(settings.temporal_address))
        made = await stack.enter_async_context(
            world(tmp_path, settings.temporal_address, sqlite_url, with_worker=False, call_timeout=5)
        )
        worker = await stack.enter_async_context(worker_process(made, tmp_path / "first.log"))
        articles = [
            {"Number": f"SKU-{n}", "Name": f"Article {n}", "NetPrice": 10, "vat_rate": 21} for n in range(ARTICLES)
        ]
        await made.books.load({"articles": articles})
        await made.integrate(page_size=10)
        await made.map_payment("Ideal")
        await made.settled()
        made.flow_id, orders = "", made.flow_id
        slow = {"fault": "slow", "when": "always", "seconds": "0.05"}
        await made.books.faults([{**slow, "path": "^/v2/orders"}])
        await made.shop.faults([{**slow, "path": "^/api/rest/v1/products", "method": "POST"}])
        await made.shop.load(
            {"orders": [shop_order(n, customer={"email": "buyer@example.nl"}) for n in range(1, ORDERS + 1)]}
        )
        products = await made.add_flow("products", common={"page_size": 10}, target_settings={"package": "1"})
        await made.api(
            "POST",
            f"/integrations/{made.integration_id}/resync",
            {"flow_id": orders, "since": "2026-01-01T00:00:00Z"},
        )
        await pause_when(made, "POST", "/api/rest/v1/products/", ARTICLES * 2 // 5)
        worker.kill()
        server.kill()
        await server.wait()
        await worker.wait()
        before = len((await made.shop.state("products"))["products"])
        assert before < ARTICLES
        await servers.enter_async_context(child(command, log=tmp_path / "temporal.log"))
        await eventually(lambda: answers(settings.temporal_address))
        await stack.enter_async_context(worker_process(made, tmp_path / "second.log"))

        async def paused() -> bool:
            return bool((await made.standing(products))["state"] == "paused")

        await eventually(paused)
        assert len((await made.shop.state("products"))["products"]) <= before + 1
        await made.api("POST", f"/integrations/{made.integration_id}/resume")
        await made.settled(products, seconds=150)
        await made.settled(orders, seconds=150)
        in_shop = Counter(one["productnumber"] for one in (await made.shop.state("products"))["products"])
        expected = {f"SKU-{n}" for n in range(ARTICLES)} | {article["Number"] for article in made.articles}
        assert set(in_shop) == expected
        assert set(in_shop.values()) == {1}
        documents = Counter(str(document["BuyersOrderReference"]) for document in await made.documents())
        assert documents == Counter(str(n) for n in range(1, ORDERS + 1))
