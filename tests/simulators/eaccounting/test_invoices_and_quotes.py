"""Drafts, booked invoices, payments and quotes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.eaccounting.conftest import Company

NOBODY = "8d0c0000-0000-4000-8000-000000000000"


async def draft_of(company: Company, **members: Any) -> Any:
    return await company.made("customerinvoicedrafts", company.invoice(company.draft_row(), **members))


async def test_a_draft_is_replaced_and_deleted(company: Company) -> None:
    draft = await draft_of(company, YourReference="WEB-1")
    assert (draft["TotalAmount"], draft["TotalVatAmount"], draft["InvoiceCurrencyCode"]) == (100, 21, "EUR")
    path = f"customerinvoicedrafts/{draft['Id']}"
    replaced = await company.send("PUT", path, company.invoice(company.draft_row(quantity=2)))
    assert (replaced["TotalAmount"], replaced["YourReference"]) == (200, None)
    assert (await company.exchange("DELETE", path))[0] == 200
    assert await company.refused("GET", path) == (404, 3000)


@pytest.mark.parametrize("member", ["IsTextRow", "ReversedConstructionServicesVatFree"])
async def test_a_required_member_of_a_draft_row(company: Company, member: str) -> None:
    row = company.draft_row()
    del row[member]
    assert await company.broken_members("POST", "customerinvoicedrafts", company.invoice(row)) == [f"Rows[0].{member}"]


async def test_draft_quantities_have_two_decimals_and_short_names(company: Company) -> None:
    row = company.draft_row(quantity=Decimal("1.001"))
    body = company.invoice(row, DeliveryCustomerName="x" * 51)
    assert sorted(await company.broken_members("POST", "customerinvoicedrafts", body)) == [
        "DeliveryCustomerName",
        "Rows[0].Quantity",
    ]


async def test_a_draft_is_booked_once(company: Company) -> None:
    draft = await draft_of(company, InvoiceDate="2026-03-02")
    path = f"customerinvoicedrafts/{draft['Id']}/convert"
    wrong = {"TotalAmountInvoiceCurrency": 99}
    assert await company.broken_members("POST", path, wrong) == ["TotalAmountInvoiceCurrency"]
    invoice = await company.send("POST", path, {"TotalAmountInvoiceCurrency": 100}, keepOriginalDraftDate="true")
    assert (invoice["InvoiceDate"], invoice["CreatedFromDraftId"]) == ("2026-03-02", draft["Id"])
    assert await company.refused("POST", path) == (404, 3000)


async def test_a_past_draft_date_becomes_today(company: Company) -> None:
    draft = await draft_of(company, InvoiceDate="2020-03-02")
    invoice = await company.send("POST", f"customerinvoicedrafts/{draft['Id']}/convert")
    assert invoice["InvoiceDate"] == company.simulator.clock.now().date().isoformat()


async def test_an_invoice_is_booked_with_due_date_and_vat_per_rate(company: Company) -> None:
    rows = (company.plain_row("A21"), company.plain_row("A9", 2, 50), {"Text": "Thank you"})
    invoice = await company.made("customerinvoices", company.invoice(*rows, InvoiceDate="2026-03-02"))
    assert (invoice["InvoiceNumber"], invoice["DueDate"], invoice["PaymentStatus"]) == (1, "2026-04-01", 2)
    assert [(str(part["VatPercent"]), part["VatAmountInvoiceCurrency"]) for part in invoice["VatSpecification"]] == [
        ("0.09", 9),
        ("0.21", 21),
    ]
    assert [row["IsTextRow"] for row in invoice["Rows"]] == [False, False, True]
    assert await company.refused("DELETE", f"customerinvoices/{invoice['Id']}") == (405, 3000)


async def test_the_currency_of_an_invoice_is_the_customers(company: Company) -> None:
    invoice = await company.made("customerinvoices", company.invoice(customer="BRITISH", CurrencyCode="EUR"))
    assert (invoice["CurrencyCode"], str(invoice["TotalAmountInvoiceCurrency"])) == ("GBP", "100.00")
    assert str(invoice["TotalAmount"]) == "117.00"


async def test_a_row_can_be_free_of_vat_or_take_the_articles_price(company: Company) -> None:
    article = await company.made("articles", company.article(NetPrice=7))
    company.ids["SKU-1"] = article["Id"]
    rows = (company.plain_row(IsVatFree=True), company.plain_row("SKU-1", 1, 0))
    kept = await company.made("customerinvoices", company.invoice(*rows, ReplaceUnitPriceWhenZero=False))
    assert (kept["TotalAmount"], kept["TotalVatAmount"]) == (100, 0)
    replaced = await company.made("customerinvoices", company.invoice(*rows, ReplaceUnitPriceWhenZero=True))
    assert replaced["TotalAmount"] == 107


async def test_a_credit_invoice_is_negative(company: Company) -> None:
    invoice = await company.made("customerinvoices", company.invoice(IsCreditInvoice=True))
    assert (str(invoice["TotalAmount"]), str(invoice["RemainingAmount"])) == ("-100.00", "-121.00")


async def test_an_invoice_needs_rows_with_articles(company: Company) -> None:
    assert await company.broken_members("POST", "customerinvoices", company.invoice() | {"Rows": []}) == ["Rows"]
    free = {"Text": "Free text", "Quantity": 1, "UnitPrice": 5}
    assert await company.broken_members("POST", "customerinvoices", company.invoice(free)) == ["Rows[0].ArticleId"]


async def test_locked_periods_and_years(company: Company) -> None:
    company.simulator.change_settings({"locked_to": "2026-01-31"})
    assert await company.refused("POST", "customerinvoices", company.invoice(InvoiceDate="2026-01-31")) == (400, 4026)
    await company.made("customerinvoices", company.invoice(InvoiceDate="2026-02-01"))
    assert await company.refused("POST", "customerinvoices", company.invoice(InvoiceDate="2099-02-01")) == (400, 3001)
    years = (await company.send("GET", "fiscalyears"))["Data"]
    (year,) = [year for year in years if year["StartDate"] == "2027-01-01"]
    company.simulator.patch_record("fiscalyears", year["Id"], {"IsLockedForAccounting": True})
    assert await company.refused("POST", "customerinvoices", company.invoice(InvoiceDate="2027-02-01")) == (400, 4038)


async def test_an_order_in_a_locked_period_stays_an_order(company: Company) -> None:
    order = await company.made("orders", company.order())
    today = company.simulator.clock.now().date().isoformat()
    company.simulator.change_settings({"locked_to": today})
    assert await company.refused("POST", f"orders/{order['Id']}/convert") == (400, 4026)
    assert (await company.send("GET", f"orders/{order['Id']}"))["Status"] == 2


async def test_a_coding_without_the_account_is_4024(company: Company) -> None:
    company.simulator.patch_record(
        "articleaccountcodings", company.ids["coding21"], {"ForeignSalesVatExemptOutsideEuAccountNumber": None}
    )
    assert await company.refused("POST", "customerinvoices", company.invoice(customer="BRITISH")) == (400, 4024)
    await company.made("customerinvoices", company.invoice())


async def test_payments_are_booked_as_often_as_they_are_sent(company: Company) -> None:
    invoice = await company.made("customerinvoices", company.invoice())
    today = company.simulator.clock.now().date()
    payment = {
        "CompanyBankAccountId": company.ids["bank"],
        "PaymentDate": today.isoformat(),
        "PaymentAmount": 121,
        "PaymentCurrency": "EUR",
        "PaymentType": 2,
    }
    path = f"customerinvoices/{invoice['Id']}"
    await company.made(f"{path}/payments", payment)
    assert (await company.send("GET", path))["PaymentStatus"] == 0
    await company.made(f"{path}/payments", payment)
    assert str((await company.send("GET", path))["RemainingAmount"]) == "-121.00"
    late = {**payment, "PaymentDate": (today + timedelta(days=2)).isoformat()}
    assert await company.refused("POST", f"{path}/payments", late) == (400, 4023)
    elsewhere = {**payment, "CompanyBankAccountId": NOBODY}
    assert await company.refused("POST", f"{path}/payments", elsewhere) == (400, 3000)


async def test_a_quote_is_accepted_and_becomes_an_order_once(company: Company) -> None:
    quote = await company.made("quotes", {"CustomerId": company.ids["PERSON"], "Rows": [company.plain_row()]})
    assert (quote["Number"], quote["Status"], str(quote["TotalAmount"]), str(quote["VatAmount"])) == (
        1,
        1,
        "82.64",
        "17.36",
    )
    path = f"quotes/{quote['Id']}"
    accepted = await company.send("PUT", f"{path}/accept")
    assert (accepted["Status"], accepted["ApprovedDate"]) == (2, company.simulator.clock.now().date().isoformat())
    order = await company.send("POST", f"{path}/converttoorder", {"Type": 1})
    assert (order["Status"], order["CreatedFromQuoteId"], str(order["Amount"])) == (2, quote["Id"], "82.64")
    assert await company.refused("POST", f"{path}/converttoorder", {"Type": 1}) == (400, 4002)
    assert await company.refused("DELETE", path) == (400, 4001)


async def test_a_quote_becomes_an_order_draft_or_an_invoice(company: Company) -> None:
    body = {"CustomerId": company.ids["COMPANY"], "Rows": [company.plain_row()]}
    first, second = await company.made("quotes", body), await company.made("quotes", body)
    draft = await company.send("POST", f"quotes/{first['Id']}/converttoorder", {"Type": 0})
    assert (draft["Status"], draft["Number"]) == (1, None)
    invoice = await company.send("POST", f"quotes/{second['Id']}/converttocustomerinvoice")
    assert (invoice["CreatedFromQuoteId"], str(invoice["RemainingAmount"])) == (second["Id"], "121.00")
    assert (await company.send("GET", f"quotes/{second['Id']}"))["Status"] == 3


async def test_a_quote_is_replaced_and_takes_terms_of_payment(company: Company) -> None:
    terms = (await company.send("GET", "termsofpayments"))["Data"][3]
    body = {"CustomerId": company.ids["COMPANY"], "Rows": [company.plain_row()]}
    quote = await company.made("quotes", {**body, "TermsOfPayment": {"Id": terms["Id"]}})
    assert quote["TermsOfPayment"]["NameEnglish"] == "Cash"
    replaced = await company.send("PUT", f"quotes/{quote['Id']}", body)
    assert replaced["TermsOfPayment"]["NameEnglish"] == "30 days net"
    assert (await company.exchange("DELETE", f"quotes/{quote['Id']}"))[0] == 200


async def test_a_quote_has_no_writable_reference(company: Company) -> None:
    quote = await company.made("quotes", {"CustomerId": company.ids["COMPANY"], "CustomerReference": "WEB-1"})
    assert quote["CustomerReference"] is None


async def test_totals_with_vat_are_a_setting(company: Company) -> None:
    company.simulator.change_settings({"totals_include_vat": True})
    assert (await draft_of(company))["TotalAmount"] == 121
    invoice = await company.made("customerinvoices", company.invoice())
    assert (invoice["TotalAmount"], invoice["TotalAmountInvoiceCurrency"]) == (121, 121)
    assert company.simulator.state()["customerinvoices"][0]["total_incl_vat"] == "121.00"
