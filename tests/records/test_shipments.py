"""Orders that left the house according to one system are shipped in the other: once, and with their code."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import activities.records
from activities import Vendors
from connectors.ccvshop import CONNECTOR as SHOP
from connectors.eaccounting import CONNECTOR as BOOKS
from connectors.pairs import pairs
from connectors.registry import CONNECTORS
from simulators.eaccounting.orders import back_order
from simulators.kit import exactjson
from store import Store
from tests.shop_orders import shop_order
from tests.world import World, world
from worker import compose_worker

SHIPPED, ONGOING = 3, 2
SENT, CANCELLED = 5, 8
AT_ONCE = {"wait_for_tracking_hours": 0}


async def shipping(world: World, *numbers: int, **common: Any) -> str:
    """Orders of the shop in the books, and a flow that brings their shipments back; returns its id."""
    await world.ready()
    await world.deliver(*(shop_order(number) for number in numbers))
    flow = await world.add_flow("shipments", common=common, target_settings={"mail": True})
    await world.settled(flow)
    return flow


async def ship(world: World, reference: int, *texts: str, **members: Any) -> None:
    """Mark an order of the shop as shipped in the books, with text rows."""
    await change(world, reference, Status=SHIPPED, text_rows=list(texts), **members)


async def change(world: World, reference: int, **members: Any) -> None:
    """Change the books' order of a shop order as a person would."""
    order = next(one for one in world.stored() if one["BuyersOrderReference"] == str(reference))
    await world.books.load({"orders": [{"Id": order["Id"], **members}]})


async def look(world: World, flow: str, *, waiting: int = 0) -> dict[str, Any]:
    """Let the shipments flow run once while so many shipments wait for their codes; its standing."""
    before = (await world.standing(flow))["runs"]
    await world.api("POST", f"/integrations/{world.integration_id}/run", {"flow_id": flow})
    return await world.settled(flow, after_run=before, waiting=waiting)


async def shown(world: World, number: int) -> tuple[int, str, str | None]:
    """Status, tracking code and carrier of an order in the shop."""
    order = await world.shop.record("orders", number)
    return order["status"], order["track_and_trace_code"], order["track_and_trace_carrier"]


async def told(world: World) -> list[dict[str, Any]]:
    """What was written to orders of the shop since the last look, in order; every one of them mails the customer."""
    calls = [call for call in await world.shop.requests() if call["method"] != "GET"]
    mails = (await world.shop.state("mails"))["mails"]
    await world.shop.forget_requests()
    written = [exactjson.loads(call["body"].encode()) for call in calls]
    assert [one.pop("mail") for one in written] == [True] * len(written)
    assert len(mails) >= len(written)
    return written


async def why(world: World, flow: str) -> tuple[str, str, str]:
    """The one problem of the flow: cause, value and sentence."""
    (item,) = await world.items(flow_id=flow, state="parked")
    problem = (await world.api("GET", f"/items/{item['id']}"))["problem"]
    return problem["code"], problem["value"], problem["sentence"]


@pytest.mark.feature("SHP-01")
@pytest.mark.feature("SHP-02")
@pytest.mark.feature("SHP-03")
@pytest.mark.feature("R15")
@pytest.mark.feature("R32")
async def test_a_shipped_order_gets_code_carrier_and_status_in_the_next_run_and_only_once(small_world: World):
    flow = await shipping(small_world, 1001, 1002)
    row = {"source_value": "PNL", "target_value": "PostNL"}
    await small_world.api("PUT", f"/flows/{flow}/values/carrier", row)
    assert [await shown(small_world, number) for number in (1001, 1002)] == [(1, "", None)] * 2
    await small_world.shop.forget_requests()

    await ship(small_world, 1001, "Track & trace: PNL 3SABC1")
    await ship(small_world, 1002, "Track & trace: DHL JVGL2")
    assert (await look(small_world, flow))["done"] == 2
    assert await shown(small_world, 1001) == (SENT, "3SABC1", "PostNL")
    assert await shown(small_world, 1002) == (SENT, "JVGL2", "DHL")
    assert len(await told(small_world)) == 2

    # Neither a change in the books, nor reading all again, nor an order that went on in the shop sends anything more.
    await change(small_world, 1001, OurReference="Packed on Monday")
    await small_world.shop.patch("orders", 1002, {"status": 6})
    await look(small_world, flow)
    await small_world.api(
        "POST", f"/integrations/{small_world.integration_id}/resync", {"flow_id": flow, "everything": True}
    )
    await look(small_world, flow)
    assert await told(small_world) == []
    assert [(await shown(small_world, number))[0] for number in (1001, 1002)] == [SENT, 6]


