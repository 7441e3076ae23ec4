"""Categories of the simulated CCV Shop and the products in them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.ccvshop.shop_client import ShopClient, open_shop

MUG = {"id": 900, "name": "Mug"}


async def branch(shop: ShopClient) -> tuple[int, int]:
    """A category and one below it."""
    top = await shop.made("/categories/", {"name": "Kitchen"})
    below = await shop.made("/categories/", {"name": "Mugs", "parentcategory_id": top["id"], "position": 2})
    return top["id"], below["id"]


async def test_tree_shows_what_is_below_what() -> None:
    async with open_shop() as shop:
        top, below = await branch(shop)
        cups = await shop.made("/categories/", {"name": "Cups", "parentcategory_id": top, "position": 1})
        (root,) = (await shop.get("/categorytree/"))["root_categories"]
        assert (root["id"], root["name"]) == (top, "Kitchen")
        assert [child["id"] for child in root["children"]] == [cups["id"], below]
        assert [item["id"] for item in await shop.items(f"/categories/{top}/categories/")] == [below, cups["id"]]
        assert (await shop.get(f"/categories/{below}/"))["parentcategory"]["id"] == top
        assert (await shop.get("/categories/?size=2"))["next"] is not None


async def test_category_is_changed_and_removed_with_its_branch() -> None:
    async with open_shop() as shop:
        top, below = await branch(shop)
        change = {"name": "Cups", "show_on_website": False, "parentcategory_id": None, "meta_keywords": None}
        assert (await shop.call("PATCH", f"/categories/{below}/", change)).status_code == 204
        category = await shop.get(f"/categories/{below}/")
        assert (category["name"], category["show_on_website"], category["parentcategory"]) == ("Cups", False, None)
        await shop.call("PATCH", f"/categories/{below}/", {"parentcategory_id": top})
        assert (await shop.call("DELETE", f"/categories/{top}/")).status_code == 204
        assert await shop.items("/categories/") == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": None},
        {"name": "x" * 256},
        {"name": "Mugs", "parentcategory_id": 99},
        {"name": "Mugs", "parentcategory_id": "1"},
        {"name": "Mugs", "deeplink": "/mugs"},
    ],
)
async def test_categories_that_are_refused(body: dict[str, Any]) -> None:
    async with open_shop() as shop:
        assert (await shop.refused("POST", "/categories/", body))[0] == 400


async def test_category_cannot_be_below_itself() -> None:
    async with open_shop() as shop:
        top, below = await branch(shop)
        assert (await shop.refused("PATCH", f"/categories/{top}/", {"parentcategory_id": below}))[0] == 400


async def test_products_are_linked_listed_and_unlinked() -> None:
    async with open_shop() as shop:
        shop.simulator.load({"products": [MUG]})
        top, below = await branch(shop)
        link = await shop.made("/producttocategories/", {"product_id": 900, "category_id": below})
        assert (link["position"], link["product_id"]) == (0, 900)
        assert [item["id"] for item in await shop.items(f"/categories/{below}/products/")] == [900]
        assert await shop.items(f"/categories/{top}/products/") == []
        assert [item["id"] for item in await shop.items("/products/900/producttocategories/")] == [link["id"]]
        assert shop.simulator.record("products", "900")["categories"] == [below]
        one = f"/producttocategories/{link['id']}/"
        assert (await shop.call("PATCH", one, {"position": 3})).status_code == 204
        assert (await shop.get(one))["position"] == 3
        assert (await shop.call("DELETE", one)).status_code == 204
        assert await shop.items("/products/900/producttocategories/") == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"product_id": 900}, 400, None),
        ({"product_id": 901, "category_id": 1}, 400, None),
        ({"product_id": 900, "category_id": 99}, 400, None),
        ({"product_id": 900, "category_id": 1}, 500, "500.40"),
    ],
)
async def test_links_that_are_refused(body: dict[str, Any], status: int, code: str | None) -> None:
    async with open_shop() as shop:
        shop.simulator.load(
            {
                "products": [MUG],
                "categories": [{"id": 1, "name": "Mugs"}],
                "producttocategories": [{"product_id": 900, "category_id": 1}],
            }
        )
        assert (await shop.refused("POST", "/producttocategories/", body))[:2] == (status, code)
