"""Shipments shown on the orders of a running shop."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from commerce.problems import ProblemCode
from commerce.record import Shipment
from connectors.ccvshop import CONNECTOR
from connectors.default_mapping import known_fields
from connectors.errors import OutcomeUnknown
from connectors.records import Comparing, Key, RecordKind, RecordTarget, Written
from mapping.rules import RuleSet
from tests.connectors.ccvshop.shops import RecordShop, found, problem, record_shop, sentence, written

SENT = {"status": "5", "track_and_trace_code": "3SABCD123456789", "track_and_trace_carrier": "PostNL"}


@pytest.fixture
async def shop() -> AsyncIterator[RecordShop]:
    async with record_shop() as opened:
        yield opened


def order(number: int, **changes: Any) -> dict[str, Any]:
    rows = [{"product_name": "Mug", "product_number": "MUG", "price": 25, "count": 2}]
    return {"id": 1000 + number, "ordernumber": number, "orderrows": rows, **changes}


def key(reference: str = "25", target_id: str = "") -> Key:
    return Key("s1", reference, target_id, {"order_reference": reference, "order_id": "o1"})


async def stored(shop: RecordShop, order_id: int = 1025) -> tuple[Any, Any, Any]:
    record = await shop.sim.record("orders", order_id)
    return record["status"], record["track_and_trace_code"], record["track_and_trace_carrier"]


async def mails(shop: RecordShop) -> list[Any]:
    sent: list[Any] = (await shop.sim.state("mails"))["mails"]
    return sent


async def shipped(target: RecordTarget, wanted: Key, values: dict[str, str]) -> Written | None:
    """What a run does with one shipment: look up, compare, write what differs."""
    assert isinstance(target, Comparing)
    existing = await found(target, wanted)
    assert existing is not None
    different = {name: value for name, value in values.items() if not target.same(name, existing.values[name], value)}
    return await written(target, wanted, existing, different) if different else None


def mapped(shipment: Shipment, *, carriers: dict[str, str] | None = None, **settings: Any) -> dict[str, Any]:
    target = CONNECTOR.record_targets[RecordKind.SHIPMENTS]
    assert target.mapping_for
    rules = target.mapping_for(target.settings.model_validate(settings))
    names = known_fields(RecordKind.SHIPMENTS, CONNECTOR.record_sources[RecordKind.CUSTOMERS])
    compiled = RuleSet.compile(rules, source_fields=names, target_fields=target.fields)
    return compiled.apply(shipment.model_dump(), lambda _, value: (carriers or {}).get(value), creating=False).values


def shipment(**changes: Any) -> Shipment:
    given = {"source_id": "s1", "reference": "25", "order_id": "o1", "shipped_at": datetime(2026, 1, 15, tzinfo=UTC)}
    return Shipment.model_validate({**given, "carrier": "PNL", "tracking_code": "3SABCD123456789", **changes})


def test_a_shipment_becomes_status_code_and_carrier_by_its_table():
    assert mapped(shipment(), carriers={"PNL": "PostNL"}) == SENT
    assert mapped(shipment())["track_and_trace_carrier"] == "PNL"
    assert mapped(shipment(), shipped_status="6")["status"] == "6"
    assert mapped(shipment(tracking_code="", carrier="")) == {"status": "5"}


def test_a_part_of_an_order_does_not_make_it_shipped():
    assert "status" not in mapped(shipment(complete=False))


@pytest.mark.feature("SHP-03")
async def test_an_order_is_shipped_exactly_once(shop: RecordShop):
    await shop.sim.load({"orders": [order(25, status=2)]})
    target = shop.target(RecordKind.SHIPMENTS, mail=True)
    end = await shipped(target, key(), SENT)

    assert end is not None
    assert (end.target_id, end.number, end.problem) == ("1025", "25", None)
    assert await stored(shop) == (5, "3SABCD123456789", "PostNL")
    assert await shipped(target, key(target_id="1025"), SENT) is None
    assert [(mail["order_id"], mail["status"]) for mail in await mails(shop)] == [(1025, 5)]


async def test_no_mail_is_sent_unless_it_is_asked_for(shop: RecordShop):
    await shop.sim.load({"orders": [order(25)]})
    await shipped(shop.target(RecordKind.SHIPMENTS), key(), SENT)

    assert await mails(shop) == []


async def test_a_late_tracking_code_is_added_without_touching_the_status(shop: RecordShop):
    await shop.sim.load({"orders": [order(25)]})
    target = shop.target(RecordKind.SHIPMENTS)
    await shipped(target, key(), {"status": "5"})
    await shop.sim.patch("orders", 1025, {"status": 6})
    await shipped(target, key(), SENT)

    assert await stored(shop) == (6, "3SABCD123456789", "PostNL")


async def test_a_replaced_code_is_noted(shop: RecordShop):
    await shop.sim.load({"orders": [order(25, status=5, track_and_trace_code="3SOLD")]})
    end = await shipped(shop.target(RecordKind.SHIPMENTS), key(), SENT)

    assert end is not None
    assert end.notes == ("The tracking code 3SOLD of order 25 was replaced.",)


@pytest.mark.parametrize("status", [6, 7])
async def test_an_order_that_is_further_is_not_set_back(shop: RecordShop, status: int):
    await shop.sim.load({"orders": [order(25, status=status)]})

    assert await shipped(shop.target(RecordKind.SHIPMENTS), key(), {"status": "5"}) is None


async def test_a_shipped_order_that_is_cancelled_in_the_shop_waits_for_a_person(shop: RecordShop):
    await shop.sim.load({"orders": [order(25, status=8)]})
    end = await shipped(shop.target(RecordKind.SHIPMENTS), key(), SENT)

    assert end is not None
    assert "Order 25 was shipped, but the shop has it as cancelled" in sentence(end, ProblemCode.INVALID_VALUE)
    assert await stored(shop) == (8, "", None)


async def test_an_order_cancelled_after_it_was_shipped_stays_so(shop: RecordShop):
    await shop.sim.load({"orders": [order(25)]})
    target = shop.target(RecordKind.SHIPMENTS)
    await shipped(target, key(), SENT)
    await shop.sim.patch("orders", 1025, {"status": 8})
    await shop.calls()
    end = await shipped(target, key(), SENT)

    assert end is not None
    assert "stays cancelled" in end.notes[0]
    assert not any(call.startswith("PATCH") for call in await shop.calls())


@pytest.mark.parametrize(
    ("reference", "prefix"), [("WEB25", "WEB"), ("2026-025", "2026-0"), ("202625", "2026"), ("25", "WEB")]
)
async def test_an_order_is_found_by_its_number_with_or_without_prefix(shop: RecordShop, reference: str, prefix: str):
    await shop.sim.load({"orders": [order(25, ordernumber_prefix=prefix), order(7)]})
    existing = await found(shop.target(RecordKind.SHIPMENTS), key(reference))

    assert existing is not None
    assert (existing.target_id, existing.number) == ("1025", f"{prefix}25")


@pytest.mark.parametrize("reference", ["4711", "WEB", "SHOP25"])
async def test_a_shipment_of_an_unknown_order_names_the_number(shop: RecordShop, reference: str):
    await shop.sim.load({"orders": [order(25)]})
    why = await problem(shop.target(RecordKind.SHIPMENTS), key(reference))

    assert f'no order with the number "{reference}"' in sentence(why, ProblemCode.RECORD_GONE)


async def test_a_shipment_without_an_order_number_says_so(shop: RecordShop):
    why = await problem(shop.target(RecordKind.SHIPMENTS), key(""))

    assert "names no order number" in sentence(why, ProblemCode.RECORD_GONE)


async def test_two_orders_with_one_number_are_a_problem(shop: RecordShop):
    await shop.sim.load(
        {"orders": [order(25, ordernumber_prefix="A"), {**order(25, ordernumber_prefix="B"), "id": 77}]}
    )

    assert "77, 1025" in sentence(await problem(shop.target(RecordKind.SHIPMENTS), key()), ProblemCode.AMBIGUOUS_MATCH)


async def test_a_bound_order_that_is_gone_is_left_out(shop: RecordShop):
    assert await found(shop.target(RecordKind.SHIPMENTS), key(target_id="1025")) is None


async def test_a_lost_answer_leads_to_no_second_mail(shop: RecordShop):
    await shop.sim.load({"orders": [order(25)]})
    target = shop.target(RecordKind.SHIPMENTS, mail=True)
    await shop.sim.faults([{"fault": "reset_after_commit", "when": "once", "method": "PATCH"}])
    with pytest.raises(OutcomeUnknown):
        await shipped(target, key(), SENT)

    assert await shipped(target, key(), SENT) is None
    assert len(await mails(shop)) == 1


async def test_an_order_that_went_between_look_up_and_write_is_a_problem(shop: RecordShop):
    await shop.sim.load({"orders": [order(25)]})
    target = shop.target(RecordKind.SHIPMENTS)
    existing = await found(target, key())
    await shop.sim.delete("orders", 1025)
    end = await written(target, key(), existing, SENT)

    assert end.problem is not None
    assert end.problem.code is ProblemCode.RECORD_GONE


async def test_carriers_of_recent_orders_can_be_chosen(shop: RecordShop):
    await shop.sim.load(
        {"orders": [order(1, track_and_trace_carrier="PostNL"), order(2, track_and_trace_carrier="DHL")]}
    )

    assert [choice.value for choice in await shop.account.choices("carriers")] == ["DHL", "PostNL"]
