"""What a running shop has sent, as a flow of shipments reads it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from commerce.record import Shipment
from connectors.ccvshop.shipment_source import CcvShipmentSource, CcvShippedOrders
from connectors.protocols import ReadFrom
from tests.connectors.ccvshop.shops import RecordShop, record_shop

EVERYTHING = ReadFrom(None, None, timedelta(0))


@pytest.fixture
async def shop() -> AsyncIterator[RecordShop]:
    async with record_shop() as opened:
        yield opened


def order(number: int, *, days_ago: int = 1, **members: Any) -> dict[str, Any]:
    rows = [{"product_name": "Mug", "product_number": "MUG", "price": 25, "count": 2}]
    placed = f"{datetime.now(UTC) - timedelta(days=days_ago):%Y-%m-%dT%H:%M:%SZ}"
    return {"id": 1000 + number, "ordernumber": number, "create_date": placed, "orderrows": rows, **members}


def source(shop: RecordShop, **settings: Any) -> CcvShippedOrders:
    return CcvShippedOrders(shop.client, CcvShipmentSource.model_validate(settings))


async def listed(opened: CcvShippedOrders, start: ReadFrom = EVERYTHING, size: int = 100) -> list[Shipment]:
    found: list[Shipment] = []
    page = None
    while True:
        read = await opened.list_records(start, page, size)
        assert not read.refused
        assert read.cursor is None
        found += [record for record in read.records if isinstance(record, Shipment)]
        page = read.next_page
        if page is None:
            return found


@pytest.mark.feature("SHP-01")
async def test_an_order_that_was_sent_is_found_by_the_next_read(shop: RecordShop):
    await shop.sim.load({"orders": [order(25, status=2, ordernumber_prefix="WEB", reservationnumber="8"), order(26)]})
    assert await listed(source(shop)) == []

    tracking = {"track_and_trace_code": " 3SABC1 ", "track_and_trace_carrier": "PostNL"}
    await shop.sim.patch("orders", 1025, {"status": 5, **tracking})
    [shipment] = await listed(source(shop))
    assert (shipment.source_id, shipment.order_id) == ("1025", "1025")
    assert (shipment.reference, shipment.order_reference) == ("WEB25", "WEB25")
    assert (shipment.carrier, shipment.tracking_code, shipment.complete) == ("PostNL", "3SABC1", True)
    assert shipment.shipped_at is None
    assert shipment.raw["reservationnumber"] == "8"


@pytest.mark.parametrize(("status", "shipped"), [(2, False), (5, True), (6, True), (7, True), (8, False), (11, False)])
async def test_the_statuses_that_count_are_those_that_are_set(shop: RecordShop, status: int, shipped: bool):
    await shop.sim.load({"orders": [order(25, status=status)]})
    assert bool(await listed(source(shop))) is shipped
    assert bool(await listed(source(shop, shipped_statuses=["11"]))) is (status == 11)


async def test_orders_from_before_the_window_or_the_start_are_left_alone(shop: RecordShop):
    days = {25: 3, 26: 20, 27: 40}
    await shop.sim.load({"orders": [order(number, days_ago=ago, status=5) for number, ago in days.items()]})
    start = ReadFrom(None, datetime.now(UTC) - timedelta(days=10), timedelta(0))
    for expected, found in (
        (["25", "26"], await listed(source(shop))),
        (["25", "26", "27"], await listed(source(shop, look_back_days=60))),
        (["25"], await listed(source(shop, look_back_days=60), start)),
        (["25"], await listed(source(shop, look_back_days=7))),
    ):
        assert [shipment.reference for shipment in found] == expected


async def test_all_of_a_window_is_read_with_few_calls(shop: RecordShop):
    await shop.sim.load({"orders": [order(number, status=5 if number % 2 else 1) for number in range(1, 8)]})
    await shop.calls()
    assert [shipment.reference for shipment in await listed(source(shop), size=3)] == ["1", "3", "5", "7"]
    assert len(await shop.calls()) == 3


async def test_a_status_that_was_taken_back_takes_the_shipment_away(shop: RecordShop):
    await shop.sim.load({"orders": [order(25, status=5), order(26, status=5)]})
    await shop.sim.patch("orders", 1026, {"status": 2})
    page = await source(shop).read_records(["1025", "1026", "4711", "none"])
    assert [record.source_id for record in page.records] == ["1025"]
    assert list(page.removed) == ["1026", "4711", "none"]


@pytest.mark.parametrize("wrong", [{"shipped_statuses": ["8"]}, {"shipped_statuses": []}, {"look_back_days": 0}])
def test_settings_that_would_ship_what_never_left_are_refused(wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        CcvShipmentSource.model_validate(wrong)
