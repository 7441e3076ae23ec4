"""Settings that depend on where an order goes and how: tax codes, accounts, carriers, terms; and earlier settings."""

from decimal import Decimal
from typing import Any

import pytest

from simulators.eaccounting.vat import Sale, kind_of_sale
from tests.shop_orders import shop_order, shop_row
from tests.world import World

MUG = shop_row("MUG", 1, Decimal("12.10"))
BELGIUM = {"country_code": "BE", "zipcode": "9000", "city": "Gent"}
GERMANY = {"country_code": "DE", "zipcode": "10115", "city": "Berlin"}


IN_BELGIUM = 8300


def account_of(world: World, number: str) -> int:
    """The revenue account that the books use for the first row of an order's document."""
    books = world.ledger_of_books
    [document] = [one for one in world.stored() if one["BuyersOrderReference"] == number]
    sale = kind_of_sale(books, books.get("customers", document["CustomerId"]))
    return int(books.coding(books.get("articles", document["Rows"][0]["ArticleId"]))[sale.value])


async def set_value(world: World, table: str, source: str, target: str) -> int:
    row = {"source_value": source, "target_value": target}
    saved = await world.api("PUT", f"/flows/{world.flow_id}/values/{table}", row)
    return int(saved["released"])


async def choices(world: World, table: str) -> dict[str, str]:
    """The values that the live account offers for a table, by label."""
    tables = {t["table"]: t for t in await world.api("GET", f"/flows/{world.flow_id}/values?choices=true")}
    return {choice["label"]: choice["value"] for choice in tables[table]["target_choices"]}


@pytest.mark.feature("ORD-23", "ORD-24", "ORD-30")
async def test_equal_goods_are_coded_and_booked_as_each_country_says_and_an_unmapped_rate_waits(small_world: World):
    world = small_world
    await world.ready(target={"product_article": {"BE": "{sku}-BE"}})
    offered = await choices(world, "tax_code")
    high, belgian = offered["Goederen 21 % (21 %)"], offered["Diensten 21 % (21 %)"]
    await world.books.load({"articles": [{"Number": "MUG-BE", "CodingId": belgian}]})
    await world.books.patch("articleaccountcodings", belgian, {sale.value: IN_BELGIUM for sale in Sale})
    await set_value(world, "tax_code", "21", high)
    await set_value(world, "tax_code", "BE", belgian)
    await world.settled()
    book = shop_row("BOOK", 1, Decimal("10.90"), 9)
    # Where the goods go decides, not where the bill goes.
    gift = {"deliveryaddress": {"full_name": "Buur", "street": "Veldstraat", "housenumber": 1, **BELGIUM}}
    standing = await world.deliver(
        shop_order(1001, rows=[MUG]),
        shop_order(1002, rows=[MUG], address=BELGIUM),
        shop_order(1003, rows=[MUG, book]),
        shop_order(1004, rows=[MUG], customer=gift),
        shop_order(1005, rows=[MUG], address=GERMANY),
    )
    assert (standing["done"], standing["parked"]) == (4, 1), await world.problems()
    rows = {document["BuyersOrderReference"]: document["Rows"] for document in world.stored()}
    # The coding of a row's article is its VAT code and holds its revenue accounts; Germany has no row of its own.
    booked = {number: (of_order[0]["ArticleNumber"], of_order[0]["VatRateId"]) for number, of_order in rows.items()}
    assert booked == {
        "1001": ("MUG", high),
        "1002": ("MUG-BE", belgian),
        "1004": ("MUG-BE", belgian),
        "1005": ("MUG", high),
    }
    assert {number: account_of(world, number) for number in rows} == {
        "1001": 8210,
        "1002": IN_BELGIUM,
        "1004": IN_BELGIUM,
        "1005": 8215,
    }
    [problem] = await world.problems()
    assert (problem["code"], problem["field"], problem["value"]) == ("unmapped_value", "tax_code", "9")
    assert "9 %" in problem["sentence"]

    assert await set_value(world, "tax_code", "9", offered["Goederen 9 % (9 %)"]) == 1
    assert (await world.settled())["done"] == 5


@pytest.mark.feature("ORD-26", "ORD-27")
async def test_carriers_and_terms_are_mapped_from_live_lists_and_a_default_is_noted(small_world: World):
    world = small_world
    await world.ready(target={"delivery_method": "Afhalen"})
    carriers, terms = await choices(world, "shipping_method"), await choices(world, "payment_method")
    assert set(carriers.values()) == {"Pakketpost", "Afhalen"}
    assert terms == {term["Name"]: term["Id"] for term in (await world.books.state())["termsofpayments"]}
    await set_value(world, "shipping_method", "PostNL", carriers["Pakketpost"])
    await set_value(world, "payment_method", "Invoice", terms["14 dagen netto"])
    await world.settled()
    await world.deliver(
        shop_order(1001, deliver_method="PostNL", paymethod="Invoice"), shop_order(1002, deliver_method="Drone")
    )
    documents = {document["BuyersOrderReference"]: document for document in world.stored()}
    assert {number: document["DeliveryMethodName"] for number, document in documents.items()} == {
        "1001": "Pakketpost",
        "1002": "Afhalen",
    }
    assert documents["1001"]["TermsOfPaymentId"] == terms["14 dagen netto"]
    events = {number: (await world.item(number))["events"] for number in documents}
    assert any("Drone" in event["text"] and "Afhalen" in event["text"] for event in events["1002"])
    assert not any("delivery method" in event["text"] for event in events["1001"])


async def test_a_retry_takes_the_settings_as_they_were_or_todays(small_world: World):
    world = small_world
    await world.ready()
    rules: list[dict[str, Any]] = [{"target": "OurReference", "expression": '"first " ~ reference'}]
    await world.api("PATCH", f"/flows/{world.flow_id}", {"settings": {"mapping": rules}})
    missing = shop_row("LAMP", 1, Decimal("24.20"))
    standing = await world.deliver(shop_order(1001, rows=[missing]), shop_order(1002, rows=[missing]))
    assert standing["parked"] == 2
    as_it_was = (await world.item("1001"))["item"]["settings_version"]
    rules[0]["expression"] = '"second " ~ reference'
    await world.api("PATCH", f"/flows/{world.flow_id}", {"settings": {"mapping": rules}})
    await world.settled()
    await world.books.load({"articles": [{"Number": "LAMP", "vat_rate": 21}]})
    for number, version in (("1001", as_it_was), ("1002", None)):
        item_id = (await world.item(number))["item"]["id"]
        await world.store.items.release(world.workspace_id, item_ids=[item_id], by="the test", as_version=version)
    assert (await world.run())["done"] == 2
    documents = {document["BuyersOrderReference"]: document["OurReference"] for document in world.stored()}
    assert documents == {"1001": "first 1001", "1002": "second 1002"}
    assert (await world.item("1001"))["item"]["settings_version"] == as_it_was
