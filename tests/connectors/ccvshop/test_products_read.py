"""Products read from a running shop."""

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from commerce.record import Product
from connectors.ccvshop import CONNECTOR
from connectors.protocols import ReadFrom
from connectors.records import RecordKind, RecordPage, RecordSource
from tests.connectors.ccvshop.shops import EVERYTHING, RecordShop, record_shop


@pytest.fixture
async def shop() -> AsyncIterator[RecordShop]:
    async with record_shop() as opened:
        yield opened


def mug(number: int, minute: int = 0, **changes: Any) -> dict[str, Any]:
    at = f"2026-01-14T10:{minute:02}:00Z"
    return {
        "id": number,
        "productnumber": f"P{number}",
        "name": f"Mug {number}",
        "price": 10,
        "createdate": at,
    } | changes


async def read(source: RecordSource, start: ReadFrom = EVERYTHING, size: int = 250) -> list[RecordPage]:
    pages = [await source.list_records(start, None, size)]
    while pages[-1].next_page:
        pages.append(await source.list_records(start, pages[-1].next_page, size))
    return pages


def of(pages: list[RecordPage]) -> list[Product]:
    return [record for page in pages for record in page.records if isinstance(record, Product)]


async def test_everything_is_read_by_id_with_the_newest_change_as_cursor(shop: RecordShop):
    await shop.sim.load({"products": [mug(n, minute=10 - n) for n in range(1, 8)]})
    pages = await read(shop.source(RecordKind.PRODUCTS), size=3)

    assert [record.reference for record in of(pages)] == [f"P{n}" for n in range(1, 8)]
    assert {page.cursor for page in pages} == {"2026-01-14T10:09:00Z"}
    assert len(await shop.calls()) == 4


async def test_a_read_of_changes_ends_where_the_last_one_began(shop: RecordShop):
    await shop.sim.load({"products": [mug(n, minute=n) for n in range(1, 40)]})
    start = ReadFrom("2026-01-14T10:36:00Z", None, timedelta(minutes=2))
    pages = await read(shop.source(RecordKind.PRODUCTS), start, size=4)

    assert [record.reference for record in of(pages)] == ["P39", "P38", "P37", "P36", "P35", "P34"]
    assert pages[-1].cursor == "2026-01-14T10:39:00Z"
    assert len(await shop.calls()) == 3


async def test_what_changes_while_everything_is_read_is_in_the_next_read(shop: RecordShop):
    await shop.sim.load({"products": [mug(n, minute=n) for n in range(1, 5)]})
    source = shop.source(RecordKind.PRODUCTS)
    first = await source.list_records(EVERYTHING, None, 2)
    await shop.sim.load({"products": [{"id": 1, "price": 11, "modifydate": "2026-01-14T10:20:00Z"}]})
    await shop.sim.load({"products": [{"id": 4, "price": 11, "modifydate": "2026-01-14T10:30:00Z"}]})
    last = await source.list_records(EVERYTHING, first.next_page, 2)
    assert last.next_page is None
    again = await read(source, ReadFrom(last.cursor, None, timedelta(0)))

    assert {record.reference for record in of(again)} == {"P1", "P4"}


async def test_a_start_date_leaves_older_products_alone(shop: RecordShop):
    await shop.sim.load({"products": [mug(n, minute=n) for n in range(1, 10)]})
    start = ReadFrom(None, datetime(2026, 1, 14, 10, 8, tzinfo=UTC), timedelta(0))

    assert [record.reference for record in of(await read(shop.source(RecordKind.PRODUCTS), start))] == ["P9", "P8"]


async def test_a_product_is_read_with_all_it_has(shop: RecordShop):
    photo = {
        "product_id": 900,
        "file_type": "jpg",
        "source": base64.b64encode(b"\xff\xd8\xff").decode(),
        "alttext": "Blue",
    }
    await shop.sim.load(
        {
            "brands": [{"id": 3, "name": "Potters"}],
            "categories": [{"id": 5, "name": "Kitchen"}, {"id": 6, "name": "Mugs", "parentcategory_id": 5}],
            "products": [mug(900, price=12.5, stock=4, brand_id=3, shortdescription="For tea", weight=0.3)],
            "producttocategories": [{"product_id": 900, "category_id": 6}],
            "productphotos": [photo],
        }
    )
    (record,) = of(await read(shop.source(RecordKind.PRODUCTS)))

    assert record.price_incl == Decimal("12.5")
    assert record.price_excl is None
    assert record.tax_rate == 21
    assert record.quantity == 4
    assert record.weight == Decimal("0.3")
    assert record.brand == "Potters"
    assert record.short_description == "For tea"
    assert record.description == ""
    assert record.categories == (("Kitchen", "Mugs"),)
    assert [image.alt for image in record.images] == ["Blue"]
    assert record.raw["active"] is True
    assert record.raw["package_id"] == 1
    assert record.raw["productnumber"] == "P900"
    excluding = shop.source(RecordKind.PRODUCTS, prices_include_tax=False)
    assert of(await read(excluding))[0].price_excl == Decimal("12.5")


