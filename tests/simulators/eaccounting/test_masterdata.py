"""Customers, articles and price lists: the model enforced, numbers unique, PUT replaces."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.eaccounting.conftest import Company

NOBODY = "8d0c0000-0000-4000-8000-000000000000"


async def test_the_smallest_customer_is_accepted_and_numbered(company: Company) -> None:
    first = await company.made("customers", company.customer())
    second = await company.made("customers", company.customer())
    assert (first["CustomerNumber"], second["CustomerNumber"]) == ("1001", "1002")
    assert (first["CurrencyCode"], first["InvoiceCountryCode"]) == ("EUR", "NL")
    assert first["TermsOfPayment"]["NumberOfDays"] == 30


@pytest.mark.parametrize(
    "member", ["Name", "InvoiceCity", "InvoicePostalCode", "TermsOfPaymentId", "IsPrivatePerson", "IsActive"]
)
async def test_a_required_member_is_required(company: Company, member: str) -> None:
    body = company.customer()
    del body[member]
    assert await company.broken_members("POST", "customers", body) == [member]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("Name", "x" * 51),
        ("InvoicePostalCode", "x" * 11),
        ("CustomerNumber", "x" * 17),
        ("DiscountPercentage", Decimal("1.5")),
        ("DiscountPercentage", Decimal("0.12345")),
        ("IsActive", "yes"),
        ("EmailAddresses", ["a@example.com"] * 6),
        ("Nickname", "Ex"),
        ("InvoiceCountryCode", "QQ"),
        ("CurrencyCode", "XXX"),
    ],
)
async def test_a_value_outside_the_model_is_named(company: Company, member: str, value: Any) -> None:
    body = company.customer(EmailAddress="a@example.com", **{member: value})
    assert await company.broken_members("POST", "customers", body) == [member]


async def test_all_broken_members_are_named_at_once(company: Company) -> None:
    body = company.customer(Name="x" * 51, InvoiceCity=7)
    assert sorted(await company.broken_members("POST", "customers", body)) == ["InvoiceCity", "Name"]


async def test_read_only_members_sent_back_are_ignored(company: Company) -> None:
    made = await company.made("customers", company.customer(Id=NOBODY, UnpaidInvoicesAmount=9))
    assert made["Id"] != NOBODY
    assert made["UnpaidInvoicesAmount"] == 0


async def test_customer_numbers_are_unique(company: Company) -> None:
    assert await company.refused("POST", "customers", company.customer(CustomerNumber="company")) == (400, 4000)


@pytest.mark.parametrize("member", ["TermsOfPaymentId", "DeliveryMethodId"])
async def test_an_unknown_id_in_a_customer_is_3000(company: Company, member: str) -> None:
    assert await company.refused("POST", "customers", company.customer(**{member: NOBODY})) == (400, 3000)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"VatNumber": "123", "InvoiceCountryCode": "NL"}, 4025),
        ({"VatNumber": "DE123456789", "InvoiceCountryCode": "NL"}, 4025),
        ({"ForceBookkeepVat": True, "InvoiceCountryCode": "DE"}, 4035),
        ({"DeliveryBasedVat": True}, 2000),
        ({"ReverseChargeOnConstructionServices": True}, 2000),
        ({"EmailAddresses": ["a@example.com"]}, 2000),
    ],
)
async def test_members_that_contradict_each_other(company: Company, members: dict[str, Any], code: int) -> None:
    assert await company.refused("POST", "customers", company.customer(**members)) == (400, code)


async def test_put_erases_what_is_left_out(company: Company) -> None:
    made = await company.made("customers", company.customer(EmailAddress="a@example.com", Note="n", CustomerNumber="7"))
    replaced = await company.send("PUT", f"customers/{made['Id']}", company.customer(CustomerNumber="7"))
    assert (replaced["EmailAddress"], replaced["Note"], replaced["CustomerNumber"]) == (None, None, "7")
    whole = await company.send("PUT", f"customers/{made['Id']}", {**made, "Telephone": "030"})
    assert (whole["EmailAddress"], whole["Telephone"]) == ("a@example.com", "030")


async def test_put_without_required_members_is_refused(company: Company) -> None:
    assert "Name" in await company.broken_members("PUT", f"customers/{company.ids['PERSON']}", {"Note": "n"})


async def test_a_customer_with_documents_can_not_be_deleted(company: Company) -> None:
    free = await company.made("customers", company.customer())
    assert (await company.exchange("DELETE", f"customers/{free['Id']}"))[0] == 200
    assert await company.refused("GET", f"customers/{free['Id']}") == (404, 3000)
    await company.made("orders", company.order())
    assert await company.refused("DELETE", f"customers/{company.ids['COMPANY']}") == (400, 4001)


async def test_the_smallest_article_is_accepted(company: Company) -> None:
    made = await company.made("articles", company.article())
    assert (made["NetPrice"], made["CodingName"], made["UnitAbbreviation"]) == (0, "Goederen 21 %", "st")


@pytest.mark.parametrize(
    ("net", "gross", "accepted"),
    [("10", "12.10", True), ("8.26", "10.00", True), ("10", "12.11", False), ("10", "10", False)],
)
async def test_net_and_gross_price_must_agree(company: Company, net: str, gross: str, accepted: bool) -> None:
    body = company.article(NetPrice=Decimal(net), GrossPrice=Decimal(gross))
    if accepted:
        await company.made("articles", body)
    else:
        assert await company.broken_members("POST", "articles", body) == ["GrossPrice"]


async def test_a_missing_price_follows_from_the_other(company: Company) -> None:
    assert (await company.made("articles", company.article(NetPrice=10)))["GrossPrice"] == Decimal("12.10")
    other = await company.made("articles", company.article(Number="B", GrossPrice=Decimal("12.10")))
    assert other["NetPrice"] == 10


async def test_article_numbers_are_unique_without_regard_to_capitals(company: Company) -> None:
    assert await company.refused("POST", "articles", company.article(Number="a21")) == (400, 4000)
    same = await company.exchange("PUT", f"articles/{company.ids['A21']}", company.article(Number="a21"))
    assert same[0] == 200


@pytest.mark.parametrize("member", ["CodingId", "UnitId"])
async def test_unknown_coding_or_unit_is_3000(company: Company, member: str) -> None:
    assert await company.refused("POST", "articles", company.article(**{member: NOBODY})) == (400, 3000)


async def test_article_put_replaces_stock_too(company: Company) -> None:
    made = await company.made("articles", company.article(StockBalance=5, Note="n"))
    assert made["StockBalance"] == 5
    replaced = await company.send("PUT", f"articles/{made['Id']}", company.article())
    assert (replaced["StockBalance"], replaced["Note"]) == (0, None)
    assert replaced["StockBalanceManuallyChangedUtc"]


async def test_with_the_stock_module_the_balance_is_not_written(company: Company) -> None:
    company.simulator.change_settings({"stock_module": True})
    body = company.article(IsStock=True, StockBalance=5)
    made = await company.made("articles", body)
    assert made["StockBalance"] == 0
    company.simulator.change_settings({"stock_balance_write": "refused"})
    assert await company.broken_members("PUT", f"articles/{made['Id']}", body) == ["StockBalance"]


async def test_is_stock_needs_the_module(company: Company) -> None:
    assert await company.refused("POST", "articles", company.article(IsStock=True)) == (403, 4002)


async def test_a_customers_prices_come_from_its_list(company: Company) -> None:
    company.simulator.change_settings({"product_variant": 5})
    prices = await company.made("salespricelists", {"Name": "B2B"})
    assert (prices["CurrencyCode"], prices["Number"], prices["IsActive"]) == ("EUR", 1, True)
    rows = [{"ArticleId": company.ids["A21"], "NetPrice": 8}]
    await company.send("PUT", f"salespricelists/{prices['Id']}/prices", rows)
    buyer = await company.made(
        "customers", company.customer(SalesPriceListId=prices["Id"], DiscountPercentage=Decimal("0.25"))
    )
    shown = await company.send("GET", f"articles/{company.ids['A21']}", customerId=buyer["Id"])
    assert (shown["NetPrice"], shown["NetPriceWithDiscount"]) == (8, 6)
    one = await company.send("GET", f"salespricelists/prices/{prices['Id']}/{company.ids['A21']}")
    assert one["GrossPrice"] == Decimal("9.68")
    assert len((await company.send("GET", "salespricelists/prices"))["Data"]) == 1
    assert await company.refused("DELETE", f"salespricelists/{prices['Id']}") == (400, 4001)


async def test_at_most_1000_prices_at_once(company: Company) -> None:
    company.simulator.change_settings({"product_variant": 5})
    prices = await company.made("salespricelists", {"Name": "B2B"})
    rows = [{"ArticleId": company.ids["A21"], "NetPrice": 8}] * 1001
    assert await company.broken_members("PUT", f"salespricelists/{prices['Id']}/prices", rows) == ["$"]
