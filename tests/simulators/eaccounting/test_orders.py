"""Orders: the model, the rows, the totals and the way to the invoice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.eaccounting.conftest import Company

NOBODY = "8d0c0000-0000-4000-8000-000000000000"


def amounts(order: dict[str, Any]) -> tuple[str, str]:
    return str(order["Amount"]), str(order["VatAmount"])


@pytest.mark.parametrize(
    "member",
    [
        "CustomerId",
        "CurrencyCode",
        "OrderDate",
        "Status",
        "EuThirdParty",
        "RotReducedInvoicingType",
        "ReverseChargeOnConstructionServices",
    ],
)
async def test_a_required_member_of_an_order(company: Company, member: str) -> None:
    body = company.order()
    del body[member]
    assert await company.broken_members("POST", "orders", body) == [member]


@pytest.mark.parametrize("member", ["LineNumber", "IsTextRow", "IsWorkCost", "EligibleForReverseChargeOnVat"])
async def test_a_required_member_of_a_row(company: Company, member: str) -> None:
    row = company.row()
    del row[member]
    assert await company.broken_members("POST", "orders", company.order(row)) == [f"Rows[0].{member}"]


@pytest.mark.parametrize(
    ("members", "broken"),
    [
        ({"BuyersOrderReference": "x" * 36}, "BuyersOrderReference"),
        ({"YourReference": "x" * 101}, "YourReference"),
        ({"DeliveryAddress1": "x" * 51}, "DeliveryAddress1"),
        ({"DeliveryPostalCode": "x" * 11}, "DeliveryPostalCode"),
        ({"DeliveryCountryCode": "QQ"}, "DeliveryCountryCode"),
        ({"CurrencyCode": "JPY"}, "CurrencyCode"),
        ({"OrderDate": "02-03-2026"}, "OrderDate"),
        ({"OrderDate": "2026-03-02Tnoon"}, "OrderDate"),
        ({"Status": 5}, "Status"),
        ({"Status": 3}, "Status"),
        ({"OrderLines": []}, "OrderLines"),
    ],
)
async def test_a_value_outside_the_model(company: Company, members: dict[str, Any], broken: str) -> None:
    assert await company.broken_members("POST", "orders", company.order(**members)) == [broken]


@pytest.mark.parametrize(
    ("members", "broken"),
    [
        ({"Quantity": Decimal("1.00001")}, "Quantity"),
        ({"UnitPrice": Decimal("1.001")}, "UnitPrice"),
        ({"DiscountPercentage": 15}, "DiscountPercentage"),
        ({"LineNumber": 1001}, "LineNumber"),
        ({"Text": "x" * 2001}, "Text"),
        ({"ArticleId": None}, "ArticleId"),
        ({"ArticleId": None, "ArticleNumber": "A21"}, "ArticleId"),
        ({"IsTextRow": True, "ArticleId": None, "Text": "free", "Quantity": 0}, "ArticleId"),
        ({"IsTextRow": True, "ArticleId": None, "Text": "", "Quantity": 0, "UnitPrice": 0}, "Text"),
    ],
)
async def test_a_row_outside_the_model(company: Company, members: dict[str, Any], broken: str) -> None:
    body = company.order(company.row(**members))
    assert await company.broken_members("POST", "orders", body) == [f"Rows[0].{broken}"]


@pytest.mark.parametrize(
    "body", [{"CustomerId": NOBODY}, {"TermsOfPaymentId": NOBODY}, {"Rows": [{"ArticleId": NOBODY}]}]
)
async def test_unknown_ids_are_3000(company: Company, body: dict[str, Any]) -> None:
    if "Rows" in body:
        body = {"Rows": [{**company.row(), **body["Rows"][0]}]}
    assert await company.refused("POST", "orders", {**company.order(), **body}) == (400, 3000)


async def test_construction_reverse_charge_needs_the_customers_flag(company: Company) -> None:
    row = company.row(EligibleForReverseChargeOnVat=True)
    assert await company.refused("POST", "orders", company.order(row)) == (400, 4027)


async def test_a_foreign_customer_or_currency_allows_four_decimals(company: Company) -> None:
    row = company.row(price=Decimal("1.0001"))
    await company.made("orders", company.order(row, customer="GERMAN"))
    await company.made("orders", company.order(row, CurrencyCode="USD"))
    five = company.row(price=Decimal("1.00001"))
    assert await company.broken_members("POST", "orders", company.order(five, customer="GERMAN"))


async def test_text_rows_and_defaults_of_rows(company: Company) -> None:
    text = company.row(IsTextRow=True, ArticleId=None, Text="Track 3S", Quantity=0, UnitPrice=0, LineNumber=2)
    order = await company.made("orders", company.order(text, company.row()))
    assert [row["Text"] for row in order["Rows"]] == ["Article 21", "Track 3S"]
    assert order["Rows"][0]["ArticleNumber"] == "A21"
    assert order["Amount"] == 100


async def test_null_address_members_come_from_the_customer_one_by_one(company: Company) -> None:
    buyer = await company.made(
        "customers", company.customer(DeliveryCity="Breda", DeliveryAddress1="Kade 1", CustomerNumber="D")
    )
    order = await company.made(
        "orders", {**company.order(), "CustomerId": buyer["Id"], "DeliveryAddress1": "Elsewhere 2"}
    )
    assert (order["DeliveryAddress1"], order["DeliveryCity"]) == ("Elsewhere 2", "Breda")
    assert (order["InvoiceCustomerName"], order["InvoiceCity"]) == ("Example B.V.", "Utrecht")


@pytest.mark.parametrize(
    ("customer", "includes_vat", "expected"),
    [
        ("COMPANY", False, ("100.00", "21.00")),
        ("PERSON", True, ("82.64", "17.36")),
        ("GERMAN", False, ("100.00", "0.00")),
        ("FRENCH", True, ("82.64", "17.36")),
        ("BRITISH", False, ("100.00", "0.00")),
    ],
)
async def test_vat_follows_from_the_customer(
    company: Company, customer: str, includes_vat: bool, expected: tuple[str, str]
) -> None:
    order = await company.made("orders", company.order(customer=customer))
    assert order["IncludesVat"] is includes_vat
    assert amounts(order) == expected


async def test_prices_without_vat_for_private_persons_are_a_setting(company: Company) -> None:
    company.simulator.change_settings({"prices_incl_vat_for_private": False})
    order = await company.made("orders", company.order(customer="PERSON"))
    assert order["IncludesVat"] is False
    assert amounts(order) == ("100.00", "21.00")


async def test_vat_can_be_forced_outside_the_eu_and_skipped_nowhere_else(company: Company) -> None:
    forced = await company.made("customers", company.customer(InvoiceCountryCode="US", ForceBookkeepVat=True))
    order = await company.made("orders", {**company.order(), "CustomerId": forced["Id"]})
    assert amounts(order) == ("100.00", "21.00")


async def test_totals_are_exact_per_row_and_rate(company: Company) -> None:
    rows = [
        company.row("A21", 3, Decimal("9.99"), DiscountPercentage=Decimal("0.05"), LineNumber=1),
        company.row("A9", Decimal("0.5"), Decimal("4.55"), LineNumber=2),
        company.row("A21", 1, Decimal("-5.00"), LineNumber=3),
    ]
    order = await company.made("orders", company.order(*rows))
    assert [str(row["Amount"]) for row in order["Rows"]] == ["28.47", "2.28", "-5.00"]
    assert amounts(order) == ("25.75", "5.14")
    (state,) = company.simulator.state()["orders"]
    assert state["total_incl_vat"] == "30.89"


async def test_rounding_to_whole_units_is_a_setting(company: Company) -> None:
    company.simulator.change_settings({"whole_unit_rounding": True})
    order = await company.made("orders", company.order(company.row(price=Decimal("10.10"))))
    assert str(order["RoundingsAmount"]) == "-0.22"


async def test_a_draft_has_no_number_until_it_becomes_an_order(company: Company) -> None:
    draft = await company.made("orders", company.order(Status=1))
    assert draft["Number"] is None
    direct = await company.made("orders", company.order())
    assert direct["Number"] == 1
    started = await company.send("POST", f"orders/{draft['Id']}/converteddrafttoorder")
    assert (started["Status"], started["Number"]) == (2, 2)
    assert await company.refused("POST", f"orders/{draft['Id']}/converteddrafttoorder") == (400, 4002)


async def test_shipping_and_taking_it_back(company: Company) -> None:
    order = await company.made("orders", company.order())
    path = f"orders/{order['Id']}"
    shipped = await company.send("POST", f"{path}/completed")
    assert shipped["Status"] == 3
    assert shipped["ShippedDateTime"][:10] == company.simulator.clock.now().date().isoformat()
    assert shipped["DeliveredAmount"] == 100
    assert await company.refused("DELETE", path) == (400, 4001)
    assert await company.refused("PUT", path, shipped) == (400, 4002)
    voided = await company.send("POST", f"{path}/voided")
    assert (voided["Status"], voided["ShippedDateTime"]) == (2, None)
    assert (await company.exchange("DELETE", path))[0] == 200


async def test_a_back_order_blocks_taking_back(company: Company) -> None:
    order = await company.made("orders", company.order(company.row(quantity=5, DeliveredQuantity=3)))
    path = f"orders/{order['Id']}"
    await company.send("POST", f"{path}/completed")
    rest = await company.send("POST", f"{path}/backorder")
    assert (rest["Status"], rest["Rows"][0]["Quantity"]) == (2, 2)
    assert await company.refused("POST", f"{path}/voided") == (400, 4028)


async def test_converting_books_an_invoice_once(company: Company) -> None:
    order = await company.made("orders", company.order(customer="PERSON", BuyersOrderReference="WEB-1"))
    invoice = await company.send("POST", f"orders/{order['Id']}/convert", {"WorkHouseOtherCosts": None})
    assert (invoice["CreatedFromOrderId"], invoice["BuyersOrderReference"]) == (order["Id"], "WEB-1")
    assert (invoice["InvoiceNumber"], str(invoice["RemainingAmount"])) == (1, "100.00")
    assert invoice["CustomerIsPrivatePerson"] is True
    assert (await company.send("GET", f"orders/{order['Id']}"))["Status"] == 4
    assert await company.refused("POST", f"orders/{order['Id']}/convert") == (400, 4002)
    found = await company.send("GET", "customerinvoices", q_filter=f"CreatedFromOrderId eq {order['Id']}")
    assert len(found["Data"]) == 1


async def test_put_replaces_an_order(company: Company) -> None:
    order = await company.made("orders", company.order(YourReference="WEB-1"))
    replaced = await company.send("PUT", f"orders/{order['Id']}", company.order(company.row(quantity=2)))
    assert (replaced["YourReference"], replaced["Amount"], replaced["Number"]) == (None, 200, 1)
    assert await company.refused("PUT", f"orders/{order['Id']}", company.order(Status=1)) == (400, 4002)
    shipped = await company.send("PUT", f"orders/{order['Id']}", company.order(Status=3))
    assert shipped["Status"] == 3


async def test_stock_is_reserved_shipped_and_put_back(company: Company) -> None:
    company.simulator.change_settings({"stock_module": True})
    company.simulator.load({"articles": [{"Number": "S", "IsStock": True, "StockBalance": 30, "vat_rate": 21}]})
    (article,) = (await company.send("GET", "articles", q_filter="Number eq 'S'"))["Data"]
    company.ids["S"] = article["Id"]

    async def stock() -> tuple[int, int, int]:
        shown = await company.send("GET", f"articles/{article['Id']}")
        return shown["StockBalance"], shown["StockBalanceReserved"], shown["StockBalanceAvailable"]

    order = await company.made("orders", company.order(company.row("S", 29)))
    assert await stock() == (30, 29, 1)
    await company.send("POST", f"orders/{order['Id']}/completed")
    assert await stock() == (1, 0, 1)
    await company.send("POST", f"orders/{order['Id']}/voided")
    assert await stock() == (30, 29, 1)
    await company.send("POST", f"orders/{order['Id']}/convert")
    assert await stock() == (1, 0, 1)
    await company.made("customerinvoices", company.invoice(company.plain_row("S", 2), IsCreditInvoice=True))
    assert await stock() == (3, 0, 3)
    available = await company.send("GET", "articles", q_filter="StockBalanceAvailable gt 0")
    assert [record["Number"] for record in available["Data"]] == ["S"]


async def test_the_price_mode_stays_when_the_setting_changes(company: Company) -> None:
    order = await company.made("orders", company.order(customer="PERSON"))
    company.simulator.change_settings({"prices_incl_vat_for_private": False})
    replaced = await company.send("PUT", f"orders/{order['Id']}", company.order(customer="PERSON"))
    assert replaced["IncludesVat"] is True
