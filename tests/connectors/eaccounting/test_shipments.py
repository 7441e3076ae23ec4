"""What was shipped, with its tracking code from the place people agreed on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commerce.record import Shipment
from connectors.eaccounting.shipment_source import (
    EAccountingShipmentRegister,
    EAccountingShipments,
    is_shipped,
    read_shipment,
)
from connectors.eaccounting.tracking import TrackingPlace
from connectors.protocols import DocumentType, ReadFrom
from tests.connectors.eaccounting.conftest import Office, order

EVERYTHING = ReadFrom(None, None, timedelta(0))


def register(office: Office, **settings: Any) -> EAccountingShipmentRegister:
    return EAccountingShipmentRegister(office.client, EAccountingShipments.model_validate(settings))


async def listed(source: EAccountingShipmentRegister, start: ReadFrom = EVERYTHING) -> list[Shipment]:
    page = await source.list_records(start, None, 100)
    assert not page.refused
    assert page.next_page is None
    return [record for record in page.records if isinstance(record, Shipment)]


async def shipped(office: Office, reference: str = "1001", **changes: Any) -> str:
    """Send an order to the books and ship it there; returns its id."""
    made = await office.send(order(reference=reference), DocumentType.ORDER)
    await office.simulation.load({"orders": [{"Id": made.target_id, "Status": 3, **changes}]})
    return made.target_id


@pytest.mark.feature("SHP-01")
async def test_an_order_that_was_shipped_is_found_by_the_next_read(office: Office):
    await office.simulation.set_now("2026-03-04T09:00:00Z")
    made = await office.send(order())
    source = register(office)
    assert await listed(source) == []
    page = await source.list_records(EVERYTHING, None, 100)
    await office.simulation.set_now("2026-03-04T10:00:00Z")
    await office.simulation.load(
        {"orders": [{"Id": made.target_id, "Status": 3, "text_rows": ["Track & trace: PostNL 3SABC123"]}]}
    )
    [shipment] = await listed(source, ReadFrom(page.cursor, None, timedelta(0)))
    assert (shipment.order_id, shipment.source_id, shipment.reference) == (made.target_id, made.target_id, made.number)
    assert (shipment.order_reference, shipment.carrier, shipment.tracking_code) == ("1001", "PostNL", "3SABC123")
    assert shipment.shipped_at is not None
    assert shipment.shipped_at.replace(microsecond=0) == datetime(2026, 3, 4, 10, tzinfo=UTC)
    assert shipment.complete


async def test_a_code_that_is_written_later_brings_the_shipment_again(office: Office):
    order_id = await shipped(office)
    source = register(office)
    page = await source.list_records(EVERYTHING, None, 100)
    assert [record.tracking_code for record in page.records if isinstance(record, Shipment)] == [""]
    await office.simulation.load({"orders": [{"Id": order_id, "text_rows": ["TRACK & TRACE: 3SLATER"]}]})
    [later] = await listed(source, ReadFrom(page.cursor, None, timedelta(0)))
    assert (later.tracking_code, later.carrier) == ("3SLATER", "")


async def test_the_list_is_sifted_here_where_the_server_cannot(office: Office):
    await office.simulation.settings({"unfilterable": ["Status"]})
    await office.send(order(reference="1000"))
    order_id = await shipped(office)
    assert [shipment.order_id for shipment in await listed(register(office))] == [order_id]


async def test_only_orders_with_the_prefix_are_the_shops(office: Office):
    await office.send(order(), target=office.target(reference_prefix="WEB-"))
    order_id = (await office.only())["Id"]
    await office.simulation.load({"orders": [{"Id": order_id, "Status": 3}]})
    assert [one.order_reference for one in await listed(register(office, reference_prefix="WEB-"))] == ["1001"]
    assert [one.order_reference for one in await listed(register(office, reference_prefix="POS-"))] == [""]


async def test_a_shipment_that_was_taken_back_is_removed(office: Office):
    order_id = await shipped(office)
    source = register(office)
    assert [record.source_id for record in (await source.read_records([order_id])).records] == [order_id]
    await office.simulation.load({"orders": [{"Id": order_id, "Status": 2}]})
    page = await source.read_records([order_id])
    assert (list(page.records), list(page.removed)) == ([], [order_id])


def body(**changes: Any) -> dict[str, Any]:
    return {
        "Id": "a",
        "Number": 12,
        "Status": 3,
        "ShippedDateTime": "2026-07-01T00:00:00Z",
        "ModifiedUtc": "2026-07-02T08:15:00Z",
        "BuyersOrderReference": "1001",
        "DeliveryMethodName": "Pakketpost",
        "Rows": [{"ArticleId": "m", "Quantity": 2, "DeliveredQuantity": 2}],
        **changes,
    }


@pytest.mark.parametrize(
    ("place", "changes", "carrier", "code"),
    [
        ("none", {"OurReference": "3SABC"}, "Pakketpost", ""),
        ("our_reference", {"OurReference": "3SABC"}, "Pakketpost", "3SABC"),
        ("our_reference", {"OurReference": "DHL Parcel: JVGL 123"}, "DHL Parcel: JVGL", "123"),
        ("our_reference", {"OurReference": "Main store"}, "Pakketpost", ""),
        ("delivery_method_name", {"DeliveryMethodName": "PostNL 3SABC"}, "PostNL", "3SABC"),
        ("delivery_method_name", {}, "Pakketpost", ""),
        ("delivery_method_name", {"DeliveryMethodName": None, "DeliveryMethodCode": "3SCODE"}, "", "3SCODE"),
        ("text_row", {"Rows": [{"IsTextRow": True, "Text": "T&T:3SABC"}]}, "Pakketpost", "3SABC"),
        ("text_row", {"Rows": [{"IsTextRow": False, "ArticleId": "m", "Text": "T&T: 3SABC"}]}, "Pakketpost", ""),
        (
            "text_row",
            {"Rows": [*({"IsTextRow": True, "Text": f"T&T: {code}"} for code in ("1", "2"))]},
            "Pakketpost",
            "2",
        ),
        ("text_row", {"Rows": None}, "Pakketpost", ""),
    ],
)
def test_the_code_is_read_from_the_agreed_place(place: str, changes: dict[str, Any], carrier: str, code: str):
    settings = EAccountingShipments(tracking_place=TrackingPlace(place), tracking_word="T&T:")
    shipment = read_shipment(body(**changes), settings)
    assert (shipment.carrier, shipment.tracking_code) == (carrier, code)


@pytest.mark.parametrize(
    ("delivered", "complete"), [((2, 1), True), ((2, 0), False), ((1, 1), False), ((0, 0), True), ((None, None), True)]
)
def test_a_shipment_is_complete_when_nothing_is_left(delivered: tuple[Any, Any], complete: bool):
    rows = [
        {"ArticleId": "m", "Quantity": quantity, "DeliveredQuantity": sent}
        for quantity, sent in zip((2, 1), delivered, strict=True)
    ]
    assert read_shipment(body(Rows=rows), EAccountingShipments()).complete is complete


@pytest.mark.parametrize(
    ("status", "shipped_on", "delivered", "setting", "counts"),
    [
        (1, None, 0, True, False),
        (2, None, 1, True, False),
        (3, None, 0, False, True),
        (4, "2026-07-01", 0, False, True),
        (4, None, 2, False, True),
        (4, None, 0, False, False),
        (4, None, 0, True, True),
    ],
)
def test_an_invoice_alone_ships_nothing(
    status: int, shipped_on: str | None, delivered: int, setting: bool, counts: bool
):
    changes = {"Rows": [{"ArticleId": "m", "Quantity": 2, "DeliveredQuantity": delivered}]}
    found = body(Status=status, ShippedDateTime=shipped_on, **changes)
    assert is_shipped(found, EAccountingShipments(invoiced_is_shipped=setting)) is counts


def test_the_day_ends_where_the_company_is():
    assert read_shipment(body(), EAccountingShipments()).shipped_at == datetime(2026, 7, 1, 22, tzinfo=UTC)
    undated = read_shipment(body(ShippedDateTime=None), EAccountingShipments())
    assert undated.shipped_at == datetime(2026, 7, 2, 8, 15, tzinfo=UTC)
