"""A process that is killed loses and doubles nothing: another goes on where it was."""

from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from embedded import child, temporal_command
from settings import Settings
from tests.child_server import free_port
from tests.durability.support import calls, worker_process
from tests.shop_orders import shop_order
from tests.waiting import eventually
from tests.world import World, world

SAME = {"email": "first@example.nl"}


async def until_called(simulated: World, method: str, path: str, times: int = 1) -> None:
    """Wait until the books have been called so often."""

    async def called() -> bool:
        return len(await calls(simulated.books, method, path)) >= times

    await eventually(called)


async def answers(temporal_address: str) -> bool:
    """Whether a Temporal server serves its namespace at this address."""
    try:
        client = await Client.connect(temporal_address)
        await client.count_workflows()
    except (RPCError, RuntimeError):
        return False
    return True


async def assert_each_once(simulated: World, numbers: range, buyers: int) -> None:
    """Every order is one document, every buyer one customer, and the ledger says so."""
    references = [int(document["BuyersOrderReference"]) for document in await simulated.documents()]
    assert sorted(references) == list(numbers)
    customers = (await simulated.books.state())["customers"]
    assert Counter(customer["EmailAddress"] for customer in customers).most_common(1)[0][1] == 1
    assert len(customers) == buyers
    standing = await simulated.standing()
    assert (standing["listed"], standing["done"]) == (len(numbers), len(numbers)), await simulated.items()


def hang(fault: str, path: str) -> dict[str, object]:
    """One creation at this path is not answered for a minute."""
    return {"fault": fault, "when": "once", "method": "POST", "path": f"^{path}", "seconds": 60}


@pytest.mark.slow
@pytest.mark.feature("D2")
async def test_a_worker_killed_at_every_step_leaves_one_customer_and_one_order_each(
    tmp_path: Path, temporal_address: str, sqlite_url: str
):
    """Three orders hang when the worker dies: before its document, within its customer, within its document."""
    async with world(tmp_path, temporal_address, sqlite_url, with_worker=False, call_timeout=60) as made:
        async with worker_process(made, tmp_path / "first.log") as first:
            await made.integrate()
            await made.settled()
            await made.books.faults([hang("timeout_before_commit", "/v2/orders")])
            await made.shop.load({"orders": [shop_order(1001, customer=SAME)]})
            await made.api("POST", f"/integrations/{made.integration_id}/poke")
            await until_called(made, "POST", "/v2/orders")
            assert len((await made.books.state())["customers"]) == 1
            assert await made.documents() == []
            await made.books.faults([hang("timeout_after_commit", path) for path in ("/v2/customers", "/v2/orders")])
            await made.shop.load({"orders": [shop_order(1002), shop_order(1003, customer=SAME)]})
            await made.api("POST", f"/integrations/{made.integration_id}/poke")
            await until_called(made, "POST", "/v2/customers", 2)
            await until_called(made, "POST", "/v2/orders", 2)
            first.kill()
            await first.wait()
        async with worker_process(made, tmp_path / "second.log"):
            await made.settled(seconds=120)
            await assert_each_once(made, range(1001, 1004), buyers=2)
            assert len(await calls(made.books, "POST", "/v2/customers")) == 2
            confirmed = [(await made.item(number))["item"]["confirmed_by_lookup"] for number in ("1001", "1003")]
            assert confirmed == [False, True]


@pytest.mark.slow
@pytest.mark.feature("SCL-03")
async def test_killing_a_worker_and_the_temporal_server_during_a_run_loses_and_doubles_nothing(
    tmp_path: Path, sqlite_url: str
):
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
        workers = [await stack.enter_async_context(worker_process(made, tmp_path / f"{n}.log")) for n in range(2)]
        await made.integrate()
        await made.settled()
        # A pace at which many orders are on their way at every kill.
        await made.books.faults([{"fault": "slow", "when": "always", "path": "^/v2/", "seconds": "0.2"}])
        orders = [shop_order(number, customer={"email": f"buyer{number % 7}@example.nl"}) for number in range(1, 31)]
        await made.shop.load({"orders": orders})
        await made.api("POST", f"/integrations/{made.integration_id}/poke")
        await until_called(made, "POST", "/v2/orders", 5)
        workers[0].kill()
        await until_called(made, "POST", "/v2/orders", 12)
        server.kill()
        await server.wait()
        await servers.enter_async_context(child(command, log=tmp_path / "temporal.log"))
        await made.settled(seconds=150)
        await assert_each_once(made, range(1, 31), buyers=7)
