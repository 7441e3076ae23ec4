"""Sales price lists and discount agreements of the Pro variant."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from simulators.kit import ControlError
from tests.simulators.eaccounting.conftest import Company

NOBODY = "8d0c0000-0000-4000-8000-000000000000"


@pytest.fixture
def pro(company: Company) -> Company:
    company.simulator.change_settings({"product_variant": 5})
    company.simulator.load(
        {
            "customers": [{"CustomerNumber": "DEALER", "price_list": "Dealers"}],
            "salespricelists": [
                {"Name": "Dealers", "prices": [{"ArticleNumber": "A21", "NetPrice": 8}]},
                {"Name": "Export", "CurrencyCode": "USD", "prices": [{"ArticleNumber": "A9", "NetPrice": 5}]},
            ],
            "discountagreements": [{"Name": "Summer", "Number": 4, "IsActive": True}],
        }
    )
    company.ids |= {record["Name"]: record["Id"] for record in company.simulator.account.records("salespricelists")}
    return company


async def prices(company: Company, path: str = "", **params: str) -> list[tuple[str, str, str]]:
    listed = await company.send("GET", f"salespricelists/prices{path}", **params)
    return [(str(row["NetPrice"]), str(row["GrossPrice"]), row["CurrencyCode"]) for row in listed["Data"]]


def lists(company: Company) -> dict[str, dict[str, Any]]:
    return {entry["Name"]: entry for entry in company.simulator.state_of(["salespricelists"])["salespricelists"]}


async def test_loaded_lists_read_as_made_ones(pro: Company) -> None:
    lists = (await pro.send("GET", "salespricelists", q_orderby="Number"))["Data"]
    assert [(entry["Name"], entry["Number"], entry["CurrencyCode"], entry["IsActive"]) for entry in lists] == [
        ("Dealers", 1, "EUR", True),
        ("Export", 2, "USD", True),
    ]
    assert await prices(pro) == [("8", "9.68", "EUR"), ("5", "5.45", "USD")]
    assert await prices(pro, f"/{pro.ids['Export']}") == [("5", "5.45", "USD")]
    buyers = await pro.send("GET", "customers", q_filter=f"SalesPriceListId eq {pro.ids['Dealers']}")
    assert [buyer["CustomerNumber"] for buyer in buyers["Data"]] == ["DEALER"]
    agreements = (await pro.send("GET", "discountagreements"))["Data"]
    assert [(entry["Name"], entry["Number"], entry["IsActive"]) for entry in agreements] == [("Summer", 4, True)]


async def test_price_rows_page_and_filter_by_their_change(pro: Company) -> None:
    cursor = (await pro.send("GET", "salespricelists"))["Meta"]["ServerTimeUtc"]
    pro.simulator.clock.advance(5)
    rows = [{"ArticleId": pro.ids["A0"], "NetPrice": 3}]
    await pro.send("PUT", f"salespricelists/{pro.ids['Dealers']}/prices", rows, updateRecurringInvoices="false")
    pro.simulator.clock.advance(5)
    later = (await pro.send("GET", "salespricelists"))["Meta"]["ServerTimeUtc"]
    assert ("3", "3.00", "EUR") in await prices(pro, q_filter=f"ChangedUtc gt {cursor}")
    assert await prices(pro, q_filter=f"ChangedUtc gt {later}") == []
    pages = [await pro.send("GET", "salespricelists/prices", q_pagesize="2", q_page=str(page)) for page in (1, 2)]
    assert [len(page["Data"]) for page in pages] == [2, 1]
    assert pages[0]["Meta"]["TotalNumberOfPages"] == 2


async def test_a_price_is_replaced_and_the_others_stay(pro: Company) -> None:
    path = f"salespricelists/{pro.ids['Dealers']}/prices"
    await pro.send("PUT", path, [{"ArticleId": pro.ids["A9"], "NetPrice": 2}])
    answered = await pro.send("PUT", path, [{"ArticleId": pro.ids["A21"], "NetPrice": Decimal("7.50")}])
    assert [str(row["GrossPrice"]) for row in answered] == ["9.08"]
    assert await prices(pro, f"/{pro.ids['Dealers']}") == [("7.50", "9.08", "EUR"), ("2", "2.18", "EUR")]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"ArticleId": NOBODY, "NetPrice": 1}, 3000),
        ({"NetPrice": 1}, 2000),
        ({"ArticleId": NOBODY, "Price": 1}, 2000),
        ({"ArticleId": NOBODY, "NetPrice": "1"}, 2000),
    ],
)
async def test_a_faulty_row_leaves_all_prices_as_they_were(pro: Company, row: dict[str, Any], code: int) -> None:
    rows = [{"ArticleId": pro.ids["A21"], "NetPrice": 1}, row]
    assert await pro.refused("PUT", f"salespricelists/{pro.ids['Dealers']}/prices", rows) == (400, code)
    assert await prices(pro, f"/{pro.ids['Dealers']}") == [("8", "9.68", "EUR")]


async def test_a_lists_currency_goes_to_its_prices(pro: Company) -> None:
    path = f"salespricelists/{pro.ids['Dealers']}"
    await pro.send("PUT", path, {"Name": "Dealers", "CurrencyCode": "GBP", "IsActive": True})
    assert await prices(pro, f"/{pro.ids['Dealers']}") == [("8", "9.68", "GBP")]
    assert await pro.broken_members("PUT", path, {"Name": "Dealers", "CurrencyCode": "XXX"}) == ["CurrencyCode"]


async def test_a_list_goes_with_its_prices_once_nobody_uses_it(pro: Company) -> None:
    assert await pro.refused("DELETE", f"salespricelists/{pro.ids['Dealers']}") == (400, 4001)
    assert (await pro.exchange("DELETE", f"salespricelists/{pro.ids['Export']}"))[0] == 200
    assert await prices(pro) == [("8", "9.68", "EUR")]
    assert await pro.refused("GET", f"salespricelists/prices/{pro.ids['Export']}") == (404, 3000)


@pytest.mark.parametrize("path", ["salespricelists", "salespricelists/prices", "discountagreements"])
async def test_only_pro_has_price_lists(pro: Company, path: str) -> None:
    pro.simulator.change_settings({"product_variant": 1})
    assert await pro.refused("GET", path) == (403, 4009)
    listed = pro.customer(SalesPriceListId=pro.ids["Dealers"])
    assert await pro.refused("POST", "customers", listed) == (403, 4009)


async def test_the_merchant_changes_and_removes_prices(pro: Company) -> None:
    before = lists(pro)
    pro.simulator.clock.advance(5)
    changes = [{"ArticleNumber": "A21", "NetPrice": None}, {"ArticleNumber": "A0", "NetPrice": 0}]
    pro.simulator.load({"salespricelists": [{"Name": "Dealers", "prices": changes}]})
    assert await prices(pro, f"/{pro.ids['Dealers']}") == [("0", "0.00", "EUR")]
    row = {"price_list": "Export", "ArticleNumber": "A9", "NetPrice": 6, "ChangedUtc": "2026-01-02T03:04:05Z"}
    pro.simulator.load({"salespricelistrows": [row], "salespricelists": [{"Number": 2, "IsActive": False}]})
    one = await pro.send("GET", f"salespricelists/prices/{pro.ids['Export']}/{pro.ids['A9']}")
    assert (one["NetPrice"], one["ChangedUtc"]) == (6, "2026-01-02T03:04:05Z")
    after = lists(pro)
    assert after["Dealers"] == before["Dealers"]
    assert after["Export"]["ChangedUtc"] > before["Export"]["ChangedUtc"]
    assert after["Export"]["IsActive"] is False


@pytest.mark.parametrize(
    "body",
    [
        {"salespricelists": [{"CurrencyCode": "EUR"}]},
        {"salespricelists": [{"Name": "Dealers", "prices": ["x"]}]},
        {"salespricelists": [{"Name": "Dealers", "prices": [{"ArticleNumber": "NONE", "NetPrice": 1}]}]},
        {"salespricelistrows": [{"price_list": "NONE", "ArticleNumber": "A21", "NetPrice": 1}]},
        {"customers": [{"CustomerNumber": "DEALER", "price_list": "NONE"}]},
    ],
)
def test_price_lists_that_can_not_be_loaded(pro: Company, body: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        pro.simulator.load(body)
