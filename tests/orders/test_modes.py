"""What a run reads, and what becomes of an order at its source once it was sent."""

from decimal import Decimal
from typing import Any

import pytest

from tests.shop_orders import shop_order, shop_row
from tests.waiting import eventually
from tests.world import World

PAID, SENT = "1", "4"


async def set_source(world: World, **source: Any) -> None:
    await world.api("PATCH", f"/flows/{world.flow_id}", {"settings": {"source": source}})


async def status_of(world: World, number: int) -> str:
    return str((await world.shop.record("orders", number))["status"])


@pytest.mark.feature("R7")
async def test_once_marks_the_source_order_and_failing_to_does_not_undo_the_order(small_world: World):
    world = small_world
    await world.ready()
    await set_source(world, status_when_sent=SENT)
    await world.change(mode="once")
    standing = await world.deliver(shop_order(1001), shop_order(1002, rows=[shop_row("LAMP", 1, Decimal(5))]))
    assert (standing["done"], standing["parked"]) == (1, 1)
    # What was not sent is not marked.
    assert (await status_of(world, 1001), await status_of(world, 1002)) == (SENT, PAID)

    await world.shop.faults([{"fault": "500_before_commit", "when": "once", "method": "PATCH", "path": "orders/1003"}])
    await world.deliver(shop_order(1003))
    timeline = await world.item("1003")
    assert timeline["item"]["state"] == "done"
    assert any("status 4" in event["text"] and "again" in event["text"] for event in timeline["events"])

    async def is_told() -> bool:
        return await status_of(world, 1003) == SENT

    await eventually(is_told, seconds=30)
    assert len([document for document in world.stored() if document["BuyersOrderReference"] == "1003"]) == 1


@pytest.mark.feature("R26")
async def test_a_start_and_payment_methods_leave_orders_out_and_rows_can_be_one_per_rate(small_world: World):
    world = small_world
    await world.ready(
        start_at="2026-11-10T00:00:00Z",
        start_number=1005,
        exclude_payment_methods=["Cash"],
        target={"group_rows": True, "substitute_article": {"21": "SALES21", "9": "SALES9"}},
    )
    await world.books.load({"articles": [{"Number": "SALES21", "vat_rate": 21}, {"Number": "SALES9", "vat_rate": 9}]})
    rows = [*(shop_row("MUG", 1, Decimal("12.10")) for _ in range(3)), shop_row("BOOK", 2, Decimal("10.90"), 9)]
    standing = await world.deliver(
        shop_order(1003, create_date="2026-11-01T10:00:00Z"),
        shop_order(1004),
        shop_order(1005, rows=rows),
        shop_order(1006, paymethod="Cash"),
    )
    assert (standing["done"], standing["parked"]) == (1, 0)
    [document] = world.stored()
    assert document["BuyersOrderReference"] == "1005"
    assert [(row["ArticleNumber"], row["UnitPrice"]) for row in document["Rows"]] == [
        ("SALES21", Decimal("36.3")),
        ("SALES9", Decimal("21.8")),
    ]


@pytest.mark.feature("R7")
async def test_a_run_takes_at_most_its_amount_and_the_next_goes_on_there(small_world: World):
    world = small_world
    await world.ready(max_orders_per_run=2)
    numbers = range(1001, 1006)
    standing = await world.deliver(*map(shop_order, numbers))
    assert (standing["listed"], standing["done"]) == (2, 2)
    assert (await world.run())["done"] == 4
    assert (await world.run())["done"] == 5
    assert sorted(document["BuyersOrderReference"] for document in world.stored()) == [str(n) for n in numbers]


@pytest.mark.feature("R7")
async def test_all_reads_everything_again_and_sends_nothing_twice(small_world: World):
    world = small_world
    await world.ready(mode="all")
    await world.deliver(shop_order(1001, create_date="2026-10-01T10:00:00Z"), shop_order(1002))
    # Far behind the newest order: only a complete read shows it.
    standing = await world.deliver(shop_order(1003, create_date="2026-09-01T10:00:00Z"))
    assert (standing["listed"], standing["done"]) == (3, 3)
    assert len(world.stored()) == 3
