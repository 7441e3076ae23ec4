"""What of an order stands on the document: the golden record of this pair."""

from decimal import Decimal
from typing import Any

import pytest

from tests.shop_orders import shop_order, shop_row
from tests.world import World

ROWS = [shop_row("MUG", 3, Decimal("12.10")), shop_row("BOOK", 2, Decimal("21.80"), 9)]
BUYER = {
    "first_name": "Sanne",
    "last_name": "van den Berg",
    "street": "Nieuwegracht",
    "housenumber": 41,
    "housenumber_suffix": "bis",
    "zipcode": "3512 LE",
    "city": "Utrecht",
    "country_code": "NL",
    "telephone": "030-7654321",
}
RECIPIENT = {
    "full_name": "Buurman Bakker",
    "street": "Meir",
    "housenumber": 7,
    "housenumber_suffix": "",
    "zipcode": "2000",
    "city": "Antwerpen",
    "country_code": "BE",
}


def placed(number: int) -> dict[str, Any]:
    return shop_order(
        number, rows=ROWS, address=BUYER, customer={"email": "sanne@example.nl", "deliveryaddress": RECIPIENT}
    )


def priced(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(row["ArticleNumber"], row["Quantity"], row["UnitPrice"]) for row in document["Rows"] if row["ArticleId"]]


@pytest.mark.feature("ORD-20", "ORD-21", "ORD-35")
async def test_a_flow_with_untouched_mapping_sends_all_fourteen_fields(small_world: World):
    world = small_world
    await world.ready()
    await world.deliver(placed(1001))
    [document] = world.stored()
    addresses = {name: document[name] for name in document if name.startswith(("InvoiceA", "InvoiceP", "InvoiceC"))}
    assert addresses == {
        "InvoiceCustomerName": "Sanne van den Berg",
        "InvoiceAddress1": "Nieuwegracht 41 bis",
        "InvoiceAddress2": "",
        "InvoicePostalCode": "3512 LE",
        "InvoiceCity": "Utrecht",
        "InvoiceCountryCode": "NL",
    }
    delivery = {name: document[name] for name in addresses_of(document)}
    assert delivery == {
        "DeliveryCustomerName": "Buurman Bakker",
        "DeliveryAddress1": "Meir 7",
        "DeliveryAddress2": "",
        "DeliveryPostalCode": "2000",
        "DeliveryCity": "Antwerpen",
        "DeliveryCountryCode": "BE",
    }
    assert priced(document) == [("MUG", 3, Decimal("12.10")), ("BOOK", 2, Decimal("21.80"))]
    [summary] = await world.documents()
    assert summary["total_incl_vat"] == "79.90"
    assert (document["OrderDate"], document["CurrencyCode"]) == ("2026-11-20", "EUR")
    # Neither e-mail address nor phone has a field of its own on a document: they stand with its customer.
    [customer] = (await world.books.state())["customers"]
    assert customer["Id"] == document["CustomerId"]
    assert (customer["EmailAddress"], customer["Telephone"]) == ("sanne@example.nl", "030-7654321")
    assert customer["Name"] == document["CustomerName"] == "Sanne van den Berg"


def addresses_of(document: dict[str, Any]) -> list[str]:
    return [name for name in document if name.startswith(("DeliveryC", "DeliveryA", "DeliveryP"))]


@pytest.mark.feature("ORD-11")
async def test_a_store_id_the_shop_does_not_give_comes_from_the_settings(small_world: World):
    world = small_world
    await world.ready(target={"store_field": "our_reference"})
    standing = await world.deliver(shop_order(1001))
    assert standing["parked"] == 1
    [problem] = await world.problems()
    assert (problem["code"], problem["field"]) == ("missing_field", "store_id")
    assert "store_id" in problem["sentence"]
    assert "1001" in problem["sentence"]
    assert world.stored() == []

    await world.change(target={"default_store": "Web shop Utrecht"})
    standing = await world.run()
    assert (standing["done"], standing["parked"], standing["released"]) == (1, 0, 1)
    [document] = world.stored()
    assert document["OurReference"] == "Web shop Utrecht"


@pytest.mark.feature("ORD-36")
async def test_with_ean_as_identifier_a_line_without_sku_finds_its_article(small_world: World):
    world = small_world
    await world.ready(identifier="ean")
    barcode = {"Number": "MUG", "Barcodes": [{"Barcode": "8712345678906"}]}
    await world.books.load({"articles": [barcode]})
    bare = shop_row("", 2, Decimal("12.10"), product_name="A mug", sub_ean_number="8712345678906")
    unknown = shop_row("", 1, Decimal("5.00"), product_name="A jug", sub_ean_number="8712345678913")
    standing = await world.deliver(shop_order(1001, rows=[bare]), shop_order(1002, rows=[unknown]))
    assert (standing["done"], standing["parked"]) == (1, 1), await world.problems()
    [document] = world.stored()
    assert priced(document) == [("MUG", 2, Decimal("12.10"))]
    assert "8712345678913" in (await world.item("1002"))["problem"]["sentence"]
