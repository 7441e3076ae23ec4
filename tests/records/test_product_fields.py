"""Which fields of a product are written, when, and with what: the update box, the mapping and its functions."""

from decimal import Decimal
from typing import Any

import pytest

from connectors import ccvshop, eaccounting
from connectors.declaration import Connector
from connectors.record_flow import parse_record_flow, record_sides
from connectors.records import RecordKind
from tests.records.goods import (
    TO_BOOKS,
    TO_SHOP,
    Members,
    article,
    articles,
    change_article,
    change_product,
    problem_of,
    product,
    products,
    writes,
)
from tests.world import World


def row(target: str, expression: str, **more: Any) -> Members:
    """A row of the mapping that a person changed or added."""
    return {"target": target, "expression": expression, **more}


LONG_TEXT = row("description", "raw.Note")


async def moved(world: World, **flow: Any) -> str:
    """A products flow to the shop that ran once over the article MUG; its id."""
    await world.books.load({"articles": [article("MUG", Note="From the books", StockBalance=3)]})
    flow_id = await world.add_flow("products", target_settings=TO_SHOP, **flow)
    await world.start()
    await world.settled(flow_id)
    return flow_id


async def mug(world: World) -> Members:
    """The mug as the shop has it, but for the moment of its last change."""
    return {name: value for name, value in (await products(world))["MUG"].items() if name != "modifydate"}


@pytest.mark.feature("PRD-06")
async def test_the_update_box_decides_whether_the_shops_own_text_survives(small_world: World):
    world = small_world
    flow = await moved(world, mapping=[LONG_TEXT], common={"update": False})
    assert (await mug(world))["description"] == "From the books"
    await change_product(world, "MUG", description="From the shop")
    before = await mug(world)
    await change_article(world, "MUG", NetPrice=20)
    await world.run(flow)
    assert await mug(world) == before
    # Nothing changes at the source when the box is ticked, and yet the shop is to have what the books say.
    await change_article(world, "MUG", NetPrice=10)
    await world.run(flow)
    await world.change_flow(flow, "products", update=True)
    await world.run(flow)
    assert await mug(world) == before | {"description": "From the books"}
    await change_product(world, "MUG", description="Again from the shop")
    await world.change_flow(flow, "products", update=False)
    await world.run(flow)
    assert (await mug(world))["description"] == "Again from the shop"
    await world.change_flow(flow, "products", update=True)
    await world.run(flow)
    assert (await mug(world))["description"] == "From the books"
    # While the box stays ticked, a change of anything else brings the whole product back to what the books say.
    await change_product(world, "MUG", description="The shop once more")
    await change_article(world, "MUG", NetPrice=30)
    await world.run(flow)
    assert await mug(world) == before | {"description": "From the books", "price": Decimal("36.30")}


@pytest.mark.feature("PRD-07")
@pytest.mark.feature("PRD-08")
async def test_only_ticked_fields_are_updated_and_create_only_ones_never(small_world: World):
    world = small_world
    others = ("productnumber", "name", "taxtariff", "eannumber", "unit", "active")
    defaults = {"productnumber": "sku", "name": "name", "taxtariff": '"normal"', "eannumber": "ean", "unit": "unit"}
    once = [row(name, defaults.get(name, name), when="create") for name in others]
    flow = await moved(world, mapping=[row("description", "raw.Note", when="create"), *once])
    before = await mug(world)
    assert (before["description"], before["price"]) == ("From the books", Decimal("12.10"))
    everything = {"Name": "Renamed", "Note": "Rewritten", "IsActive": False, "Barcodes": [{"Barcode": "871"}]}
    await change_article(world, "MUG", NetPrice=20, StockBalance=9, **everything)
    await world.run(flow)
    assert await mug(world) == before | {"price": Decimal("24.20")}


