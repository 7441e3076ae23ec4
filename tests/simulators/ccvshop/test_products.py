"""Products of the simulated CCV Shop: what can be written, what is refused, how lists run."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from simulators.ccvshop import CcvShop
from simulators.kit import ControlError
from tests.simulators.ccvshop.shop_client import ShopClient, open_shop

SMALLEST = {"name": "Mug", "price": Decimal("12.50"), "discount": 0, "package_id": 1, "taxtariff": "normal"}


async def product_made(shop: ShopClient, **members: Any) -> int:
    return int((await shop.made("/products/", {**SMALLEST, **members}))["id"])


async def test_written_names_come_back_as_read_names() -> None:
    async with open_shop() as shop:
        brand = await shop.made("/brands/", {"name": "Acme"})
        supplier = await shop.made("/suppliers/", {"name": "Wholesale"})
        members = {
            "active": False,
            "brand_id": brand["id"],
            "supplier_id": supplier["id"],
            "condition": "Used",
            "taxtariff": "low a",
            "weight": Decimal("0.6"),
            "memo": "LS-1",
            "meta_description": "A mug",
            "stock_delivery_type": "weeks",
        }
        product = await shop.get(f"/products/{await product_made(shop, **members)}/")
        assert (product["is_active"], product["vatrate"], product["weight"]) == (False, 9, Decimal("0.6"))
        assert (product["brand"]["name"], product["supplier"]["name"]) == ("Acme", "Wholesale")
        assert (product["condition"]["name"], product["package"]["id"]) == ("Used", 1)
        assert "active" not in product
        assert "brand_id" not in product
        assert product["attributecombinations"].keys() == {"href"}
        assert [condition["name"] for condition in await shop.items("/conditions/")] == ["Used"]
        assert [item["id"] for item in await shop.items(f"/brands/{brand['id']}/products/")] == [product["id"]]


async def test_null_brings_a_default_back() -> None:
    async with open_shop() as shop:
        product_id = await product_made(shop, brand="Acme", memo="x", unit="doos")
        change = {"brand_id": None, "memo": None, "unit": None}
        assert (await shop.call("PATCH", f"/products/{product_id}/", change)).status_code == 204
        product = await shop.get(f"/products/{product_id}/")
        assert (product["brand"], product["memo"], product["unit"]) == (None, "", "stuk")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"price": "9.95"}, "price"),
        ({"stock": "3"}, "stock"),
        ({"price": None}, "price"),
        ({"name": None}, "name"),
        ({"is_active": True}, "is_active"),
        ({"modifydate": "2026-01-01T00:00:00Z"}, "modifydate"),
        ({"brand_id": 99}, "brand"),
        ({"color_id": 1}, "color"),
        ({"taxtariff": "high"}, "taxtariff"),
        ({"vatrate": 12}, "12 percent"),
        ({"stocktype": "Warehouse"}, "stocktype"),
        ({"hide_without_category": "NO"}, "hide_without_category"),
        ({"product_layout": 5}, "product_layout"),
        ({"stock_delivery_number": 32}, "stock_delivery_number"),
        ({"name": "x" * 201}, "name"),
        ({"description": "x" * 65537}, "description"),
        ({"unknown": 1}, "unknown"),
    ],
)
async def test_changes_that_are_refused_change_nothing(body: dict[str, Any], named: str) -> None:
    async with open_shop() as shop:
        product_id = await product_made(shop)
        before = await shop.get(f"/products/{product_id}/")
        status, code, message = await shop.refused("PATCH", f"/products/{product_id}/", body)
        assert (status, code) == (400, None)
        assert named in message
        assert await shop.get(f"/products/{product_id}/") == before


async def test_a_number_may_be_used_twice_but_a_brand_name_may_not() -> None:
    async with open_shop() as shop:
        first = await product_made(shop, productnumber="MUG")
        second = await product_made(shop, productnumber="MUG")
        assert [item["id"] for item in await shop.items("/products/?productnumber=MUG")] == [first, second]
        await shop.made("/brands/", {"name": "Acme"})
        assert (await shop.refused("POST", "/brands/", {"name": "ACME"}))[:2] == (500, "500.40")


async def test_deleted_product_is_neither_listed_nor_read() -> None:
    async with open_shop() as shop:
        product_id = await product_made(shop, productnumber="MUG")
        await shop.made("/categories/", {"name": "Mugs"})
        await shop.made("/producttocategories/", {"product_id": product_id, "category_id": 1})
        assert (await shop.call("DELETE", f"/products/{product_id}/")).status_code == 204
        assert await shop.items("/products/?productnumber=MUG") == []
        assert (await shop.refused("GET", f"/products/{product_id}/"))[0] == 404
        assert await shop.items("/categories/1/producttocategories/") == []
        assert (await shop.refused("DELETE", f"/products/{product_id}/"))[0] == 404


async def test_product_limit_of_the_subscription() -> None:
    async with open_shop(product_limit=1) as shop:
        await product_made(shop)
        (webshop,) = await shop.items("/webshops/")
        assert (webshop["product_limit"], webshop["product_limit_left"]) == (1, 0)
        assert (await shop.refused("POST", "/products/", SMALLEST))[:2] == (500, "500.60")


async def test_changed_since_is_read_backwards_by_modifydate() -> None:
    async with open_shop() as shop:
        shop.simulator.clock.set_now(shop.simulator.clock.now().replace(microsecond=0))
        first, second, third = [await product_made(shop) for _ in range(3)]
        shop.simulator.clock.advance(60)
        await shop.call("PATCH", f"/products/{first}/", {"stock": 4})
        shop.simulator.clock.advance(60)
        row = {"product_id": second, "count": 2}
        await shop.made("/orders/", {"customer": {}, "orderrows": [row]})
        listed = await shop.items("/products/?orderby=modifydate_desc&size=10")
        assert [item["id"] for item in listed] == [second, first, third]
        assert [item["stock"] for item in listed] == [-2, 4, 0]
        shop.simulator.change_settings({"stock_moves_modifydate": False})
        shop.simulator.clock.advance(60)
        await shop.call("PATCH", f"/products/{third}/", {"stock": 1})
        assert [item["id"] for item in await shop.items("/products/?orderby=modifydate_desc")] == [second, first, third]
        await shop.call("PATCH", f"/products/{third}/", {"stock": 1, "memo": "x"})
        assert (await shop.items("/products/?orderby=modifydate_desc"))[0]["id"] == third


async def test_unchanged_product_where_switched_on() -> None:
    async with open_shop(refuse_unchanged=True) as shop:
        product_id = await product_made(shop, active=True)
        unchanged = {"price": Decimal("12.5"), "discount": Decimal("0.00"), "active": True, "taxtariff": "normal"}
        assert (await shop.refused("PATCH", f"/products/{product_id}/", unchanged))[:2] == (500, "500.50")


async def test_lists_page_through_filters_in_every_order() -> None:
    async with open_shop() as shop:
        shop.simulator.load({"products": [{"name": f"Mug {n}", "price": n, "stock": n % 2} for n in range(7)]})
        page = await shop.get("/products/?orderby=name_desc&size=3&start=3")
        assert [item["name"] for item in page["items"]] == ["Mug 3", "Mug 2", "Mug 1"]
        assert page["next"].endswith("/products/?orderby=name_desc&start=6&size=3")
        page = await shop.get("/products/?minstock=1&minprice=2&size=1&orderby=id_desc")
        assert [item["name"] for item in page["items"]] == ["Mug 5"]
        assert page["next"] is not None
        assert (await shop.refused("GET", "/products/?orderby=price"))[0] == 400
        assert (await shop.refused("GET", "/products/?brand=Acme"))[0] == 400


async def test_expand_embeds_what_is_asked_for_only() -> None:
    async with open_shop() as shop:
        product_id = await product_made(shop)
        await shop.made("/categories/", {"name": "Mugs"})
        await shop.made("/producttocategories/", {"product_id": product_id, "category_id": 1})
        (product,) = await shop.items("/products/?expand=producttocategories,productphotos,productvariants")
        assert [link["category_id"] for link in product["producttocategories"]["collection"]] == [1]
        assert product["productphotos"]["collection"] == []
        assert product["productvariations"]["collection"] == []
        assert "collection" not in product["productstaggeredprices"]
        assert (await shop.refused("GET", f"/products/{product_id}/?expand=categories"))[0] == 400


async def test_staggered_prices() -> None:
    async with open_shop() as shop:
        path = f"/products/{await product_made(shop)}/productstaggeredprices/"
        price = await shop.made(path, {"quantity": 10, "price": Decimal("11.00"), "discount": 1})
        assert price["sellprice"] == Decimal("10.00")
        assert (await shop.refused("POST", path, {"quantity": 10, "price": 9, "discount": 0}))[1] == "500.40"
        assert (await shop.refused("POST", path, {"quantity": 20, "price": 9}))[0] == 400
        odd = {"quantity": Decimal("0.0001"), "price": 9, "discount": 0}
        assert (await shop.refused("POST", path, odd))[0] == 400
        one = f"/productstaggeredprices/{price['id']}/"
        assert (await shop.refused("PATCH", one, {"price": 9}))[0] == 400
        assert (await shop.call("PATCH", one, {"quantity": 5, "price": 9, "discount": 0})).status_code == 204
        assert [item["quantity"] for item in await shop.items(path)] == [5]
        assert (await shop.call("DELETE", one)).status_code == 204
        assert await shop.items(path) == []


async def test_merchant_changes_a_product() -> None:
    async with open_shop() as shop:
        shop.simulator.load({"products": [{"id": 900, "name": "Mug", "modifydate": "2026-01-01T00:00:00Z"}]})
        shown = shop.simulator.patch_record("products", "900", {"price": Decimal("9.95"), "active": False})
        assert (shown["is_active"], shown["price"]) == (False, Decimal("9.95"))
        product = await shop.get("/products/900/")
        assert product["modifydate"] > "2026-01-01"
        shop.simulator.load({"products": [{"id": 900, "stock": 5}]})
        assert shop.simulator.record("products", "900")["stock"] == 5
        assert shop.simulator.record("products", "900")["price"] == Decimal("9.95")
        with pytest.raises(KeyError):
            shop.simulator.record("products", "901")


def test_loading_names_what_it_does_not_know() -> None:
    with pytest.raises(ControlError, match="colour"):
        CcvShop().load({"products": [{"name": "Mug", "colour": "blue"}]})
    with pytest.raises(ControlError, match="package 7"):
        CcvShop().load({"products": [{"name": "Mug", "package_id": 7}]})
    with pytest.raises(ControlError, match="gadgets"):
        CcvShop().load({"gadgets": []})