@pytest.mark.feature("SHP-02", "R31")
async def test_a_shipment_without_code_waits_or_is_sent_bare_as_set(small_world: World):
    flow = await shipping(small_world, 1001, 1002, 1003, default_carrier="PostNL")
    await small_world.shop.forget_requests()
    await ship(small_world, 1001)
    await ship(small_world, 1002)
    await look(small_world, flow, waiting=2)
    assert await told(small_world) == []

    await change(small_world, 1001, text_rows=["Track & trace: 3SLATER"])
    await look(small_world, flow, waiting=1)
    assert await told(small_world) == [
        {"status": SENT, "track_and_trace_code": "3SLATER", "track_and_trace_carrier": "PostNL"}
    ]

    await small_world.change_flow(flow, "shipments", wait_for_tracking_hours=0)
    await ship(small_world, 1003)
    await look(small_world, flow)
    assert [await shown(small_world, number) for number in (1002, 1003)] == [(SENT, "", "PostNL")] * 2
    await told(small_world)

    # The code that comes after all is added; the status was set before and is not set again.
    await change(small_world, 1003, text_rows=["Track & trace: 3SLAST"])
    await look(small_world, flow)
    assert await told(small_world) == [{"track_and_trace_code": "3SLAST"}]


@pytest.mark.feature("R28")
@pytest.mark.feature("D11")
async def test_the_wait_for_a_code_ends_after_its_hours_across_a_restart(
    tmp_path: Path, temporal_address: str, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
):
    async with world(tmp_path, temporal_address, sqlite_url, with_worker=False) as merchant:
        async with working(merchant):
            flow = await shipping(merchant, 1001, 1002, 1003)
            flow_settings = (await merchant.api("GET", f"/flows/{flow}"))["settings"]["shipments"]
            assert flow_settings.get("wait_for_tracking_hours", 3) == 3
            for number in (1001, 1002, 1003):
                await ship(merchant, number)
            await look(merchant, flow, waiting=3)
            await merchant.shop.forget_requests()

        for hours, still_waiting in ((2, 3), (4, 0)):
            later(monkeypatch, timedelta(hours=hours))
            async with working(merchant):
                if not still_waiting:
                    # Meanwhile one was taken back in the books.
                    await change(merchant, 1002, Status=ONGOING)
                await look(merchant, flow, waiting=still_waiting)
        assert await shown(merchant, 1001) == (SENT, "", None)
        assert await shown(merchant, 1002) == (1, "", None)
        assert await told(merchant) == [{"status": SENT}, {"status": SENT}]


