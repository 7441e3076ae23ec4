"""Who may call what, how often, and what a bad call looks like."""

from __future__ import annotations

import pytest

from tests.simulators.eaccounting.conftest import Company


async def call_with_scope(company: Company, scope: str, method: str, path: str) -> tuple[int, int | None]:
    grant = company.simulator.load({"grants": [{"scope": scope}]})["grants"][0]
    headers = {"authorization": f"Bearer {grant['access_token']}"}
    answer = await company.client.request(method, f"/v2/{path}", headers=headers)
    return answer.status_code, answer.json().get("ErrorCode")


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Basic access"])
async def test_no_valid_token_is_401(company: Company, header: str) -> None:
    answer = await company.client.get("/v2/units", headers={"authorization": header})
    assert (answer.status_code, answer.json()["ErrorCode"]) == (401, 4005)


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("ea:api ea:accounting", "GET", "units"),
        ("ea:api ea:sales_readonly", "POST", "customers"),
        ("ea:api ea:sales", "GET", "vatcodes"),
        ("ea:api ea:sales", "GET", "bankaccounts"),
        ("ea:sales", "GET", "units"),
    ],
)
async def test_a_missing_scope_is_an_error(company: Company, scope: str, method: str, path: str) -> None:
    assert await call_with_scope(company, scope, method, path) == (403, 4006)


@pytest.mark.parametrize(
    ("scope", "path"),
    [("ea:sales_readonly", "units"), ("ea:accounting_readonly", "vatcodes"), ("ea:purchase", "bankaccounts")],
)
async def test_the_right_scope_reads(company: Company, scope: str, path: str) -> None:
    assert await call_with_scope(company, f"ea:api {scope}", "GET", path) == (200, None)


async def test_price_lists_are_for_the_pro_variant(company: Company) -> None:
    assert await company.refused("GET", "salespricelists") == (403, 4009)
    company.simulator.change_settings({"product_variant": 5})
    assert (await company.exchange("GET", "salespricelists"))[0] == 200


async def test_orders_are_not_in_the_solo_variant(company: Company) -> None:
    company.simulator.change_settings({"product_variant": 4})
    assert await company.refused("GET", "orders") == (403, 4009)
    assert (await company.exchange("GET", "customers"))[0] == 200


async def test_a_missing_module_is_4002(company: Company) -> None:
    company.simulator.change_settings({"modules": ["sales_standard"]})
    assert await company.refused("GET", "quotes") == (403, 4002)
    assert (await company.exchange("GET", "orders"))[0] == 200


async def test_an_inactive_or_read_only_company_says_so(company: Company) -> None:
    company.simulator.change_settings({"company_status": 0})
    assert await company.refused("GET", "customers") == (403, 4004)
    company.simulator.change_settings({"company_status": 2})
    assert await company.refused("POST", "customers", company.customer()) == (403, 4019)


async def test_the_limit_counts_per_path_and_has_no_header(company: Company) -> None:
    company.simulator.change_settings({"rate_limit": 3})
    for number in range(3):
        assert (await company.exchange("GET", f"customers/{company.ids['COMPANY']}", n=str(number)))[0] == 200
    answer = await company.client.get(f"/v2/customers/{company.ids['PERSON']}")
    assert answer.status_code == 429
    assert answer.json()["ErrorCode"] == 4010
    assert "maximum admitted 3 per Minute. Try again in 60 seconds." in answer.json()["DeveloperErrorMessage"]
    assert "retry-after" not in answer.headers
    assert (await company.exchange("GET", "units"))[0] == 200
    company.simulator.clock.advance(61)
    assert (await company.exchange("GET", f"customers/{company.ids['PERSON']}"))[0] == 200
    assert company.simulator.state()["rate_limit_peaks"]["sandbox-client /v2/customers/{id}"] == 4


async def test_retry_after_can_be_switched_on(company: Company) -> None:
    company.simulator.change_settings({"rate_limit": 0, "retry_after": True})
    answer = await company.client.get("/v2/units")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


async def test_unknown_paths_and_methods(company: Company) -> None:
    assert await company.refused("GET", "offers") == (404, 3000)
    assert await company.refused("DELETE", f"articles/{company.ids['A21']}") == (405, 3000)
    assert await company.refused("GET", "orders/8d0c0000-0000-4000-8000-000000000000") == (404, 3000)


async def test_a_body_must_be_json_and_say_so(company: Company) -> None:
    broken = await company.client.post("/v2/customers", content=b"{", headers={"content-type": "application/json"})
    assert (broken.status_code, broken.json()["ErrorCode"]) == (400, 2000)
    untyped = await company.client.post("/v2/customers", content=b"{}", headers={"content-type": "text/plain"})
    assert untyped.status_code == 415
    assert await company.broken_members("POST", "customers", []) == ["$"]
    assert await company.refused("POST", "customers") == (400, 2000)


async def test_kit_faults_speak_the_vendors_language(company: Company) -> None:
    rules = [
        {"fault": fault, "when": "once", "path": path}
        for fault, path in (("429", "units"), ("500_before_commit", "customers"), ("token_expired", "quotes"))
    ]
    await company.client.put("/_sim/faults", json=rules)
    assert await company.refused("GET", "units") == (429, 4010)
    assert await company.refused("GET", "customers") == (500, 5000)
    assert await company.refused("GET", "quotes") == (401, 4005)
    assert await company.refused("GET", "orders") == (401, 4005)


async def test_company_settings_are_a_bare_object(company: Company) -> None:
    settings = await company.send("GET", "companysettings")
    assert (settings["CountryCode"], settings["CurrencyCode"], settings["ProductVariant"]) == ("NL", "EUR", 1)
    assert settings["CompanyStatus"] == 1
