"""Orders of the books that are shipped because they were sent elsewhere."""

from datetime import UTC, datetime
from typing import Any

import pytest

from commerce.problems import Problem, ProblemCode
from commerce.record import Shipment
from connectors.eaccounting.shipment_source import EAccountingShipments as ReadSettings
from connectors.eaccounting.shipment_source import read_shipment
from connectors.eaccounting.shipment_target import (
    FIELDS,
    SHIPMENT_TARGET,
    EAccountingShipments,
    EAccountingShipmentTarget,
    shipment_rules,
)
from connectors.errors import OutcomeUnknown
from connectors.protocols import DocumentType, Identifier
from connectors.records import Change, Existing, Key, Written
from mapping.fields import Field
from mapping.rules import RuleSet
from tests.connectors.eaccounting.conftest import Office, order

SHIPPED, ONGOING, DRAFT = 3, 2, 1


def settings(**chosen: Any) -> EAccountingShipmentTarget:
    return EAccountingShipmentTarget.model_validate(chosen)


def target(office: Office, **chosen: Any) -> EAccountingShipments:
    return EAccountingShipments(office.client, settings(**chosen))


def key(reference: str = "1001", target_id: str = "") -> Key:
    return Key("s1", reference, target_id, {"order_reference": reference, "order_id": "s1"})


def mapped(tracking_code: str = "3SABC1", carrier: str = "PostNL", *, complete: bool = True, **chosen: Any) -> Any:
    shipment = Shipment(
        source_id="s1",
        reference="1001",
        order_id="s1",
        shipped_at=datetime(2026, 3, 4, tzinfo=UTC),
        carrier=carrier,
        tracking_code=tracking_code,
        complete=complete,
    )
    names = [Field(name, name) for name in Shipment.model_fields]
    rules = RuleSet.compile(shipment_rules(settings(**chosen)), source_fields=names, target_fields=FIELDS)
    carriers = {"PNL": "PostNL"}
    return rules.apply(shipment.model_dump(), lambda _, value: carriers.get(value), creating=False).values


async def found(opened: EAccountingShipments, wanted: Key) -> Existing:
    result = (await opened.find([wanted], Identifier.SKU)).get(wanted.source_id)
    assert isinstance(result, Existing), result
    return result


async def problem(opened: EAccountingShipments, wanted: Key) -> Problem:
    result = (await opened.find([wanted], Identifier.SKU)).get(wanted.source_id)
    assert isinstance(result, Problem), result
    return result


async def ship(opened: EAccountingShipments, wanted: Key, values: dict[str, Any]) -> Written | None:
    """What a run does with one shipment: look up, compare, write what differs."""
    existing = await found(opened, wanted)
    different = {name: text for name, text in values.items() if not opened.same(name, existing.values[name], text)}
    if not different:
        return None
    [end] = await opened.write([Change(wanted.source_id, "1001", existing, different, wanted)])
    return end


async def writes(office: Office) -> list[str]:
    calls = [(call["method"], call["target"].partition("?")[0]) for call in await office.simulation.requests()]
    await office.simulation.forget_requests()
    return [f"{method} {path.rpartition('/')[2]}" for method, path in calls if method != "GET"]


def refused(end: Written | None, code: ProblemCode) -> str:
    assert end is not None
    assert end.problem is not None
    assert end.problem.code is code
    return end.problem.sentence


def test_carrier_and_code_go_to_the_place_that_was_agreed_on():
    assert mapped() == {"Status": "3", "Rows.Text": "PostNL 3SABC1"}
    assert mapped(tracking_place="our_reference") == {"Status": "3", "OurReference": "PostNL 3SABC1"}
    assert mapped(tracking_place="delivery_method_name") == {"Status": "3", "DeliveryMethodName": "PostNL 3SABC1"}
    assert mapped(tracking_place="none") == {"Status": "3"}
    assert mapped(carrier="PNL", complete=False) == {"Rows.Text": "PostNL 3SABC1"}
    assert mapped(carrier="")["Rows.Text"] == "3SABC1"
    assert mapped(tracking_code="") == {"Status": "3"}


