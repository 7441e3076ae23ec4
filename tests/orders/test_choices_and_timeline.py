from decimal import Decimal
from urllib.parse import quote

import pytest

from tests.shop_orders import shop_order, shop_row
from tests.world import World


@pytest.mark.feature("MAP-06", "ORD-28")
async def test_payment_methods_are_mapped_with_choices_from_both_accounts(small_world: World):
    world = small_world
    await world.integrate(target={"terms_of_payment": ""})
    await world.shop.load(
        {"paymethods": [{"id": 9, "psp": "Pay", "method": "Giftcard", "combined_name": "Pay Giftcard", "label": "Bon"}]}
    )
    tables = {t["table"]: t for t in await world.api("GET", f"/flows/{world.flow_id}/values?choices=true")}
    table = tables["payment_method"]
    source = {choice["value"]: choice["label"] for choice in table["source_choices"]}
    target = {choice["label"]: choice["value"] for choice in table["target_choices"]}
    terms = (await world.books.state())["termsofpayments"]
    assert {"Ideal": "iDEAL", "AfterPay": "Achteraf betalen", "Giftcard": "Bon"}.items() <= source.items()
    assert target == {term["Name"]: term["Id"] for term in terms}
    assert (table["values"], table["unavailable"]) == ({}, [])

    chosen = {"Ideal": target["Contant"], "AfterPay": target["14 dagen netto"]}
    for method, term in chosen.items():
        row = {"source_value": method, "target_value": term}
        await world.api("PUT", f"/flows/{world.flow_id}/values/payment_method", row)
    await world.settled()
    standing = await world.deliver(
        shop_order(1001), shop_order(1002, paymethod="AfterPay"), shop_order(1003, paymethod="Giftcard")
    )
    assert (standing["done"], standing["parked"]) == (2, 1)
    given = {document["BuyersOrderReference"]: document["TermsOfPaymentId"] for document in world.stored()}
    assert given == {"1001": chosen["Ideal"], "1002": chosen["AfterPay"]}
    [problem] = await world.problems()
    assert (problem["code"], problem["field"], problem["value"]) == ("unmapped_value", "payment_method", "Giftcard")


@pytest.mark.feature("LOG-03")
async def test_one_order_shows_what_was_read_sent_and_answered(small_world: World):
    world = small_world
    await world.ready()
    rows = [shop_row("MUG", 2, Decimal("12.10"), memo="Gift wrap")]
    await world.deliver(shop_order(1001, rows=rows, comment="Leave at the door"))
    [document] = world.stored()
    timeline = await world.item("1001")

    payload = timeline["source"]["raw"]
    assert (payload["id"], payload["comment"]) == (1001, "Leave at the door")
    assert payload["orderrows"][0]["memo"] == "Gift wrap"
    [line] = timeline["source"]["lines"]
    assert (line["sku"], line["quantity"], line["total"]) == ("MUG", "2", "24.20")
    exchanges = {(call["step"], call["method"], call["url"].partition("?")[0]): call for call in timeline["exchanges"]}
    read = exchanges["find_order", "GET", f"{world.shop.base_url}/api/rest/v1/orders/1001/orderrows/"]
    assert read["response"]["items"][0]["memo"] == "Gift wrap"
    sent = exchanges["create_document", "POST", f"{world.books.base_url}/v2/orders"]
    assert sent["request"]["BuyersOrderReference"] == "1001"
    assert (sent["status"], sent["outcome"]) == (201, "accepted")
    assert sent["response"]["Id"] == document["Id"]
    assert sent["duration_ms"] >= 0
    moments = [call["started_at"] for call in timeline["exchanges"]]
    assert moments == sorted(moments)
    kinds = [event["kind"] for event in timeline["events"]]
    assert (kinds[0], kinds[-1]) == ("listed", "finished")
    assert timeline["execution_url"].endswith(quote(world.order_execution(1001).id, safe=""))
    exported = await world.api("GET", f"/items/{timeline['item']['id']}/export")
    assert exported == timeline
