"""Articles as a source and a target: labels, barcodes, look-ups of many, the changed-since cursor, stock movements."""

from __future__ import annotations

import tracemalloc
from collections.abc import Collection
from typing import Any

import pytest

from simulators.eaccounting import EAccounting, listing
from simulators.eaccounting.filters import parse_filter
from tests.simulators.eaccounting.conftest import Company

NOBODY = "8d0c0000-0000-4000-8000-000000000000"


async def found(company: Company, expression: str, **params: str) -> list[str]:
    listed = await company.send("GET", "articles", q_filter=expression, **params)
    return [record["Number"] for record in listed["Data"]]


async def changed(company: Company, article: str) -> str:
    stamp: str = (await company.send("GET", f"articles/{company.ids[article]}"))["ChangedUtc"]
    return stamp


@pytest.mark.parametrize(
    ("kind", "carrier", "member"),
    [("articlelabels", "articles", "ArticleLabels"), ("customerlabels", "customers", "CustomerLabels")],
)
async def test_labels_are_made_carried_renamed_and_deleted(
    company: Company, kind: str, carrier: str, member: str
) -> None:
    label = await company.made(kind, {"Name": "Lamps", "Description": "All lamps"})
    body = company.article() if carrier == "articles" else company.customer()
    carried = {member: [{"Id": label["Id"], "Name": "Lamps"}]}
    made = await company.made(carrier, {**body, **carried})
    assert made[member] == [label]
    renamed = await company.send("PUT", f"{kind}/{label['Id']}", {"Name": "Lighting"})
    assert (renamed["Name"], renamed["Description"]) == ("Lighting", None)
    assert (await company.send("GET", f"{carrier}/{made['Id']}"))[member] == [renamed]
    by_label = await company.send("GET", carrier, q_filter=f"{member}/any(l: l/Name eq 'Lighting')")
    assert [record["Id"] for record in by_label["Data"]] == [made["Id"]]
    assert await company.refused("DELETE", f"{kind}/{label['Id']}") == (400, 4001)
    number = {name: made[name] for name in ("Number", "CustomerNumber") if name in made}
    assert (await company.send("PUT", f"{carrier}/{made['Id']}", {**body, **number}))[member] is None
    assert (await company.exchange("DELETE", f"{kind}/{label['Id']}"))[0] == 200
    assert (await company.send("GET", kind))["Data"] == []


async def test_labels_that_are_refused(company: Company) -> None:
    assert await company.broken_members("POST", "articlelabels", {"Name": "x" * 51}) == ["Name"]
    assert await company.broken_members("POST", "articlelabels", {"Description": "x"}) == ["Name"]
    unknown = company.article(ArticleLabels=[{"Id": NOBODY, "Name": "Lamps"}])
    assert await company.refused("POST", "articles", unknown) == (400, 3000)
    nameless = company.article(ArticleLabels=[{"Name": "Lamps"}])
    assert await company.broken_members("POST", "articles", nameless) == ["ArticleLabels[0].Id"]
    company.simulator.change_settings({"product_variant": 4})
    assert await company.refused("GET", "articlelabels") == (403, 4009)


async def test_a_barcode_is_kept_and_erased_by_a_put_without_it(company: Company) -> None:
    made = await company.made("articles", company.article(Barcodes=[{"Barcode": "8712345678906", "BarcodeType": 0}]))
    assert made["Barcodes"] == [{"Barcode": "8712345678906", "BarcodeType": 0}]
    assert await found(company, "Barcodes/any(b: b/Barcode eq '8712345678906')") == ["SKU-1"]
    assert (await company.send("PUT", f"articles/{made['Id']}", company.article()))["Barcodes"] is None
    other_type = company.article(Number="SKU-2", Barcodes=[{"Barcode": "1", "BarcodeType": 1}])
    assert await company.broken_members("POST", "articles", other_type) == ["Barcodes[0].BarcodeType"]


async def test_a_write_moves_an_article_past_the_cursor(company: Company) -> None:
    company.simulator.clock.advance(5)
    cursor = (await company.send("GET", "articles"))["Meta"]["ServerTimeUtc"]
    assert await found(company, f"ChangedUtc gt {cursor}") == []
    company.simulator.clock.advance(5)
    for number in ("A9", "A21"):
        body = company.article(Number=number, CodingId=company.ids[f"coding{number[1:]}"])
        await company.send("PUT", f"articles/{company.ids[number]}", body)
        company.simulator.clock.advance(5)
    assert await found(company, f"ChangedUtc gt {cursor}", q_orderby="ChangedUtc desc") == ["A21", "A9"]


async def test_many_numbers_are_looked_up_at_once(company: Company) -> None:
    company.simulator.load({"articles": [{"Number": f"N{number}"} for number in range(300)]})
    asked = [f"N{number}" for number in range(250, 40, -5)]
    expression = " or ".join(f"Number eq '{number.lower()}'" for number in [*asked, "MISSING"])
    assert await found(company, expression) == asked[::-1]
    assert await found(company, f"IsActive eq false and ({expression})") == []
    by_id = f"Id eq {company.ids['A9']} or Id eq {NOBODY} or Id eq {company.ids['A0']}"
    assert await found(company, by_id) == ["A0", "A9"]


