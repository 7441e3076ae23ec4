"""Stock of a running shop, read and written."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from commerce.problems import ProblemCode
from commerce.record import StockLevel
from connectors.protocols import Identifier
from connectors.records import Change, Existing, Key, RecordKind, Removal
from tests.connectors.ccvshop.shops import EVERYTHING, RecordShop, found, problem, record_shop, sentence, written

ARTICLES: dict[str, Any] = {
    "products": [
        {"id": 900, "productnumber": "MUG", "name": "Mug", "price": 10, "stock": 4},
        {"id": 901, "productnumber": "CUP", "name": "Cup", "stock": 0, "stockenabled": False},
        {"id": 902, "productnumber": "POT", "name": "Pot", "stocktype": "Attribute"},
    ],
    "attributes": [{"id": 7, "name": "Colour", "type": "option_menu"}],
    "attributevalues": [{"id": 71, "attribute_id": 7, "name": "Blue", "default_price": 0}],
    "productattributevalues": [{"product_id": 902, "optionvalue": 71, "price": 0}],
    "attributecombinations": [
        {"product_id": 902, "value_ids": [71], "product_number": "POT-BLUE", "sku_number": "S-1", "stock": 5}
    ],
}


@pytest.fixture
async def shop() -> AsyncIterator[RecordShop]:
    async with record_shop() as opened:
        await opened.sim.load(ARTICLES)
        yield opened


async def levels(shop: RecordShop) -> dict[str, StockLevel]:
    page = await shop.source(RecordKind.STOCK).list_records(EVERYTHING, None, 250)
    assert page.cursor is None
    return {record.reference: record for record in page.records if isinstance(record, StockLevel)}


async def test_stock_is_read_of_products_and_of_variants_where_it_is_kept(shop: RecordShop):
    found_levels = await levels(shop)

    assert {name: level.figures for name, level in found_levels.items()} == {
        "MUG": {"stock": 4},
        "CUP": {"stock": 0},
        "POT-BLUE": {"stock": 5},
    }
    assert [name for name, level in found_levels.items() if not level.managed] == ["CUP"]
    assert found_levels["MUG"].raw["stock"] == 4
    assert found_levels["POT-BLUE"].raw["stockenabled"] is True


async def test_stock_is_read_in_pages_and_by_name(shop: RecordShop):
    source = shop.source(RecordKind.STOCK)
    first = await source.list_records(EVERYTHING, None, 2)
    second = await source.list_records(EVERYTHING, first.next_page, 2)
    named = await source.read_records([second.records[0].source_id, "900", "55"])

    assert [record.reference for record in (*first.records, *second.records)] == ["MUG", "CUP", "POT-BLUE"]
    assert sorted(record.reference for record in named.records) == ["MUG", "POT-BLUE"]
    assert list(named.removed) == ["55"]


async def test_the_stock_of_a_malformed_product_is_refused_with_its_variants(shop: RecordShop):
    await shop.sim.patch("products", 902, {"stocktype": "Product", "stock": "many"})
    await shop.sim.patch("products", 900, {"stock": "few"})
    source = shop.source(RecordKind.STOCK)
    page = await source.list_records(EVERYTHING, None, 250)
    named = await source.read_records([page.refused[-1].source_id])

    assert [record.reference for record in page.records] == ["CUP"]
    assert [refused.source_id.partition(":")[0] for refused in page.refused] == ["900", "902", "902"]
    assert page.refused[-1].source_id.startswith("902:")
    assert '"many" in stock' in page.refused[-1].problem_sentence
    assert (named.records, named.removed) == ([], [])


async def test_a_variant_that_is_found_by_its_ean_has_the_number_that_its_orders_name(shop: RecordShop):
    numbers = {"product_number": "", "sku_number": "S-2", "ean_number": "8712345678906"}
    await shop.sim.load({"attributecombinations": [{"product_id": 902, "value_ids": [71], **numbers}]})
    existing = await found(shop.target(RecordKind.STOCK), Key("s", "8712345678906"), Identifier.EAN)

    assert existing
    assert existing.number == "S-2"


@pytest.mark.parametrize("number", ["MUG", "POT-BLUE", "S-1"])
async def test_stock_is_set_and_nothing_else_changes(shop: RecordShop, number: str):
    target = shop.target(RecordKind.STOCK)
    key = Key("s", number)
    existing = await found(target, key)
    assert existing
    before = await shop.sim.state("products")
    end = await written(target, key, existing, {"stock": Decimal("2.5")}, number)
    again = await found(target, key)

    assert end.problem is None
    assert again
    assert again.values == {"stock": Decimal("2.5"), "stockenabled": True}
    after = await shop.sim.state("products")
    for old, new in zip(before["products"], after["products"], strict=True):
        changed = {name for name in new if new[name] != old[name]}
        assert changed <= {"stock", "modifydate"}


async def test_stock_that_is_not_to_be_kept_is_marked_so(shop: RecordShop):
    target = shop.target(RecordKind.STOCK)
    key = Key("s", "MUG")
    await written(target, key, await found(target, key), {"stockenabled": False}, "MUG")

    assert not (await levels(shop))["MUG"].managed


async def test_a_product_that_keeps_stock_per_variant_is_named(shop: RecordShop):
    why = await problem(shop.target(RecordKind.STOCK), Key("s", "POT"))

    assert why.code is ProblemCode.INVALID_VALUE
    assert "per variant" in why.sentence


async def test_an_article_that_the_shop_lacks_is_not_created(shop: RecordShop):
    target = shop.target(RecordKind.STOCK)
    key = Key("s", "NONE")
    assert await found(target, key) is None
    (end,) = await target.write([Change("s", "NONE", None, {"stock": Decimal(1)}, key)])

    assert '"NONE"' in sentence(end, ProblemCode.UNKNOWN_PRODUCT)
    assert not [call for call in await shop.calls() if not call.startswith("GET")]


async def test_a_product_removed_meanwhile_is_a_problem_of_its_own(shop: RecordShop):
    target = shop.target(RecordKind.STOCK)
    key = Key("s", "MUG")
    existing = await found(target, key)
    await shop.sim.delete("products", 900)
    end = await written(target, key, existing, {"stock": Decimal(1)}, "MUG")

    assert '"MUG"' in sentence(end, ProblemCode.UNKNOWN_PRODUCT)


async def test_stock_is_zeroed_once(shop: RecordShop):
    target = shop.target(RecordKind.STOCK)
    existing = await found(target, Key("s", "POT-BLUE"))
    assert existing
    await target.remove(existing, Removal.ZERO)
    emptied = await found(target, Key("s", "POT-BLUE"))
    assert emptied
    assert emptied.values["stock"] == 0
    await shop.calls()
    await target.remove(emptied, Removal.ZERO)
    assert await shop.calls() == []


async def test_variants_are_found_by_a_listing_too(shop: RecordShop):
    target = shop.target(RecordKind.STOCK)
    keys = [Key(number, number) for number in ("MUG", "CUP", "POT-BLUE", *map(str, range(10)))]
    answers = await target.find(keys, Identifier.SKU)

    assert set(answers) == {"MUG", "CUP", "POT-BLUE"}
    assert len(await shop.calls()) == 2


async def test_what_was_written_is_not_taken_from_an_older_listing(shop: RecordShop):
    """Six hundred products are three pages, so their listing is used again for a while."""
    await shop.sim.load(
        {"products": [{"id": 1000 + n, "productnumber": f"P{n}", "name": "P", "stock": 5} for n in range(600)]}
    )
    target = shop.target(RecordKind.STOCK)
    keys = [Key(str(n), f"P{n}", str(1000 + n) if n % 2 else "") for n in range(60)]
    listed = await target.find(keys, Identifier.SKU)
    await shop.calls()
    changes = []
    for key in keys[:2]:
        existing = listed[key.source_id]
        assert isinstance(existing, Existing)
        changes.append(Change(key.source_id, key.text, existing, {"stock": Decimal(3)}, key))
    await target.write(changes)

    again = await target.find(keys[:4], Identifier.SKU)
    held = {one: existing.values["stock"] for one, existing in again.items() if isinstance(existing, Existing)}
    assert held == {"0": 3, "1": 3, "2": 5, "3": 5}