def later(monkeypatch: pytest.MonkeyPatch, hours: timedelta) -> None:
    """Let the work on records believe that so much time has passed."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + hours

    monkeypatch.setattr(activities.records, "datetime", Later)


@contextlib.asynccontextmanager
async def working(merchant: World) -> AsyncIterator[None]:
    """A worker that knows nothing but what the database and the server know."""
    async with contextlib.AsyncExitStack() as stack:
        store = await Store.open(merchant.settings.database_url, merchant.keys)
        stack.push_async_callback(store.close)
        vendors = Vendors(store, call_timeout=timedelta(seconds=5))
        stack.push_async_callback(vendors.aclose)
        await stack.enter_async_context(compose_worker(merchant.temporal, store, vendors, merchant.settings))
        yield


async def test_three_partial_deliveries_show_the_last_code_and_ship_the_order_once(small_world: World):
    """One of them is repeated afterwards, and one was taken back before it had a code."""
    flow = await shipping(small_world, 1001)
    await small_world.shop.forget_requests()
    (first,) = small_world.ledger_of_books.records("orders")
    mug = {"ArticleNumber": "MUG", "UnitPrice": 10}
    rows = [{**mug, "Quantity": 3, "DeliveredQuantity": 1}]
    await ship(small_world, 1001, "Track & trace: 3SONE", Rows=rows)
    await look(small_world, flow)
    assert await told(small_world) == [{"track_and_trace_code": "3SONE"}]

    second = back_order(small_world.ledger_of_books, first)
    rows = [{**mug, "Quantity": 2, "DeliveredQuantity": 1}]
    await small_world.books.load({"orders": [{"Id": second["Id"], "Status": SHIPPED, "Rows": rows}]})
    await look(small_world, flow, waiting=1)
    await small_world.books.load({"orders": [{"Id": second["Id"], "Status": ONGOING}]})
    rows = [{**mug, "Quantity": 2, "DeliveredQuantity": 1}]
    await small_world.books.load(
        {"orders": [{"Id": second["Id"], "Status": SHIPPED, "Rows": rows, "text_rows": ["Track & trace: 3STWO"]}]}
    )
    await look(small_world, flow)
    assert (await shown(small_world, 1001))[:2] == (1, "3STWO")

    third = back_order(small_world.ledger_of_books, small_world.ledger_of_books.tables["orders"][second["Id"]])
    text = ["Track & trace: 3STHREE"]
    await small_world.books.load({"orders": [{"Id": third["Id"], "Status": SHIPPED, "text_rows": text}]})
    await look(small_world, flow)
    assert await told(small_world) == [
        {"track_and_trace_code": "3STWO"},
        {"status": SENT, "track_and_trace_code": "3STHREE"},
    ]

    await change(small_world, 1001, OurReference="Packed on Monday")
    await look(small_world, flow)
    await small_world.api(
        "POST", f"/integrations/{small_world.integration_id}/resync", {"flow_id": flow, "everything": True}
    )
    await look(small_world, flow)
    assert await told(small_world) == []
    assert (await shown(small_world, 1001))[:2] == (SENT, "3STHREE")
    assert await small_world.problems() == []


async def test_what_was_shipped_in_the_shop_already_is_done_and_what_it_lacks_is_named(small_world: World):
    flow = await shipping(small_world, 1001, **AT_ONCE)
    await small_world.shop.forget_requests()
    await small_world.shop.patch("orders", 1001, {"status": SENT, "track_and_trace_code": "3SABC1"})
    await ship(small_world, 1001, "Track & trace: 3SABC1")
    # Typed in the books, for nobody in the shop: no problem of anyone's.
    customer = small_world.stored("customers")[0]["Id"]
    typed = {"CustomerId": customer, "Status": SHIPPED, "Rows": [{"ArticleNumber": "MUG", "Quantity": 1}]}
    await small_world.books.load({"orders": [typed]})
    standing = await look(small_world, flow)
    assert (standing["done"], standing["skipped"], standing["parked"]) == (1, 1, 0)
    assert await told(small_world) == []

    await small_world.books.load({"orders": [{**typed, "BuyersOrderReference": "4711"}]})
    assert (await look(small_world, flow))["parked"] == 1
    code, value, sentence = await why(small_world, flow)
    assert (code, value) == ("record_gone", "4711")
    assert 'no order with the number "4711"' in sentence


async def test_an_order_typed_in_the_books_and_sent_to_the_shop_is_shipped_there(small_world: World):
    await small_world.connect()
    await small_world.stock_up()
    product = {"productnumber": "MUG", "name": "A mug", "price": Decimal("12.10"), "vatrate": 21, "package_id": 1}
    await small_world.shop.load({"products": [product]})
    orders = await small_world.add_flow("orders")
    flow = await small_world.add_flow("shipments")
    await small_world.start()
    await small_world.settled(orders)
    customer = {"CustomerNumber": "77", "Name": "Piet Pietersen", "EmailAddress": "piet@example.nl"}
    rows = [{"ArticleNumber": "MUG", "Quantity": 2, "UnitPrice": 10}]
    texts = ["Track & trace: DHL JVGL7"]
    typed = {"CustomerNumber": "77", "Status": SHIPPED, "Rows": rows, "text_rows": texts}
    await small_world.books.load({"customers": [customer], "orders": [typed]})

    # The shop does not have it yet, which is nobody's fault and is looked at again by itself.
    standing = await look(small_world, flow)
    assert (standing["skipped"], standing["parked"]) == (1, 0)
    assert (await small_world.run(orders))["done"] == 1
    await look(small_world, flow)
    (order,) = (await small_world.shop.state("orders"))["orders"]
    assert await shown(small_world, order["id"]) == (SENT, "JVGL7", "DHL")


async def test_an_order_typed_in_the_books_is_shipped_there_when_the_shop_sends_it(small_world: World):
    """It carries no number of the shop; what the orders flow remembered tells which order of the books it is."""
    await small_world.connect()
    await small_world.stock_up()
    product = {"productnumber": "MUG", "name": "A mug", "price": Decimal("12.10"), "vatrate": 21, "package_id": 1}
    await small_world.shop.load({"products": [product]})
    orders = await small_world.add_flow("orders")
    flow = await small_world.add_flow("shipments", source="shop", common=AT_ONCE)
    await small_world.start()
    await small_world.settled(orders)
    customer = {"CustomerNumber": "77", "Name": "Piet Pietersen", "EmailAddress": "piet@example.nl"}
    rows = [{"ArticleNumber": "MUG", "Quantity": 2, "UnitPrice": 10}]
    await small_world.books.load({"customers": [customer], "orders": [{"CustomerNumber": "77", "Rows": rows}]})
    assert (await small_world.run(orders))["done"] == 1

    (order,) = (await small_world.shop.state("orders"))["orders"]
    await small_world.shop.patch("orders", order["id"], {"status": SENT, **tracking("3SABC1")})
    assert (await look(small_world, flow))["done"] == 1
    (typed,) = small_world.stored()
    assert typed["Status"] == SHIPPED
    assert typed["Rows"][-1]["Text"] == "Track & trace: PostNL 3SABC1"


async def test_a_shipment_of_a_cancelled_order_waits_until_somebody_decides(small_world: World):
    flow = await shipping(small_world, 1001)
    await small_world.shop.patch("orders", 1001, {"status": CANCELLED})
    await small_world.shop.forget_requests()
    await ship(small_world, 1001, "Track & trace: 3SABC1")
    assert (await look(small_world, flow))["parked"] == 1
    code, value, sentence = await why(small_world, flow)
    assert (code, value) == ("invalid_value", str(CANCELLED))
    assert "Order 1001 was shipped, but the shop has it as cancelled" in sentence
    assert await told(small_world) == []

    await small_world.shop.patch("orders", 1001, {"status": 2})
    (item,) = await small_world.items(flow_id=flow, state="parked")
    await small_world.api("POST", f"/items/{item['id']}/retry")
    await look(small_world, flow)
    assert await told(small_world) == [{"status": SENT, "track_and_trace_code": "3SABC1"}]


@pytest.mark.feature("SHP-01")
@pytest.mark.feature("SHP-03")
async def test_an_order_sent_in_the_shop_is_shipped_in_the_books_once_and_nothing_comes_back(small_world: World):
    await small_world.ready()
    await small_world.deliver(*(shop_order(number, create_date=yesterday()) for number in (1001, 1002, 1003)))
    forth = await small_world.add_flow("shipments", source="shop")
    back = await small_world.add_flow("shipments")
    for flow in (forth, back):
        await small_world.settled(flow)
    await small_world.books.forget_requests()

    await small_world.shop.patch("orders", 1001, {"status": SENT, **tracking("3SABC1")})
    await small_world.shop.patch("orders", 1002, {"status": SENT})
    assert (await look(small_world, forth, waiting=1))["done"] == 1
    assert await shipped_in_books(small_world) == {"1001": ["Track & trace: PostNL 3SABC1"]}

    # The code of the other one is there before its wait is over; the hours count from when it was seen as sent.
    await small_world.shop.patch("orders", 1002, tracking("JVGL2"))
    await look(small_world, forth)
    assert (await shipped_in_books(small_world))["1002"] == ["Track & trace: PostNL JVGL2"]
    assert [path.partition(" ")[0] for path in await small_world.writes()] == ["PUT", "POST"] * 2

    # Neither the flow of the other direction, nor an order it ships, nor reading all again writes anything once more.
    await small_world.books.forget_requests()
    await small_world.shop.forget_requests()
    await look(small_world, back)
    assert [call for call in await small_world.shop.requests() if call["method"] != "GET"] == []
    await ship(small_world, 1003, "Track & trace: DHL JVGL3")
    await look(small_world, back)
    assert await shown(small_world, 1003) == (SENT, "JVGL3", "DHL")
    everything = {"flow_id": forth, "everything": True}
    await small_world.api("POST", f"/integrations/{small_world.integration_id}/resync", everything)
    assert (await look(small_world, forth))["done"] == 3
    assert await small_world.writes() == []
    assert await small_world.problems() == []


def yesterday() -> str:
    """A recent day, as the shop writes it: it hands out no shipments of orders from long ago."""
    return f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"


def tracking(code: str) -> dict[str, str]:
    return {"track_and_trace_code": code, "track_and_trace_carrier": "PostNL"}


async def shipped_in_books(world: World) -> dict[str, list[str]]:
    """By the shop's number, the text rows of the orders that are shipped in the books."""
    return {
        order["BuyersOrderReference"]: [row["Text"] for row in order["Rows"] if row["IsTextRow"]]
        for order in world.stored()
        if order["Status"] == SHIPPED
    }


@pytest.mark.feature("SHP-04")
async def test_shipments_are_offered_only_where_one_side_has_them_and_the_other_takes_them(
    small_world: World, monkeypatch: pytest.MonkeyPatch
):
    taking_none = replace(BOOKS, record_targets={})
    assert "shipments" in [pair.kind for pair in pairs(BOOKS, SHOP)]
    assert "shipments" in [pair.kind for pair in pairs(SHOP, BOOKS)]
    assert "shipments" not in [pair.kind for pair in pairs(SHOP, taking_none)]
    await small_world.connect()
    flow = await small_world.add_flow("shipments")
    assert (await small_world.api("GET", f"/flows/{flow}"))["kind"] == "shipments"
    wish = {
        "kind": "shipments",
        "source_connection_id": small_world.shop_id,
        "target_connection_id": small_world.books_id,
        "settings": {},
    }
    path = f"/integrations/{small_world.integration_id}/flows"
    with monkeypatch.context() as patched:
        patched.setitem(CONNECTORS, "eaccounting", taking_none)
        refusal = await small_world.api("POST", path, wish, status=422)
    assert "eAccounting takes no shipments in" in str(refusal)
    assert (await small_world.api("POST", path, wish))["flow"]["kind"] == "shipments"
    await small_world.start()
