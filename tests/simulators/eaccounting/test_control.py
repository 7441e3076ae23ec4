"""Loading, changing and reading back the account through the control interface."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.eaccounting import EAccounting
from simulators.kit import ControlError
from tests.simulators.eaccounting.conftest import Company


async def test_an_articles_rate_chooses_or_makes_its_coding(company: Company) -> None:
    codings = (await company.send("GET", "articleaccountcodings"))["Data"]
    rates = {coding["Id"]: str(coding["VatRatePercent"]) for coding in codings}
    articles = (await company.send("GET", "articles"))["Data"]
    assert {article["Number"]: rates[article["CodingId"]] for article in articles} == {
        "A0": "0",
        "A9": "0.09",
        "A19": "0.19",
        "A21": "0.21",
    }


@pytest.mark.parametrize(
    "body",
    [
        {"articles": [{"Name": "No number"}]},
        {"articles": [{"Number": "X", "Colour": "blue"}]},
        {"customers": [{"Name": "x" * 51}]},
        {"orders": [{}]},
        {"articles": {}},
        {"customers": ["x"]},
        {"clients": [{"client_id": "x"}]},
    ],
)
def test_what_can_not_be_loaded_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        EAccounting().load(body)


def test_ids_are_the_same_on_every_run() -> None:
    first, second = EAccounting(), EAccounting()
    for simulator in (first, second):
        simulator.load({"articles": [{"Number": "A"}]})
    assert first.state()["articles"][0]["Id"] == second.state()["articles"][0]["Id"]
    assert first.state()["termsofpayments"] == second.state()["termsofpayments"]


async def test_a_record_is_changed_and_removed_as_by_the_merchant(company: Company) -> None:
    path = f"/_sim/records/articles/{company.ids['A21']}"
    changed = await company.client.patch(path, json={"Number": "RENAMED"})
    assert changed.json()["Number"] == "RENAMED"
    assert (await company.client.patch(path, json={"Colour": "blue"})).status_code == 400
    assert (await company.client.delete(path)).status_code == 204
    assert (await company.client.delete(path)).status_code == 404
    assert (await company.client.delete("/_sim/records/offers/1")).status_code == 404


async def test_the_state_tells_documents_and_counters(company: Company) -> None:
    await company.made("orders", company.order(BuyersOrderReference="WEB-1", customer="PERSON"))
    state = (await company.client.get("/_sim/state")).json()
    (order,) = state["orders"]
    assert (order["BuyersOrderReference"], order["CurrencyCode"], order["total_incl_vat"]) == ("WEB-1", "EUR", "100.00")
    assert order["Rows"][0]["ArticleNumber"] == "A21"
    assert state["counters"]["created.orders"] == 1
    assert len(state["customers"]) == 5


async def test_a_reset_brings_back_the_new_company(company: Company) -> None:
    company.simulator.change_settings({"rate_limit": 1})
    await company.client.post("/_sim/reset")
    state = company.simulator.state()
    assert (state["customers"], state["counters"], state["rate_limit_peaks"]) == ([], {}, {})
    assert company.simulator.settings["rate_limit"] == 600
    assert (await company.exchange("GET", "units"))[0] == 401


async def test_a_committed_order_whose_answer_is_lost_exists(company: Company) -> None:
    await company.client.put("/_sim/faults", json=[{"fault": "500_after_commit", "when": "once", "method": "POST"}])
    body = company.order(BuyersOrderReference="WEB-1")
    assert await company.refused("POST", "orders", body) == (500, 5000)
    found = await company.send("GET", "orders", q_filter="BuyersOrderReference eq 'WEB-1'")
    assert len(found["Data"]) == 1
