"""A day of real invoices as the orders of the simulated shop."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest

from simulators import online_retail, people
from simulators.ccvshop import CcvShop
from simulators.ccvshop.totals import order_totals
from simulators.kit import ControlError

DAY = online_retail.bundled_day()
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def loaded(text: str = DAY, **options: Any) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    shop = CcvShop()
    counts = shop.load({"format": "online-retail", "csv": text, **options})
    return counts, {order["ordernumber_full"]: order for order in shop.state()["orders"]}


def lines(*rows: str) -> str:
    return HEADER + "\n".join(rows) + "\n"


def test_every_invoice_becomes_one_order_or_is_counted() -> None:
    counts, orders = loaded()
    invoices = {row["InvoiceNo"] for row in csv.DictReader(io.StringIO(DAY))}
    assert len(invoices) == 143
    assert invoices - set(orders) == {"536589"}
    assert (counts["orders"], counts["credit_notes"], counts["not_sales"]) == (142, 6, 1)


def test_same_file_gives_the_same_orders() -> None:
    assert loaded() == loaded()


def test_every_total_adds_up_to_the_cent() -> None:
    for order in loaded()[1].values():
        totals = order_totals(order, order["orderrows"])
        assert (totals.price, totals.tax) == (order["total_price"], order["total_tax"])
        assert order["total_price_text"] == str(order["total_price"])


def test_goods_and_shipping_amount_to_the_invoice() -> None:
    wanted: dict[str, Decimal] = {}
    for row in csv.DictReader(io.StringIO(DAY)):
        amount = int(row["Quantity"]) * Decimal(row["UnitPrice"])
        wanted[row["InvoiceNo"]] = wanted.get(row["InvoiceNo"], Decimal(0)) + amount
    for number, order in loaded()[1].items():
        assert order["total_orderrow_price"] + order["total_shipping"] - order["total_discounts"] == wanted[number]


def test_kinds_of_lines() -> None:
    _, orders = loaded(
        lines(
            "1,85123a,HEART,2,2010-12-01 08:26:00,2.55,17850.0,United Kingdom",
            "1,85123A,HEART,1,2010-12-01 08:26:00,2.55,17850.0,United Kingdom",
            "1,POST,POSTAGE,2,2010-12-01 08:26:00,18.0,17850.0,United Kingdom",
            "1,D,Discount,-1,2010-12-01 08:26:00,1.5,17850.0,United Kingdom",
            "1,M,Manual,1,2010-12-01 08:26:00,3.0,17850.0,United Kingdom",
            "1,22222,GIFT,1,2010-12-01 08:26:00,0.0,17850.0,United Kingdom",
        )
    )
    order = orders["1"]
    rows = order["orderrows"]
    assert (order["total_shipping"], order["total_discounts"]) == (36, Decimal("1.5"))
    assert [row["product_number"] for row in rows] == ["85123a", "85123A", "", "22222"]
    assert rows[0]["product_id"] != rows[1]["product_id"]
    assert rows[2]["product_id"] is None
    assert rows[3]["total_price_with_attributes"] == 0


def test_credit_notes_bad_debt_and_corrections() -> None:
    counts, orders = loaded(
        lines(
            "C1,85123A,HEART,-2,2010-12-01 08:26:00,2.55,17850.0,United Kingdom",
            "C2,D,Discount,-1,2010-12-01 08:26:00,27.5,14527.0,United Kingdom",
            "A3,B,Adjust bad debt,1,2010-12-01 08:26:00,-11062.06,,United Kingdom",
            "4,85123A,damaged,-5,2010-12-01 08:26:00,0.0,,United Kingdom",
            "5,85123A,,5,2010-12-01 08:26:00,0.0,,United Kingdom",
        )
    )
    credit = orders["C1"]
    assert (credit["status"], credit["ordernumber"], credit["ordernumber_prefix"]) == (8, 1, "C")
    assert credit["total_orderrow_price"] == Decimal("-5.10")
    assert orders["C2"]["orderrows"][0]["product_name"] == "Discount"
    assert orders["A3"]["total_orderrow_price"] == Decimal("-11062.06")
    assert "4" not in orders
    assert orders["5"]["total_price"] == 0
    assert counts["not_sales"] == 1


def test_buyers_are_the_same_every_time_and_reach_nobody() -> None:
    _, orders = loaded()
    for order in orders.values():
        email = order["customer"]["email"]
        assert email.endswith("@example.com")
        assert (order["user"]["id"] is None) == email.startswith("guest-")
        assert order["customer"]["billingaddress"]["country_code"]
    repeated = [order["customer"] for order in orders.values() if order["user"]["id"] == 17850]
    assert len(repeated) > 1
    assert all(customer == repeated[0] for customer in repeated)


def test_about_three_in_ten_customers_are_companies() -> None:
    share = sum(people.buyer(str(number), "1", "NL").is_company for number in range(12000, 13000))
    assert 250 < share < 350


@pytest.mark.parametrize(
    ("country", "company", "rate", "included", "intra"),
    [
        ("United Kingdom", True, 21, False, False),
        ("United Kingdom", False, 21, True, False),
        ("Germany", True, 0, False, True),
        ("Germany", False, 21, True, False),
        ("Norway", True, 0, False, False),
        ("Norway", False, 0, True, False),
    ],
)
def test_vat_follows_the_buyer(country: str, company: bool, rate: int, included: bool, intra: bool) -> None:
    number = next(n for n in range(12000, 13000) if people.buyer(str(n), "1", "NL").is_company is company)
    _, orders = loaded(lines(f"1,85123A,HEART,2,2010-12-01 08:26:00,2.55,{number}.0,{country}"))
    order = orders["1"]
    assert order["orderrows"][0]["tax"] == order["shipping_tax_percentage"] == rate
    assert (order["order_row_taxes_included"], order["is_intra_community_order"]) == (included, intra)
    assert bool(order["customer"]["btw"]) == (company and country != "Norway")


def test_options_shift_days_and_set_states() -> None:
    _, orders = loaded(shift_to="2026-01-15", status=2, paid=False, limit=3)
    assert len(orders) == 3
    assert orders["536365"]["create_date"] == "2026-01-15T08:26:00Z"
    assert (orders["536365"]["status"], orders["536365"]["paid"]) == (2, False)


def test_countries_stay_when_asked() -> None:
    _, orders = loaded(home_country=None, limit=1)
    assert orders["536365"]["customer"]["billingaddress"]["country_code"] == "GB"


def test_payment_methods_are_mixed_and_afterpay_is_rare() -> None:
    methods = [order["paymethod"] for order in loaded()[1].values()]
    assert set(methods) == {"Ideal", "BankTransfer", "CreditCard", "Paypal", "AfterPay"}
    assert methods.count("AfterPay") < len(methods) * 0.15


def test_a_second_day_adds_orders_and_keeps_products_apart() -> None:
    shop = CcvShop()
    shop.load({"format": "online-retail", "csv": DAY})
    before = {product["productnumber"]: product["id"] for product in shop.state()["products"]}
    shop.load({"format": "online-retail", "csv": DAY.replace("\n5363", "\n9363")})
    state = shop.state()
    assert {product["productnumber"]: product["id"] for product in state["products"]} == before
    assert all(
        before[row["product_number"]] == row["product_id"]
        for o in state["orders"]
        for row in o["orderrows"]
        if row["product_id"]
    )


@pytest.mark.parametrize(
    "body",
    [
        {"format": "other", "csv": DAY},
        {"format": "online-retail", "csv": "A,B\n1,2\n"},
        {"format": "online-retail", "csv": lines("1,A,B,many,2010-12-01 08:26:00,1.0,,France")},
        {"format": "online-retail", "csv": DAY, "colour": "red"},
        {"customers": []},
    ],
)
def test_loads_that_are_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        CcvShop().load(body)


def test_native_orders_keep_given_totals_and_link_products_by_number() -> None:
    shop = CcvShop()
    shop.load(
        {
            "products": [{"id": 900, "productnumber": "MUG", "name": "Mug", "price": Decimal(25)}],
            "orders": [
                {"id": 7, "total_price": Decimal("54.99"), "orderrows": [{"product_number": "MUG", "count": 2}]}
            ],
        }
    )
    (order,) = shop.state()["orders"]
    assert (order["total_price_text"], order["total_orderrow_price"]) == ("54.99", Decimal("50.00"))
    assert order["orderrows"][0]["product_id"] == 900
    with pytest.raises(ControlError, match="already"):
        shop.load({"orders": [{"id": 7}]})