async def test_a_field_for_updates_alone_is_not_there_when_the_product_is_made(small_world: World):
    world = small_world
    never = row("name", "name", active=False)
    flow = await moved(world, mapping=[row("description", "raw.Note", when="update")])
    before = await mug(world)
    assert before["description"] == ""
    await change_article(world, "MUG", NetPrice=20)
    await world.run(flow)
    assert await mug(world) == before | {"description": "From the books", "price": Decimal("24.20")}
    # And one that is never written stays what it is, though a new product cannot do without it.
    await world.api("PATCH", f"/flows/{flow}", {"settings": {"mapping": [never]}})
    await change_article(world, "MUG", Name="Renamed", NetPrice=30)
    await world.books.load({"articles": [article("CUP")]})
    assert (await world.run(flow))["parked"] == 1
    held = await mug(world)
    assert (held["name"], held["description"], held["price"]) == ("A MUG", "From the books", Decimal("36.30"))
    assert (await problem_of(world, flow, "CUP"))[0] == "missing_field"


@pytest.mark.feature("PRD-09")
@pytest.mark.feature("PRD-14")
@pytest.mark.feature("PRD-23")
@pytest.mark.feature("MAP-02")
@pytest.mark.feature("MAP-07")
async def test_a_changed_row_counts_from_the_next_run_until_it_is_reset(small_world: World):
    world = small_world
    await world.books.load(
        {"articles": [article("MUG", Note="1.012,345", NameEnglish="<i>Cup</i>", ArticleLabels=[{"Name": "Blue"}])]}
    )
    flow = await world.add_flow("products", target_settings=TO_SHOP)
    await world.start()
    await world.settled(flow)
    before = await mug(world)
    rows = [
        row("price", 'raw.Note | number(",") | times("1.21") | round(2)'),
        row("name", 'raw.NameEnglish | strip_html | upper ~ " (" ~ sku ~ ")"'),
        row("specs", 'features | pick("Labels")'),
        row("memo", "raw.Note"),
        row("taxtariff", '"low a"', active=False),
    ]
    await world.api("PATCH", f"/flows/{flow}", {"settings": {"mapping": rows}})
    await change_article(world, "MUG", vat_rate=9)
    await world.run(flow)
    expected = {"price": Decimal("1224.94"), "name": "CUP (MUG)", "specs": "Blue", "memo": "1.012,345"}
    assert await mug(world) == before | expected

    await world.api("PATCH", f"/flows/{flow}", {"settings": {"mapping": rows[2:4]}})
    await world.run(flow)
    reset = {"price": Decimal("10.90"), "taxtariff": "low a", "vatrate": 9}
    assert await mug(world) == before | expected | reset | {"name": "A MUG"}

    refused = await world.api(
        "PATCH", f"/flows/{flow}", {"settings": {"mapping": [row("price", "raw.Note | cube")]}}, status=422
    )
    assert "price" in refused["detail"]
    assert "cube" in refused["detail"]


@pytest.mark.feature("PRD-05")
@pytest.mark.feature("MAP-04")
async def test_each_direction_has_a_mapping_of_its_own(small_world: World):
    world = small_world
    await world.books.load({"articles": [article("MUG")]})
    await world.shop.load({"products": [product(7, "CUP", memo="Shelf 3")]})
    there = await world.add_flow("products", target_settings=TO_SHOP, mapping=[row("specs", '"from the books"')])
    back = await world.add_flow(
        "products", source="shop", target_settings=TO_BOOKS, mapping=[row("StockLocationReference", "raw.memo")]
    )
    await world.start()
    await world.settled(there)
    await world.settled(back)
    assert {number: one["specs"] for number, one in (await products(world)).items()} == {
        "MUG": "from the books",
        "CUP": "",
    }
    places = {number: one["StockLocationReference"] for number, one in (await articles(world)).items()}
    assert places == {"CUP": "Shelf 3", "MUG": None}
    for flow, wanted in ((there, "specs"), (back, "StockLocationReference")):
        settings = (await world.api("GET", f"/flows/{flow}"))["settings"]
        assert [one["target"] for one in settings["mapping"]] == [wanted]