@pytest.mark.feature("SHP-03")
async def test_an_order_is_shipped_exactly_once_with_its_code(office: Office):
    made = await office.send(order(), DocumentType.ORDER)
    before = await office.only()
    await office.simulation.forget_requests()
    end = await ship(target(office), key(), mapped())

    assert end == Written("s1", made.target_id, made.number)
    assert await writes(office) == [f"PUT {made.target_id}", "POST completed"]
    after = await office.only()
    assert after["Status"] == SHIPPED
    assert after["ShippedDateTime"]
    assert [row["Text"] for row in after["Rows"] if row["IsTextRow"]][-1] == "Track & trace: PostNL 3SABC1"
    kept = ("CustomerId", "BuyersOrderReference", "DeliveryAddress1", "DeliveryCity", "Amount", "VatAmount")
    assert [after[name] for name in kept] == [before[name] for name in kept]
    assert await ship(target(office), key(target_id=made.target_id), mapped()) is None
    assert await writes(office) == []


@pytest.mark.parametrize("place", ["text_row", "our_reference", "delivery_method_name"])
async def test_what_was_written_reads_back_the_same(office: Office, place: str):
    await office.send(order(), DocumentType.ORDER)
    await ship(target(office, tracking_place=place), key(), mapped(tracking_place=place))
    shipment = read_shipment(await office.only(), ReadSettings.model_validate({"tracking_place": place}))
    assert (shipment.carrier, shipment.tracking_code) == ("PostNL", "3SABC1")
    assert (shipment.order_reference, shipment.complete) == ("1001", True)


async def test_an_order_that_is_shipped_or_invoiced_already_is_done(office: Office):
    made = await office.send(order(), DocumentType.ORDER)
    for status in (SHIPPED, 4):
        await office.simulation.load({"orders": [{"Id": made.target_id, "Status": status}]})
        await office.simulation.forget_requests()
        assert await ship(target(office), key(), mapped(tracking_code="")) is None
        assert await writes(office) == []


async def test_an_order_that_a_person_ships_at_the_same_moment_is_done(office: Office):
    made = await office.send(order(), DocumentType.ORDER)
    existing = await found(target(office), key())
    await office.simulation.load({"orders": [{"Id": made.target_id, "Status": SHIPPED}]})
    [end] = await target(office).write([Change("s1", "1001", existing, {"Status": "3"}, key())])
    assert end == Written("s1", made.target_id, made.number)


async def test_a_row_or_reference_that_has_a_code_is_changed_and_said(office: Office):
    made = await office.send(order(), DocumentType.ORDER)
    texts = ["TRACK & TRACE: DHL JVGL7"]
    await office.simulation.load({"orders": [{"Id": made.target_id, "OurReference": "Store 7", "text_rows": texts}]})
    end = await ship(target(office), key(), mapped(complete=False))
    assert end is not None
    assert end.notes == (f"Text row with the tracking code “DHL JVGL7” of order {made.number} was replaced.",)
    rows = (await office.only())["Rows"]
    assert [row["Text"] for row in rows if row["IsTextRow"]] == ["Track & trace: PostNL 3SABC1"]

    place = {"tracking_place": "our_reference"}
    end = await ship(target(office, **place), key(), mapped(complete=False, **place))
    assert end is not None
    assert end.notes == (f"Our reference “Store 7” of order {made.number} was replaced.",)
    assert (await office.only())["Status"] == ONGOING


async def test_another_name_of_the_carrier_changes_nothing(office: Office):
    made = await office.send(order(), DocumentType.ORDER)
    texts = ["Track & trace: PNL 3sabc1"]
    await office.simulation.load({"orders": [{"Id": made.target_id, "Status": SHIPPED, "text_rows": texts}]})
    assert await ship(target(office), key(), mapped()) is None


