"""Whatever asks for an order, and however often, the books get it once."""

import asyncio
from decimal import Decimal

import pytest
from temporalio.exceptions import WorkflowAlreadyStartedError

from tests.durability.support import calls
from tests.shop_orders import shop_order, shop_row
from tests.waiting import eventually
from tests.world import World
from workflows.messages import ORDER_WORKFLOW, OrderInput, order_workflow_id


async def start_directly(world: World, item_id: str, source_id: str) -> bool:
    """Start the order's own workflow past its integration; False when the engine refuses a second run."""
    order = OrderInput(
        workspace_id=world.workspace_id,
        integration_id=world.integration_id,
        flow_id=world.flow_id,
        item_id=item_id,
        source_id=source_id,
    )
    try:
        await world.temporal.start_workflow(
            ORDER_WORKFLOW,
            order,
            id=order_workflow_id(world.integration_id, source_id),
            task_queue=world.settings.task_queue,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


@pytest.mark.feature("D1")
async def test_a_hundred_pokes_and_polls_for_one_order_make_one_document(small_world: World):
    world = small_world
    await world.integrate()
    await world.settled()
    await world.shop.load({"orders": [shop_order(1001)]})
    path = f"/integrations/{world.integration_id}"
    await asyncio.gather(*(world.api("POST", f"{path}/{('poke', 'run')[n % 2]}") for n in range(100)))
    standing = await world.settled(after_run=1)
    assert (standing["listed"], standing["done"]) == (1, 1)
    assert [document["BuyersOrderReference"] for document in await world.documents()] == ["1001"]
    assert len(await calls(world.books, "POST", "/v2/orders")) == 1
    assert len(await calls(world.books, "POST", "/v2/customers")) == 1


@pytest.mark.feature("D1")
async def test_fifty_starts_pokes_and_retries_of_one_order_at_once_make_one_document(small_world: World):
    world = small_world
    await world.integrate()
    await world.shop.load({"orders": [shop_order(1001, rows=[shop_row("LAMP", 1, Decimal(30))])]})
    assert (await world.run())["parked"] == 1
    item = (await world.item("1001"))["item"]
    await world.stock_up("LAMP")
    path = f"/integrations/{world.integration_id}"
    resync = {"flow_id": world.flow_id, "source_ids": ["1001"]}
    await asyncio.gather(
        *(start_directly(world, item["id"], "1001") for _ in range(10)),
        *(world.api("POST", f"{path}/poke") for _ in range(10)),
        *(world.api("POST", f"{path}/run", {"flow_id": world.flow_id}) for _ in range(10)),
        *(world.api("POST", f"/items/{item['id']}/retry") for _ in range(10)),
        *(world.api("POST", f"{path}/resync", resync) for _ in range(10)),
    )
    standing = await world.run()
    assert (standing["listed"], standing["done"], standing["parked"]) == (1, 1, 0), await world.item("1001")
    # Started once more by hand after its end, it finds itself done.
    assert await eventually(lambda: start_directly(world, item["id"], "1001"))
    assert (await world.order_execution("1001").result())["outcome"] == "done"
    assert len(await world.documents()) == 1
    assert len(await calls(world.books, "POST", "/v2/orders")) == 1
