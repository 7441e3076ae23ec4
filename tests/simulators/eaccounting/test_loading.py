"""Records put in through the control interface: new ones, and changes as a person in the books would make them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from simulators.kit import ControlError
from tests.simulators.eaccounting.conftest import Company

LAMP = {"Number": "LAMP", "Name": "Lamp", "NetPrice": 10, "Note": "Old", "StockBalance": 5, "vat_rate": 21}


async def article(company: Company, number: str) -> dict[str, Any]:
    (found,) = (await company.send("GET", "articles", q_filter=f"Number eq '{number}'"))["Data"]
    return dict(found)


@pytest.mark.parametrize(
    ("change", "net", "gross"),
    [
        ({"NetPrice": 20}, "20", "24.20"),
        ({"GrossPrice": Decimal("24.20")}, "20.00", "24.20"),
        ({"NetPrice": Decimal("8.26"), "GrossPrice": 10}, "8.26", "10"),
        ({"vat_rate": 9}, "10", "10.90"),
        ({"vat_rate": 9, "GrossPrice": Decimal("21.80")}, "20.00", "21.80"),
        ({"NetPrice": 0}, "0", "0.00"),
        ({"Name": "Desk lamp"}, "10", "12.10"),
    ],
)
async def test_a_known_article_changes_in_the_given_members_only(
    company: Company, change: dict[str, Any], net: str, gross: str
) -> None:
    company.simulator.load({"articles": [LAMP]})
    before = await article(company, "LAMP")
    company.simulator.clock.advance(5)
    company.simulator.load({"articles": [{"Number": "lamp", **change}]})
    after = await article(company, "LAMP")
    assert (str(after["NetPrice"]), str(after["GrossPrice"])) == (net, gross)
    assert (after["Id"], after["Note"], after["StockBalance"]) == (before["Id"], "Old", 5)
    assert after["ChangedUtc"] > before["ChangedUtc"]
    assert after["CreatedUtc"] == before["CreatedUtc"]


async def test_an_article_is_renamed_by_its_id(company: Company) -> None:
    company.simulator.load({"articles": [LAMP]})
    before = await article(company, "LAMP")
    company.simulator.clock.advance(5)
    company.simulator.load({"articles": [{"Id": before["Id"], "Number": "LAMP-2"}]})
    after = await article(company, "LAMP-2")
    assert (after["Id"], after["ChangedUtc"] > before["ChangedUtc"]) == (before["Id"], True)
    with pytest.raises(ControlError, match="belongs to another"):
        company.simulator.load({"articles": [{"Id": before["Id"], "Number": "A21"}]})
    with pytest.raises(ControlError, match="does not match"):
        company.simulator.load({"articles": [{"Number": "LAMP-2", "NetPrice": 5, "GrossPrice": 9}]})


async def test_labels_and_moments_can_be_loaded(company: Company) -> None:
    labels = [{"Name": "Lamps"}, {"Name": "Sale"}]
    moment = "2026-01-02T03:04:05Z"
    company.simulator.load({"articles": [{**LAMP, "ArticleLabels": labels, "ChangedUtc": moment}]})
    company.simulator.load({"articles": [{"Number": "MUG", "ArticleLabels": [{"Name": "Sale"}]}]})
    lamp, mug = await article(company, "LAMP"), await article(company, "MUG")
    assert [label["Name"] for label in lamp["ArticleLabels"]] == ["Lamps", "Sale"]
    assert lamp["ArticleLabels"][1] == mug["ArticleLabels"][0]
    assert lamp["ChangedUtc"] == moment
    assert len((await company.send("GET", "articlelabels"))["Data"]) == 2


async def test_without_the_module_a_balance_is_changed_by_hand(company: Company) -> None:
    company.simulator.load({"articles": [LAMP]})
    company.simulator.load({"articles": [{"Number": "LAMP", "StockBalance": 7}]})
    after = await article(company, "LAMP")
    assert after["StockBalance"] == 7
    assert after["StockBalanceManuallyChangedUtc"]


async def test_a_known_customer_changes_in_the_given_members_only(company: Company) -> None:
    cursor = (await company.send("GET", "customers"))["Meta"]["ServerTimeUtc"]
    company.simulator.clock.advance(5)
    company.simulator.load({"customers": [{"CustomerNumber": "COMPANY", "DeliveryCity": "Breda"}]})
    (changed,) = (await company.send("GET", "customers", q_filter="DeliveryCity eq 'breda'"))["Data"]
    assert (changed["Id"], changed["EmailAddress"]) == (company.ids["COMPANY"], "office@example.nl")
    assert changed["ChangedUtc"] > cursor
    assert len(company.simulator.state_of(["customers"])["customers"]) == 5


async def test_customers_without_a_number_get_the_next_ones(company: Company) -> None:
    company.simulator.load({"customers": [{"Name": "First"}, {"Name": "Second"}]})
    numbers = [record["CustomerNumber"] for record in company.simulator.account.records("customers")[-2:]]
    assert numbers == ["1001", "1002"]
    assert (await company.made("customers", company.customer()))["CustomerNumber"] == "1003"


async def test_an_order_can_be_loaded_delivered_with_its_tracking_code(company: Company) -> None:
    company.simulator.load(
        {
            "orders": [
                {
                    "CustomerNumber": "COMPANY",
                    "BuyersOrderReference": "WEB-1001",
                    "Status": 3,
                    "ShippedDateTime": "2026-03-04",
                    "DeliveryMethodName": "Pakketpost",
                    "OurReference": "3SABC",
                    "Rows": [{"ArticleNumber": "A21", "Quantity": 2, "UnitPrice": 100}],
                    "text_rows": ["Track & trace: 3SABC"],
                }
            ]
        }
    )
    (order,) = (await company.send("GET", "orders", q_filter="Status eq 3"))["Data"]
    assert (order["Number"], order["BuyersOrderReference"], order["OurReference"]) == (1, "WEB-1001", "3SABC")
    assert (order["ShippedDateTime"], order["DeliveredAmount"]) == ("2026-03-04T00:00:00Z", 200)
    assert [(row["Text"], row["DeliveredQuantity"], row["IsTextRow"]) for row in order["Rows"]] == [
        ("Article 21", 2, False),
        ("Track & trace: 3SABC", 0, True),
    ]
    shown = company.simulator.record("orders", order["Id"])
    assert (shown["ShippedDateTime"], shown["DeliveryMethodName"]) == ("2026-03-04", "Pakketpost")
    assert shown["total_incl_vat"] == "242.00"


async def test_an_order_made_by_a_client_is_delivered_in_the_books(company: Company) -> None:
    company.simulator.change_settings({"stock_module": True})
    company.simulator.load({"articles": [{"Number": "A21", "IsStock": True, "StockBalance": 10}]})
    made = await company.made("orders", company.order(company.row(quantity=2), BuyersOrderReference="WEB-1"))
    company.simulator.clock.advance(5)
    company.simulator.load({"orders": [{"Id": made["Id"], "Status": 3}]})
    shipped = await company.send("GET", f"orders/{made['Id']}")
    assert (shipped["Status"], shipped["BuyersOrderReference"]) == (3, "WEB-1")
    assert shipped["ShippedDateTime"][:10] == company.simulator.account.today()
    assert shipped["ModifiedUtc"] > made["ModifiedUtc"]
    assert (await article(company, "A21"))["StockBalance"] == 8
    company.simulator.clock.advance(5)
    company.simulator.load({"orders": [{"Number": 1, "OurReference": "3SXYZ", "text_rows": ["3SXYZ"]}]})
    coded = await company.send("GET", f"orders/{made['Id']}")
    assert (coded["OurReference"], [row["Text"] for row in coded["Rows"]]) == ("3SXYZ", ["Article 21", "3SXYZ"])
    assert (coded["DeliveredAmount"], coded["ModifiedUtc"] > shipped["ModifiedUtc"]) == (200, True)
    company.simulator.load({"orders": [{"Number": 1, "Status": 4}]})
    assert (await company.send("GET", f"orders/{made['Id']}"))["Status"] == 4
    assert len((await company.send("GET", "customerinvoices"))["Data"]) == 1
    assert (await article(company, "A21"))["StockBalance"] == 8


async def test_a_loaded_delivery_took_its_goods_long_ago(company: Company) -> None:
    company.simulator.change_settings({"stock_module": True})
    company.simulator.load(
        {
            "orders": [{"CustomerNumber": "PERSON", "Status": 3, "Rows": [{"ArticleNumber": "S", "Quantity": 4}]}],
            "articles": [{"Number": "S", "IsStock": True, "StockBalance": 10, "GrossPrice": Decimal("12.10")}],
        }
    )
    assert (await article(company, "S"))["StockBalance"] == 10
    (order,) = company.simulator.state()["orders"]
    assert (order["total_incl_vat"], order["Rows"][0]["DeliveredQuantity"]) == ("48.40", 4)
    company.simulator.load({"orders": [{"Number": 1, "Status": 2}]})
    restored = await article(company, "S")
    assert (restored["StockBalance"], restored["StockBalanceReserved"]) == (14, 4)


async def test_loaded_numbers_are_not_given_again(company: Company) -> None:
    company.simulator.load(
        {"orders": [{"CustomerNumber": "COMPANY", "Number": 41, "ModifiedUtc": "2026-01-01T00:00:00Z"}]}
    )
    assert (await company.made("orders", company.order()))["Number"] == 42
    since = await company.send("GET", "orders", q_filter="ModifiedUtc gt 2026-01-01T00:00:00Z", q_orderby="ModifiedUtc")
    assert [order["Number"] for order in since["Data"]] == [42]


@pytest.mark.parametrize(
    "entry",
    [
        {"CustomerNumber": "NOBODY"},
        {"CustomerNumber": "COMPANY", "Rows": [{"ArticleNumber": "NONE"}]},
        {"CustomerNumber": "COMPANY", "Rows": ["x"]},
        {"CustomerNumber": "COMPANY", "Rows": [{"Text": ""}]},
        {"CustomerNumber": "COMPANY", "Status": 7},
        {"CustomerNumber": "COMPANY", "Tracking": "3S"},
        {"Number": 1, "Status": 1},
    ],
)
async def test_orders_that_can_not_be_loaded(company: Company, entry: dict[str, Any]) -> None:
    await company.made("orders", company.order())
    with pytest.raises(ControlError):
        company.simulator.load({"orders": [entry]})


async def test_the_state_in_parts_and_one_record(company: Company) -> None:
    company.simulator.change_settings({"stock_module": True})
    company.simulator.load({"articles": [{"Number": "A21", "IsStock": True, "StockBalance": 9}]})
    await company.made("orders", company.order(company.row(quantity=2)))
    answer = await company.client.get("/_sim/state", params={"only": "articles,orders"})
    state = answer.json()
    assert set(state) == {"articles", "orders"}
    (mug,) = [record for record in state["articles"] if record["Number"] == "A21"]
    assert (mug["StockBalance"], mug["StockBalanceReserved"], mug["StockBalanceAvailable"]) == (9, 2, 7)
    one = await company.client.get(f"/_sim/records/articles/{company.ids['A21']}")
    assert one.json() == mug
    assert (await company.client.get("/_sim/state", params={"only": "products"})).status_code == 400
    assert (await company.client.get("/_sim/records/articles/none")).status_code == 404
    rows = await company.client.patch(f"/_sim/records/orders/{state['orders'][0]['Id']}", json={"Rows": []})
    assert rows.status_code == 400