async def test_zero_empty_and_absent_are_three_things(small_world: World):
    world = small_world
    mapping = [row("description", "raw.Note"), row("meta_keywords", "raw.NameEnglish"), row("memo", '""')]
    await world.books.load({"articles": [article("MUG", NameEnglish="Mug", NetPrice=0, StockBalance=0)]})
    flow = await world.add_flow("products", target_settings=TO_SHOP, mapping=mapping)
    await world.start()
    await world.settled(flow)
    held = await mug(world)
    assert (held["price"], held["stock"], held["stockenabled"]) == (0, 0, True)
    own = {"description": "The shop's", "meta_keywords": "The shop's", "memo": "The shop's", "eannumber": "871"}
    await change_product(world, "MUG", **own)
    await change_article(world, "MUG", NameEnglish="", NetPrice=Decimal("0.01"))
    await world.run(flow)
    held = await mug(world)
    # The books have no Note and no barcode; the English name they have is empty, and the memo is told to be.
    expected = {"description": "The shop's", "meta_keywords": "", "memo": "", "eannumber": "871"}
    assert {name: held[name] for name in expected} == expected
    assert held["price"] == Decimal("0.01")


@pytest.mark.feature("PRD-26")
@pytest.mark.parametrize(
    ("source", "target", "name"),
    [(eaccounting.CONNECTOR, ccvshop.CONNECTOR, "name"), (ccvshop.CONNECTOR, eaccounting.CONNECTOR, "Name")],
    ids=["books to shop", "shop to books"],
)
def test_all_that_is_read_can_fill_all_that_is_written(source: Connector, target: Connector, name: str):
    source_side, target_side = record_sides(source, target, RecordKind.PRODUCTS)
    rows = [row(field.name, "raw.anything") for field in target_side.fields]
    rows += [row(name, field.name) for field in source_side.fields]
    for one in rows:
        flow = parse_record_flow(source, target, RecordKind.PRODUCTS, {"mapping": [one]})
        assert one["target"] in flow.rules.targets


@pytest.mark.feature("PRD-15")
@pytest.mark.feature("PRD-26")
async def test_fields_beyond_the_default_ones_are_offered_and_arrive(small_world: World):
    world = small_world
    await world.books.load({"articles": [article("MUG", PurchasePrice=4, StockLocationReference="A-3")]})
    flow = await world.add_flow("products", target_settings=TO_SHOP)
    offered = await world.api("GET", f"/flows/{flow}/mapping?account=true")
    assert {"name", "price_excl", "raw.PurchasePrice", "raw.StockLocationReference", "raw.UnitAbbreviation"} <= {
        field["name"] for field in offered["source_fields"]
    }
    assert {"purchaseprice", "stocklocation", "specs"} <= {field["name"] for field in offered["target_fields"]}
    source_side, target_side = record_sides(eaccounting.CONNECTOR, ccvshop.CONNECTOR, RecordKind.PRODUCTS)
    read, written = {field.name for field in source_side.fields}, {field.name for field in target_side.fields}
    assert read <= {field["name"] for field in offered["source_fields"]}
    # The pair has no pictures.
    assert {field["name"] for field in offered["target_fields"]} == written - {"photos"}
    attributes = {
        "purchaseprice": "PurchasePrice",
        "stocklocation": "StockLocationReference",
        "unit": "UnitAbbreviation",
    }
    for target, attribute in attributes.items():
        await world.api("PUT", f"/flows/{flow}/mapping/{target}", {"expression": f"raw.{attribute}"})
    await world.start()
    await world.settled(flow)
    held = await mug(world)
    assert (held["purchaseprice"], held["stocklocation"], held["unit"]) == (4, "A-3", "st")
    assert await writes(world)
    await world.run(flow)
    assert await writes(world) == []
