"""Attributes and combinations of the simulated CCV Shop."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.ccvshop.shop_client import ShopClient, open_shop

COLOURS_AND_SIZES: dict[str, Any] = {
    "products": [{"id": 900, "name": "Shirt", "productnumber": "SHIRT", "price": 20, "stocktype": "Attribute"}],
    "attributes": [{"id": 1, "name": "Kleur"}, {"id": 2, "name": "Maat"}, {"id": 3, "name": "Tekst", "type": "text"}],
    "attributevalues": [
        {"id": 11, "attribute_id": 1, "name": "Blauw"},
        {"id": 12, "attribute_id": 1, "name": "Rood"},
        {"id": 21, "attribute_id": 2, "name": "S"},
        {"id": 31, "attribute_id": 3, "name": "Naam"},
    ],
}
PATH = "/products/900/attributecombinations/"


async def with_values(shop: ShopClient, *value_ids: int, price: int = 0, **more: Any) -> None:
    for value_id in value_ids:
        await shop.made("/products/900/productattributevalues/", {"optionvalue": value_id, "price": price, **more})


def names(combination: dict[str, Any]) -> list[str]:
    return [pair["attribute_value"]["name"] for pair in combination["combination"]]


async def test_combinations_are_the_product_of_menu_values() -> None:
    async with open_shop() as shop:
        shop.simulator.load(COLOURS_AND_SIZES)
        await with_values(shop, 11, 12, price=2, stock=4)
        assert [(names(one), one["stock"]) for one in await shop.items(PATH)] == [(["Blauw"], 4), (["Rood"], 4)]
        await with_values(shop, 21, 31, price=1)
        combinations = await shop.items(PATH)
        assert [names(one) for one in combinations] == [["Blauw", "S"], ["Rood", "S"]]
        assert {one["netto_extra_price"] for one in combinations} == {Decimal(3)}
        values = await shop.items("/products/900/productattributevalues/")
        red = next(value for value in values if value["optionvalue_name"] == "Rood")
        assert (await shop.call("DELETE", f"/productattributevalues/{red['id']}/")).status_code == 204
        assert [names(one) for one in await shop.items(PATH)] == [["Blauw", "S"]]
        product = await shop.get("/products/900/?expand=attributecombinations,productattributesets")
        assert len(product["attributecombinations"]["collection"]) == 1
        assert [entry["attributename"] for entry in product["productattributesets"]["collection"]] == [
            "Kleur",
            "Maat",
            "Tekst",
        ]


async def test_attributes_are_made_over_the_api() -> None:
    async with open_shop() as shop:
        shop.simulator.load({"products": COLOURS_AND_SIZES["products"]})
        attribute = await shop.made("/attributes/", {"name": "Kleur", "type": "option_menu_required"})
        path = f"/attributes/{attribute['id']}/attributevalues/"
        value = await shop.made(path, {"name": "Blauw", "default_price": 0})
        assert [item["name"] for item in await shop.items(path)] == ["Blauw"]
        await with_values(shop, value["id"])
        assert (await shop.refused("POST", "/attributes/", {"name": "Kleur"}))[0] == 400
        assert (await shop.refused("POST", "/attributes/", {"name": "Kleur", "type": "menu"}))[0] == 400
        assert (await shop.refused("PATCH", f"/attributes/{attribute['id']}/", {"name": "Tint"}))[0] == 400
        assert (await shop.refused("POST", path, {"name": "Rood"}))[0] == 400
        assert (await shop.call("DELETE", f"/attributes/{attribute['id']}/")).status_code == 204
        assert await shop.items(PATH) == []


async def test_stock_and_numbers_of_a_combination() -> None:
    async with open_shop() as shop:
        shop.simulator.load(COLOURS_AND_SIZES)
        await with_values(shop, 11, 12)
        before = (await shop.get("/products/900/"))["modifydate"]
        blue, red = await shop.items(PATH)
        shop.simulator.clock.advance(60)
        change = {"stock": 12, "product_number": "SHIRT-BLUE", "sku_number": "SKU-1"}
        one = f"/attributecombinations/{blue['id']}/"
        assert (await shop.call("PATCH", one, change)).status_code == 204
        assert (await shop.get(one))["stock"] == 12
        assert (await shop.get("/products/900/"))["modifydate"] > before
        (hit,) = await shop.items("/productqueries/?skunumber=SKU-1")
        assert [found["id"] for found in hit["attributecombinations"]["collection"]] == [blue["id"]]
        for body in ({"stock": "3"}, {"stock": None}, {"price": 3}, {"productnumber": "X"}):
            assert (await shop.refused("PATCH", one, body))[0] == 400
        assert (await shop.refused("DELETE", one))[:2] == (405, "405.10")
        assert (await shop.refused("POST", PATH, {"stock": 1}))[:2] == (405, "405.10")
        assert (await shop.get(f"/attributecombinations/{red['id']}/"))["stock"] == 0


async def test_ordered_combination_loses_stock_and_names_the_row() -> None:
    async with open_shop() as shop:
        combination = {"product_id": 900, "value_ids": [11], "product_number": "SHIRT-BLUE", "stock": 5}
        values = [{"product_id": 900, "optionvalue": 11, "price": 2}]
        shop.simulator.load(
            {**COLOURS_AND_SIZES, "productattributevalues": values, "attributecombinations": [combination]}
        )
        (blue,) = await shop.items(PATH)
        row = {"product_id": 900, "count": 2, "attribute_combination_id": blue["id"]}
        order = await shop.made("/orders/", {"customer": {}, "orderrows": [row]})
        (shown,) = await shop.items(f"/orders/{order['id']}/orderrows/")
        assert (shown["product_number"], shown["sub_product_number"]) == ("SHIRT", "SHIRT-BLUE")
        assert (shown["price_with_attributes"], shown["total_price_with_attributes"]) == (22, Decimal("44.00"))
        assert (await shop.get(f"/attributecombinations/{blue['id']}/"))["stock"] == 3
        assert (await shop.get("/products/900/"))["stock"] == 0
        wrong = {"product_id": 900, "count": 1, "attribute_combination_id": 99}
        assert (await shop.refused("POST", "/orders/", {"customer": {}, "orderrows": [wrong]}))[0] == 400


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"optionvalue": 11}, 400, None),
        ({"optionvalue": 99, "price": 0}, 400, None),
        ({"optionvalue": 21, "price": 0}, 500, "500.40"),
    ],
)
async def test_product_values_that_are_refused(body: dict[str, Any], status: int, code: str | None) -> None:
    async with open_shop() as shop:
        shop.simulator.load(COLOURS_AND_SIZES)
        await with_values(shop, 21)
        assert (await shop.refused("POST", "/products/900/productattributevalues/", body))[:2] == (status, code)