async def test_a_code_that_comes_after_the_order_was_shipped_waits_for_a_person(office: Office):
    made = await office.send(order(), DocumentType.ORDER)
    await ship(target(office), key(), mapped(tracking_code=""))
    sentence = refused(await ship(target(office), key(), mapped()), ProblemCode.REFUSED_BY_TARGET)
    assert f"Order {made.number}: the tracking code “PostNL 3SABC1” came after the order was shipped" in sentence


async def test_a_draft_is_not_shipped_but_named(office: Office):
    await office.send(order(), DocumentType.ORDER, target=office.target(order_status="draft"))
    await office.simulation.forget_requests()
    sentence = refused(await ship(target(office), key(), mapped()), ProblemCode.INVALID_VALUE)
    assert "Order 1001 was shipped, but in eAccounting it is a draft (draft-" in sentence
    assert await writes(office) == []
    assert (await office.only())["Status"] == DRAFT


async def test_no_other_status_can_be_set(office: Office):
    await office.send(order(), DocumentType.ORDER)
    sentence = refused(await ship(target(office), key(), {"Status": "4"}), ProblemCode.INVALID_VALUE)
    assert "a shipment only sets 3" in sentence


async def test_an_order_is_found_by_its_number_with_the_prefix_in_one_call_with_others(office: Office):
    web = office.target(reference_prefix="WEB-", reference_field="YourReference")
    made = [await office.send(order(reference=str(number)), DocumentType.ORDER, target=web) for number in (1001, 1002)]
    keys = [Key(f"s{number}", str(number), "", {"order_reference": str(number)}) for number in (1001, 1002)]
    await office.simulation.forget_requests()
    opened = target(office, reference_prefix="WEB-", reference_field="YourReference")
    hits = await opened.find(keys, Identifier.SKU)
    assert [hit.target_id for hit in hits.values() if isinstance(hit, Existing)] == [one.target_id for one in made]
    assert len(await office.simulation.requests()) == 1

    await office.simulation.settings({"unfilterable": ["YourReference"]})
    again = await opened.find(keys, Identifier.SKU)
    assert [hit.target_id for hit in again.values() if isinstance(hit, Existing)] == [one.target_id for one in made]


async def test_an_unknown_order_and_one_without_a_number_are_named(office: Office):
    made = await office.send(order(), DocumentType.INVOICE)
    why = await problem(target(office), key())
    assert (why.code, why.value) == (ProblemCode.RECORD_GONE, "1001")
    assert "A shipment of order 1001: eAccounting has no order with the number “1001”" in why.sentence
    assert "cannot tell which order" in (await problem(target(office), key(""))).sentence
    assert await target(office).find([key(target_id=made.target_id)], Identifier.SKU) == {}


async def test_two_orders_with_one_number_are_a_problem(office: Office):
    made = [await office.send(order(reference=number), DocumentType.ORDER) for number in ("1001", "1002")]
    await office.simulation.load({"orders": [{"Id": made[1].target_id, "BuyersOrderReference": "1001"}]})
    why = await problem(target(office), key())
    assert why.code is ProblemCode.AMBIGUOUS_MATCH
    assert ", ".join(sorted(one.number for one in made)) in why.sentence


async def test_a_lost_answer_is_looked_up_and_ships_nothing_twice(office: Office):
    await office.send(order(), DocumentType.ORDER)
    await office.simulation.forget_requests()
    await office.simulation.faults(
        [{"fault": "reset_after_commit", "when": "always", "method": method} for method in ("PUT", "POST")]
    )
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            await ship(target(office), key(), mapped())
    assert await ship(target(office), key(), mapped()) is None
    assert (await office.only())["Status"] == SHIPPED
    assert len(await writes(office)) == 2


def test_nothing_is_created_or_taken_away():
    assert not SHIPMENT_TARGET.creates
    assert len(SHIPMENT_TARGET.removals) == 1
