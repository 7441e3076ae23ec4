"""Articles of the books become products of the shop, and products of the shop articles of the books."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from simulators.eaccounting.account import fixed_id
from tests.records.goods import (
    PIECES,
    TO_BOOKS,
    TO_SHOP,
    article,
    articles,
    change_article,
    change_product,
    product,
    products,
    writes,
)
from tests.shop_orders import shop_order
from tests.temporal_server import TIME_SKIPPING, temporal_server
from tests.waiting import eventually
from tests.world import World, world

FIVE_MINUTES = timedelta(minutes=5)
SHORTLY = timedelta(seconds=5)


@pytest.mark.feature("PRD-01")
@pytest.mark.feature("PRD-03")
@pytest.mark.feature("PRD-10")
@pytest.mark.feature("PRD-22")
@pytest.mark.feature("PRD-24")
@pytest.mark.feature("PRD-25")
@pytest.mark.feature("MAP-01")
async def test_an_article_becomes_a_whole_product_and_follows_its_changes(small_world: World):
    world = small_world
    mug = article(
        "MUG", Name="Mug <b>blue</b> &amp; white", IsStock=True, StockBalance=5, Barcodes=[{"Barcode": "8712345678906"}]
    )
    await world.books.load({"articles": [mug, article("BOOK", NetPrice=Decimal("9.99"), vat_rate=9, IsActive=False)]})
    flow = await world.add_flow("products", target_settings=TO_SHOP)
    await world.start()
    assert (await world.settled(flow))["done"] == 2
    held = await products(world)
    assert set(held) == {"MUG", "BOOK"}
    golden = {
        "productnumber": "MUG",
        "name": "Mug blue & white",
        "price": Decimal("12.10"),
        "discount": 0,
        "taxtariff": "normal",
        "eannumber": "8712345678906",
        "stockenabled": True,
        "stock": 5,
        "unit": "Stuk",
        "is_active": True,
        "photos": [],
        "categories": [],
    }
    assert {name: held["MUG"][name] for name in golden} == golden
    book = {name: held["BOOK"][name] for name in ("price", "taxtariff", "is_active")}
    assert book == {"price": Decimal("10.89"), "taxtariff": "low a", "is_active": False}
    assert not [call for call in await world.shop.requests() if "productphotos" in call["target"].partition("?")[0]]

    await writes(world)
    await change_article(world, "MUG", NetPrice=Decimal("7.4"))
    await world.run(flow)
    await change_article(world, "MUG", NetPrice=Decimal("8.26"))
    assert (await world.run(flow))["done"] == 2
    changed = await products(world)
    assert changed["MUG"]["price"] == Decimal("9.99")
    assert changed["MUG"] | {"price": 0, "modifydate": ""} == held["MUG"] | {"price": 0, "modifydate": ""}
    path = f"PATCH /api/rest/v1/products/{held['MUG']['id']}/"
    assert await writes(world) == [path, path]
    await world.api("POST", f"/integrations/{world.integration_id}/resync", {"flow_id": flow, "everything": True})
    assert (await world.run(flow))["done"] == 2
    assert await writes(world) == []


@pytest.mark.feature("PRD-01")
@pytest.mark.feature("PRD-09")
@pytest.mark.feature("PRD-10")
@pytest.mark.feature("PRD-24")
@pytest.mark.feature("MAP-01")
async def test_a_product_becomes_a_whole_article_and_follows_its_changes(small_world: World):
    world = small_world
    cup = product(
        7,
        "CUP",
        name="Cup &amp; saucer",
        description="<p>Fine <b>china</b></p>",
        shortdescription="Fine china",
        eannumber="8712345678913",
        stockenabled=True,
        stock=4,
    )
    # The shop may name a tariff in place of a rate.
    await world.shop.load(
        {"products": [cup, product(8, "PEN", price=Decimal("1.09"), taxtariff="low a", vatrate=None)]}
    )
    flow = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    await world.start()
    assert (await world.settled(flow))["done"] == 2
    held = await articles(world)
    golden = {
        "Number": "CUP",
        "Name": "Cup & saucer",
        "NetPrice": Decimal("10.00"),
        "GrossPrice": Decimal("12.10"),
        "Barcodes": [{"Barcode": "8712345678913", "BarcodeType": 0}],
        "Note": "Fine china",
        "StockBalance": 4,
        "UnitId": PIECES,
        "CodingId": fixed_id("articleaccountcodings", "Goederen 21 %"),
        "IsActive": True,
    }
    assert {name: held["CUP"][name] for name in golden} == golden
    assert (held["PEN"]["NetPrice"], held["PEN"]["GrossPrice"]) == (Decimal("1.00"), Decimal("1.09"))
    assert len(held) == 2

    await change_product(world, "CUP", price=Decimal("24.2"), name="Cup")
    await world.run(flow)
    changed = (await articles(world))["CUP"]
    assert (changed["Id"], changed["NetPrice"], changed["Name"]) == (held["CUP"]["Id"], Decimal("20.00"), "Cup")
    assert len(await articles(world)) == 2


@pytest.mark.feature("PRD-02")
async def test_products_flow_while_orders_are_switched_off(small_world: World):
    world = small_world
    await world.integrate(start=False)
    flow = await world.add_flow("products", target_settings=TO_SHOP)
    await world.api("POST", f"/flows/{world.flow_id}/disable")
    await world.shop.load({"orders": [shop_order(1001)]})
    await world.start()
    await world.settled(flow)
    assert {"MUG", "BOOK"} <= set(await products(world))
    assert not await world.documents()
    await world.api("POST", f"/flows/{flow}/disable")
    await world.api("POST", f"/flows/{world.flow_id}/enable")
    await world.books.load({"articles": [article("LATER")]})
    await world.map_payment("Ideal")
    await world.run()
    assert len(await world.documents()) == 1
    assert "LATER" not in await products(world)


@pytest.mark.feature("PRD-04")
@pytest.mark.feature("R31")
async def test_products_are_found_by_ean_or_by_a_sku_with_other_ends(small_world: World):
    world = small_world
    barcode = [{"Barcode": "8712345678906"}]
    await world.books.load({"articles": [article("NEW-MUG", Barcodes=barcode, NetPrice=20)]})
    await world.shop.load({"products": [product(7, "MUG", eannumber="8712345678906")]})
    flow = await world.add_flow("products", target_settings=TO_SHOP, common={"identifier": "ean"})
    await world.start()
    await world.settled(flow)
    held = await products(world)
    assert [(number, one["id"], one["price"]) for number, one in held.items()] == [("NEW-MUG", 7, Decimal("24.20"))]
    (mug,) = (await articles(world)).values()
    await world.books.patch("articles", mug["Id"], {"Number": "NEW-MUG-B"})
    await change_article(world, "NEW-MUG-B", NetPrice=30)
    assert (await world.run(flow))["parked"] == 0
    held = await products(world)
    assert [(number, one["id"], one["price"]) for number, one in held.items()] == [("NEW-MUG-B", 7, Decimal("36.30"))]

    ends = {
        "strip_prefix": "NEW-",
        "strip_suffix": "-B",
        "add_prefix": "NL-",
        "add_suffix": "/1",
        "accept_renames": True,
    }
    await world.change_flow(flow, "products", identifier="sku", **ends)
    await world.run(flow)
    held = await products(world)
    assert [(number, one["id"]) for number, one in held.items()] == [("NL-MUG/1", 7)]


@pytest.mark.feature("PRD-18")
async def test_labels_become_categories_and_are_renamed_with_them(small_world: World):
    world = small_world
    await world.books.load({"articles": [article("MUG", ArticleLabels=[{"Name": "Kitchen"}])]})
    flow = await world.add_flow(
        "products",
        source_settings={"labels_as_categories": True},
        target_settings={**TO_SHOP, "rename_categories": True},
    )
    await world.start()
    await world.settled(flow)
    state = await world.shop.state("products", "categories")
    (kitchen,) = state["categories"]
    assert kitchen["name"] == "Kitchen"
    assert state["products"][0]["categories"] == [kitchen["id"]]

    (label,) = (await world.books.state("articlelabels"))["articlelabels"]
    await world.books.patch("articlelabels", label["Id"], {"Name": "Tableware"})
    await change_article(world, "MUG", NetPrice=11)
    await world.run(flow)
    state = await world.shop.state("products", "categories")
    assert [(one["id"], one["name"]) for one in state["categories"]] == [(kitchen["id"], "Tableware")]
    assert state["products"][0]["categories"] == [kitchen["id"]]

    # People change the tree too.
    await world.shop.load({"categories": [{"id": 90, "name": "Summer"}]})
    await change_article(world, "MUG", ArticleLabels=[{"Name": "Summer"}, {"Name": "Tableware"}])
    await world.run(flow)
    state = await world.shop.state("products", "categories")
    assert len(state["categories"]) == 2
    assert set(state["products"][0]["categories"]) == {kitchen["id"], 90}


SHIRTS = {
    "products": [product(7, "SHIRT"), product(8, "MUG")],
    "attributes": [{"id": 1, "name": "Size"}],
    "attributevalues": [{"id": 1, "attribute_id": 1, "name": "S"}, {"id": 2, "attribute_id": 1, "name": "L"}],
    "productattributevalues": [
        {"product_id": 7, "attribute_id": 1, "optionvalue": 1},
        {"product_id": 7, "attribute_id": 1, "optionvalue": 2, "price": Decimal("1.21")},
    ],
    "attributecombinations": [
        {"product_id": 7, "value_ids": [1], "product_number": "SHIRT-S"},
        {"product_id": 7, "value_ids": [2], "product_number": "SHIRT-L"},
    ],
}


@pytest.mark.feature("PRD-12")
@pytest.mark.parametrize(
    ("variants", "arrive"), [("flatten", {"MUG", "SHIRT", "SHIRT-S", "SHIRT-L"}), ("skip", {"MUG", "SHIRT"})]
)
async def test_variants_become_articles_of_their_own_or_are_skipped(
    small_world: World, variants: str, arrive: set[str]
):
    world = small_world
    await world.shop.load(SHIRTS)
    common = {"variants": variants}
    flow = await world.add_flow("products", source="shop", common=common, target_settings=TO_BOOKS)
    await world.start()
    standing = await world.settled(flow)
    held = await articles(world)
    assert set(held) == arrive
    assert (standing["done"], standing["skipped"]) == (len(arrive), 4 - len(arrive))
    (item,) = await world.items(flow_id=flow, reference="SHIRT-L")
    events = (await world.api("GET", f"/items/{item['id']}"))["events"]
    assert any("a variant" in event["text"] for event in events)
    if variants == "flatten":
        assert held["SHIRT-L"]["NetPrice"] == Decimal("11.00")


@pytest.mark.feature("PRD-28")
async def test_a_changed_price_is_in_the_shop_within_five_minutes(tmp_path: Path, sqlite_url: str):
    with temporal_server(*TIME_SKIPPING) as address:
        async with world(tmp_path, address, sqlite_url) as merchant:
            await merchant.connect()
            await merchant.books.load({"articles": [article("MUG")]})
            flow = await merchant.add_flow("products", schedule=None, target_settings=TO_SHOP)
            assert (await merchant.api("GET", f"/flows/{flow}"))["schedule"] == "*/5 * * * *"
            await merchant.start()
            await merchant.settled(flow)

            async def due() -> str:
                return (await merchant.standing(flow))["next_run"] or ""

            execution = merchant.integration_execution()
            skipper = TimeSkipper(merchant.temporal, config=TimeSkippingConfig(disable_propagation=True))
            next_run = datetime.fromisoformat(await eventually(due))
            await skipper.fast_forward(execution, next_run - await skipper.get_current_time(execution) + SHORTLY)
            await merchant.settled(flow, after_run=1)
            for price in (Decimal(20), Decimal(30)):
                await change_article(merchant, "MUG", NetPrice=price)
                before = (await merchant.standing(flow))["runs"]
                assert await skipper.fast_forward(execution, FIVE_MINUTES)
                await merchant.settled(flow, after_run=before)
                mug = (await products(merchant))["MUG"]
                assert mug["price"] == price * Decimal("1.21")