async def test_an_address_that_is_too_long_is_414(company: Company) -> None:
    expression = " or ".join(f"Number eq 'N{number}'" for number in range(400))
    answer = await company.client.get("/v2/articles", params={"$filter": expression})
    assert answer.status_code == 414
    company.simulator.change_settings({"longest_address": 20_000})
    assert await found(company, expression) == []


async def test_renamed_and_swapped_numbers_are_found_under_their_new_name(company: Company) -> None:
    async def rename(old: str, new: str) -> None:
        (article,) = (await company.send("GET", "articles", q_filter=f"Number eq '{old}'"))["Data"]
        await company.send("PUT", f"articles/{article['Id']}", {**article, "Number": new})

    for old, new in (("A9", "TEMP"), ("A21", "A9"), ("TEMP", "A21")):
        await rename(old, new)
    swapped = await company.send("GET", "articles", q_filter="Number eq 'A21' or Number eq 'A9' or Number eq 'TEMP'")
    assert {record["Number"]: record["Id"] for record in swapped["Data"]} == {
        "A21": company.ids["A9"],
        "A9": company.ids["A21"],
    }
    assert await company.refused("POST", "articles", company.article(Number="A9")) == (400, 4000)
    await company.made("articles", company.article(Number="TEMP"))


async def test_pages_give_every_article_once_and_show_later_writes(company: Company) -> None:
    company.simulator.load({"articles": [{"Number": f"N{number:04}"} for number in range(2500)]})
    seen: list[str] = []
    for page in range(1, 4):
        listed = await company.send("GET", "articles", q_pagesize="1000", q_page=str(page), q_select="Number")
        seen += [record["Number"] for record in listed["Data"]]
    assert (len(seen), len(set(seen)), listed["Meta"]["TotalNumberOfPages"]) == (2504, 2504, 3)
    await company.made("articles", company.article(Number="LATE"))
    assert (await company.send("GET", "articles"))["Meta"]["TotalNumberOfResults"] == 2505


async def test_a_filter_is_read_once_for_all_pages_until_something_changes(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counting(text: str, model: str, unfilterable: Collection[str]) -> Any:
        read.append(text)
        return parse_filter(text, model, unfilterable)

    monkeypatch.setattr(listing, "parse_filter", counting)
    for page in ("1", "2", "3"):
        await company.send("GET", "articles", q_filter="IsActive eq true", q_pagesize="2", q_page=page)
    assert len(read) == 1
    await company.made("articles", company.article())
    assert len(await found(company, "IsActive eq true")) == 5
    assert len(read) == 2


def test_an_article_takes_little_memory() -> None:
    simulator = EAccounting()
    entries = [
        {"Number": f"N{number:06}", "Name": f"Article {number}", "NetPrice": number, "StockBalance": number % 90}
        for number in range(5000)
    ]
    tracemalloc.start()
    try:
        simulator.load({"articles": entries})
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / len(entries) < 1500, "100 000 articles are to fit in 150 MB"


@pytest.mark.parametrize("touches", [False, True])
async def test_whether_a_stock_movement_is_a_change_of_the_article_is_a_setting(
    company: Company, touches: bool
) -> None:
    company.simulator.change_settings({"stock_module": True, "stock_touches_changed": touches})
    company.simulator.load({"articles": [{"Number": "A21", "IsStock": True, "StockBalance": 9}]})
    order = await company.made("orders", company.order(company.row(quantity=2)))
    before = await changed(company, "A21")
    company.simulator.clock.advance(5)
    await company.send("POST", f"orders/{order['Id']}/completed")
    assert (await changed(company, "A21") > before) is touches
    company.simulator.clock.advance(5)
    before = await changed(company, "A21")
    company.simulator.load({"articles": [{"Number": "A21", "StockBalance": 50}]})
    assert (await changed(company, "A21") > before) is touches


async def test_a_partly_delivered_order_reserves_the_rest(company: Company) -> None:
    company.simulator.change_settings({"stock_module": True})
    company.simulator.load({"articles": [{"Number": "A21", "IsStock": True, "StockBalance": 30}]})

    async def stock() -> tuple[Any, ...]:
        names = ("StockBalance", "StockBalanceReserved", "StockBalanceAvailable")
        shown = await company.send("GET", "articles", q_filter="Number eq 'A21'", q_select=",".join(names))
        return tuple(int(shown["Data"][0][name]) for name in names)

    order = await company.made("orders", company.order(company.row(quantity=5)))
    assert await stock() == (30, 5, 25)
    path = f"orders/{order['Id']}"
    await company.send("PUT", path, company.order(company.row(quantity=5, DeliveredQuantity=3)))
    assert await stock() == (27, 2, 25)
    await company.send("POST", f"{path}/completed")
    assert await stock() == (27, 0, 27)
    await company.send("POST", f"{path}/backorder")
    assert await stock() == (27, 2, 25)


async def test_deleting_an_order_gives_its_goods_back(company: Company) -> None:
    company.simulator.change_settings({"stock_module": True})
    company.simulator.load({"articles": [{"Number": "A21", "IsStock": True, "StockBalance": 30}]})
    order = await company.made("orders", company.order(company.row(quantity=5, DeliveredQuantity=3)))
    assert (await company.exchange("DELETE", f"orders/{order['Id']}"))[0] == 200
    shown = await company.send("GET", f"articles/{company.ids['A21']}")
    assert (shown["StockBalance"], shown["StockBalanceAvailable"]) == (30, 30)
