"""Trouble that passes costs time and nothing else: no order is parked, lost or doubled for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.durability.support import calls
from tests.shop_orders import shop_order
from tests.waiting import eventually
from tests.world import World

SAME = {"email": "buyer@example.nl"}


def fault(name: str, times: int = 1, path: str = "^/v2/", **more: Any) -> dict[str, Any]:
    """A fault on the next calls of the books that fit."""
    return {"fault": name, "when": {"times": times}, "path": path, **more}


async def three_orders_arrive(world: World) -> None:
    """Three orders of one buyer end as three documents, none of them parked on the way."""
    await world.shop.load({"orders": [shop_order(number, customer=SAME) for number in (1001, 1002, 1003)]})
    standing = await world.run(seconds=90)
    assert (standing["listed"], standing["done"], standing["parked"]) == (3, 3, 0)
    assert standing["released"] == 0
    references = [document["BuyersOrderReference"] for document in await world.documents()]
    assert sorted(references) == ["1001", "1002", "1003"]
    assert len((await world.books.state())["customers"]) == 1
    assert await world.problems() == []


async def test_books_that_fail_for_a_while_get_every_order_after_it(small_world: World):
    await small_world.integrate()
    await small_world.settled()
    await small_world.books.faults([fault("500_before_commit", 20)])
    await three_orders_arrive(small_world)
    assert (await small_world.books.fault_counters())[0]["fired"] == 20


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(
            [fault("truncated_json", method="GET"), fault("html_200", method="GET", times=2), fault("reset_mid_body")],
            id="broken answers to reads",
        ),
        pytest.param(
            [
                fault("truncated_json", method="POST", path="^/v2/orders"),
                fault("html_200", method="POST", path="^/v2/orders"),
                fault("reset_before_commit", method="GET", path="^/v2/orders"),
            ],
            id="broken answers to writes",
        ),
        pytest.param(
            [fault("token_expired", method="GET"), fault("token_expired", method="POST", path="^/v2/orders")],
            id="tokens that expire",
        ),
        pytest.param(
            [
                fault("429_with_retry_after", 2, method="GET", seconds=1),
                fault("429_with_retry_after", 2, method="POST", path="^/v2/orders", seconds=1),
            ],
            id="told when to come back",
        ),
    ],
)
async def test_every_order_arrives_in_spite_of(small_world: World, faults: list[dict[str, Any]]):
    await small_world.integrate()
    await small_world.settled()
    await small_world.books.faults(faults)
    await three_orders_arrive(small_world)
    counters = await small_world.books.fault_counters()
    assert [one["fired"] for one in counters] == [one["when"]["times"] for one in faults]


async def test_refused_as_too_many_without_a_header_it_waits_as_long_as_the_text_says(small_world: World):
    """The wait is a minute, so the test looks at when the engine will try again."""
    await small_world.integrate()
    await small_world.settled()
    await small_world.books.faults([fault("429", 100, method="POST", path="^/v2/orders")])
    await small_world.shop.load({"orders": [shop_order(1001)]})
    await small_world.api("POST", f"/integrations/{small_world.integration_id}/poke")
    order = small_world.order_execution("1001")

    async def next_attempt() -> datetime | None:
        if not await calls(small_world.books, "POST", "/v2/orders"):
            return None
        pending = (await order.describe()).raw_description.pending_activities
        if not pending or pending[0].current_retry_interval.ToTimedelta() == timedelta(0):
            return None
        return pending[0].next_attempt_schedule_time.ToDatetime(UTC)

    again = await eventually(next_attempt)
    assert again is not None
    assert timedelta(seconds=50) < again - datetime.now(UTC) <= timedelta(seconds=61)
    standing = await small_world.standing()
    assert (standing["in_flight"], standing["parked"]) == (1, 0)
    assert len(await calls(small_world.books, "POST", "/v2/orders")) == 1
