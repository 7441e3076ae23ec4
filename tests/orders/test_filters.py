import pytest

from tests.shop_orders import shop_order
from tests.world import World

DRAFT, ONGOING = 1, 2


@pytest.mark.feature("ORD-09")
async def test_an_unpaid_order_is_sent_in_the_first_run_after_it_is_paid(small_world: World):
    world = small_world
    await world.ready(only_paid=True)
    standing = await world.deliver(shop_order(1001, paid=False), shop_order(1002))
    assert (standing["listed"], standing["done"], standing["skipped"]) == (2, 1, 1)
    assert [document["BuyersOrderReference"] for document in await world.documents()] == ["1002"]
    assert (await world.item("1001"))["item"]["reason"] == "filtered"

    await world.run()
    assert len(await world.documents()) == 1

    await world.shop.patch("orders", 1001, {"paid": True})
    standing = await world.run()
    assert (standing["done"], standing["skipped"]) == (2, 0)
    assert [document["BuyersOrderReference"] for document in await world.documents()] == ["1002", "1001"]


@pytest.mark.feature("ORD-10")
async def test_statuses_choose_what_is_read_and_what_the_sales_order_gets(small_world: World):
    world = small_world
    await world.ready(statuses=["1", "2", "7"])
    choices = {table["table"]: table for table in await world.api("GET", f"/flows/{world.flow_id}/values?choices=true")}
    assert [choice["value"] for choice in choices["order_status"]["target_choices"]] == ["draft", "ongoing"]
    for source, target in (("1", "draft"), ("2", "ongoing")):
        row = {"source_value": source, "target_value": target}
        await world.api("PUT", f"/flows/{world.flow_id}/values/order_status", row)
    standing = await world.deliver(*(shop_order(1000 + status, status=status) for status in (1, 2, 4, 7)))
    assert (standing["done"], standing["skipped"]) == (3, 1)
    statuses = {document["BuyersOrderReference"]: document["Status"] for document in await world.documents()}
    assert statuses == {"1001": DRAFT, "1002": ONGOING, "1007": ONGOING}

    await world.api(
        "PUT", f"/flows/{world.flow_id}/values/order_status", {"source_value": "1", "target_value": "ongoing"}
    )
    await world.deliver(shop_order(1101, status=1))
    assert (await world.documents())[-1]["Status"] == ONGOING