async def test_variants_follow_their_product_with_their_own_numbers_stock_and_surcharges(shop: RecordShop):
    await shop.sim.load(
        {
            "products": [mug(900, price=10)],
            "attributes": [{"id": 7, "name": "Colour", "type": "option_menu"}],
            "attributevalues": [
                {"id": 71, "attribute_id": 7, "name": "Blue", "default_price": 0},
                {"id": 72, "attribute_id": 7, "name": "Red", "default_price": 0},
            ],
            "productattributevalues": [
                {"product_id": 900, "optionvalue": 71, "price": 0},
                {"product_id": 900, "optionvalue": 72, "price": 1.5},
            ],
            "attributecombinations": [
                {"product_id": 900, "value_ids": [72], "product_number": "P900-RED", "ean_number": "87", "stock": 5}
            ],
        }
    )
    source = shop.source(RecordKind.PRODUCTS)
    parent, blue, red = of(await read(source))

    assert (parent.parent_id, parent.options) == ("", {})
    assert (blue.sku, blue.options, blue.parent_id) == ("", {"Colour": "Blue"}, "900")
    assert (red.sku, red.ean) == ("P900-RED", "87")
    assert red.quantity == 5
    assert (red.price_incl, red.options) == (Decimal("11.5"), {"Colour": "Red"})
    named = await source.read_records([red.source_id, "900:99", "77"])
    assert [record.reference for record in named.records] == ["P900-RED"]
    assert sorted(named.removed) == ["77", "900:99"]


async def test_a_malformed_product_does_not_stop_its_page(shop: RecordShop):
    await shop.sim.load({"products": [mug(1), mug(2, price="dear"), mug(3)]})
    (page,) = await read(shop.source(RecordKind.PRODUCTS))

    assert [record.reference for record in page.records] == ["P1", "P3"]
    assert [refused.source_id for refused in page.refused] == ["2"]
    assert '"dear" in price' in page.refused[0].problem_sentence


async def test_a_malformed_product_is_refused_with_its_variants(shop: RecordShop):
    await shop.sim.load(
        {
            "products": [mug(900, weight="1,5"), mug(901)],
            "attributes": [{"id": 7, "name": "Colour", "type": "option_menu"}],
            "attributevalues": [{"id": 71, "attribute_id": 7, "name": "Blue", "default_price": 0}],
            "productattributevalues": [{"product_id": 900, "optionvalue": 71, "price": 0}],
            "attributecombinations": [{"product_id": 900, "value_ids": [71], "product_number": "P900-BLUE"}],
        }
    )
    source = shop.source(RecordKind.PRODUCTS)
    (page,) = await read(source)
    named = await source.read_records(["900:1", "901"])

    assert [record.reference for record in page.records] == ["P901"]
    assert [refused.source_id for refused in page.refused] == ["900", "900:1"]
    assert '"1,5" in weight' in page.refused[1].problem_sentence
    assert [record.reference for record in named.records] == ["P901"]
    assert named.removed == []


async def test_the_fields_of_the_account_are_listed_by_name(shop: RecordShop):
    await shop.sim.load({"products": [mug(1)]})
    names = {field.name for field in await shop.source(RecordKind.PRODUCTS).own_fields()}

    assert {"raw.stocklocation", "raw.purchaseprice", "raw.active", "raw.brand"} <= names


async def test_the_choices_for_products_are_those_of_the_shop(shop: RecordShop):
    await shop.sim.load({"packages": [{"id": 2, "name": "Letter"}], "brands": [{"id": 3, "name": "Potters"}]})

    assert ("2", "Letter") in {(choice.value, choice.label) for choice in await shop.account.choices("packages")}
    assert [choice.value for choice in await shop.account.choices("brands")] == ["Potters"]
    assert "low a" in {choice.value for choice in await shop.account.choices("tax_tariffs")}
    assert CONNECTOR.choices.keys() >= {"packages", "brands", "tax_tariffs"}
