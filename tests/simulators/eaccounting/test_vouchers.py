"""Vouchers: entries that balance on accounts of an open year."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from simulators.eaccounting.account import fixed_id
from tests.simulators.eaccounting.conftest import Company

YEAR = fixed_id("fiscalyears", "2026")
CENTRE = "11111111-1111-4111-8111-111111111111"


def row(number: int, **amounts: Any) -> dict[str, Any]:
    return {"AccountNumber": number, **amounts}


def debit(number: int = 1100, amount: Any = Decimal("12.10"), **members: Any) -> dict[str, Any]:
    return row(number, DebitAmount=amount, **members)


def credit(number: int = 8210, amount: Any = Decimal("12.10"), **members: Any) -> dict[str, Any]:
    return row(number, CreditAmount=amount, **members)


def voucher(*rows: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {
        "VoucherDate": "2026-03-02",
        "VoucherText": "Order 1001",
        "Rows": list(rows or (debit(), credit())),
        **members,
    }


async def test_a_voucher_gets_a_number_of_its_year_and_the_vat_codes_of_its_accounts(company: Company) -> None:
    first = await company.made("vouchers", voucher())
    second = await company.made("vouchers", voucher(VoucherText="Order 1002"))
    other = await company.made("vouchers", voucher(VoucherDate="2025-12-31"))
    numbers = [one["NumberAndNumberSeries"] for one in (first, second, other)]
    assert numbers == ["A1", "A2", "A1"]
    assert [one["VatCodeId"] for one in first["Rows"]] == [None, fixed_id("vatcodes", "1a")]
    assert (first["VoucherType"], first["Rows"][1]["AccountDescription"]) == (2, "Omzet 21 %")
    status, bare = await company.exchange("POST", "vouchers", voucher(), useDefaultVatCodes="false")
    assert (status, bare["Rows"][1]["VatCodeId"]) == (201, None)
    assert len(company.simulator.state()["vouchers"]) == 4


async def test_vouchers_are_listed_by_filter_and_by_year(company: Company) -> None:
    made = await company.made("vouchers", voucher())
    await company.made("vouchers", voucher(VoucherText="Order 1002", VoucherDate="2025-03-02"))
    found = await company.send("GET", "vouchers", q_filter="VoucherText eq 'Order 1001'")
    assert [one["Id"] for one in found["Data"]] == [made["Id"]]
    of_year = await company.send("GET", f"vouchers/{YEAR}")
    assert [one["Id"] for one in of_year["Data"]] == [made["Id"]]
    assert await company.send("GET", f"vouchers/{YEAR}/{made['Id']}") == made
    assert await company.refused("GET", "vouchers/nothing") == (404, 3000)


@pytest.mark.parametrize(
    ("body", "member"),
    [
        (voucher(debit(), credit(amount=Decimal("12.09"))), "Rows"),
        (voucher(debit(amount=Decimal("12.101")), credit()), "Rows[0].DebitAmount"),
        (voucher(debit(amount=Decimal("-12.10")), credit()), "Rows[0].DebitAmount"),
        (voucher(debit(CreditAmount=Decimal("12.10")), credit()), "Rows[0].DebitAmount"),
        (voucher(row(1100), credit()), "Rows[0].DebitAmount"),
        (voucher(debit(1300), credit()), "Rows[0].AccountNumber"),
        (voucher(debit(Text="Order"), credit()), "Rows[0].Text"),
        (voucher(debit(TransactionText="x" * 61), credit()), "Rows[0].TransactionText"),
        (voucher(debit(CostCenterItemId1=CENTRE), credit()), "Rows[0].CostCenterItemId1"),
        (voucher(debit(), credit(8000, ProjectId=CENTRE)), "Rows[1].ProjectId"),
        (voucher(VoucherText=""), "VoucherText"),
        (voucher(VoucherText="x" * 1001), "VoucherText"),
        (voucher(VoucherDate="tomorrow"), "VoucherDate"),
        (voucher(CustomerId=CENTRE), "CustomerId"),
        ({**voucher(), "Rows": []}, "Rows"),
    ],
)
async def test_a_voucher_that_breaks_a_rule_is_refused_by_the_member(
    company: Company, body: dict[str, Any], member: str
) -> None:
    assert member in await company.broken_members("POST", "vouchers", body)
    assert company.simulator.state()["vouchers"] == []


@pytest.mark.parametrize("number", [9999, 8990])
async def test_unknown_and_inactive_accounts_are_refused(company: Company, number: int) -> None:
    assert await company.refused("POST", "vouchers", voucher(debit(number), credit())) == (400, 3002)


async def test_a_day_outside_every_open_year_is_refused(company: Company) -> None:
    assert await company.refused("POST", "vouchers", voucher(VoucherDate="2040-01-01")) == (400, 3001)
    company.simulator.patch_record("fiscalyears", YEAR, {"IsLockedForAccounting": True})
    assert await company.refused("POST", "vouchers", voucher()) == (400, 4038)


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("ea:api ea:sales", "GET", "vouchers"),
        ("ea:api ea:sales", "GET", f"accounts/{YEAR}"),
        ("ea:api ea:sales ea:accounting_readonly", "POST", "vouchers"),
    ],
)
async def test_vouchers_need_the_scope_of_the_ledger(company: Company, scope: str, method: str, path: str) -> None:
    grant = company.simulator.load({"grants": [{"scope": scope}]})["grants"][0]
    headers = {"authorization": f"Bearer {grant['access_token']}"}
    answer = await company.client.request(method, f"/v2/{path}", headers=headers)
    assert (answer.status_code, answer.json()["ErrorCode"]) == (403, 4006)


async def test_every_year_has_accounts_and_more_can_be_loaded(company: Company) -> None:
    company.simulator.load({"accounts": [{"Number": "8600", "Name": "Boeken"}, {"Number": "8210", "IsActive": False}]})
    listed = (await company.send("GET", f"accounts/{YEAR}", q_pagesize="100"))["Data"]
    assert {one["FiscalYearId"] for one in listed} == {YEAR}
    marks = {one["Number"]: (one["Name"], one["IsActive"]) for one in listed}
    assert (marks["8600"], marks["8210"]) == (("Boeken", True), ("Omzet 21 %", False))
    assert (await company.send("GET", f"accounts/{YEAR}/8600"))["Name"] == "Boeken"
    assert await company.refused("GET", f"accounts/{YEAR}/1") == (404, 3000)
