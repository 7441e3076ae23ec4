"""Prices of groups and users in the simulated CCV Shop."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.ccvshop.shop_client import open_shop

DEALERS: dict[str, Any] = {
    "products": [{"id": 900, "name": "Mug"}, {"id": 901, "name": "Cup"}],
    "categories": [{"id": 1, "name": "Kitchen"}],
    "productstaggeredprices": [{"id": 50, "product_id": 900, "quantity": 10, "price": 9}],
    "usergroups": [{"id": 4, "groupname": "Dealer"}, {"id": 5, "groupname": "Reseller"}],
    "users": [{"id": 77, "username": "jan@example.nl"}],
}
PATH = "/usergroupproductadjustments/"


async def test_group_price_is_made_found_changed_and_removed() -> None:
    async with open_shop() as shop:
        shop.simulator.load(DEALERS)
        body = {"product_id": 900, "usergroup_id": 4, "price": Decimal("9.95"), "discount": 0}
        made = await shop.made(PATH, body)
        await shop.made(PATH, {"product_id": 901, "usergroup_id": 4})
        await shop.made(PATH, {**body, "usergroup_id": 5})
        assert [item["product_id"] for item in await shop.items(f"{PATH}?usergroup_id=4")] == [900, 901]
        assert [item["usergroup_id"] for item in await shop.items(f"{PATH}?product_id=900")] == [4, 5]
        assert [item["id"] for item in await shop.items(f"{PATH}?usergroup_id=4&product_id=900")] == [made["id"]]
        one = f"{PATH}{made['id']}/"
        assert (await shop.call("PATCH", one, {"price": Decimal("8.50")})).status_code == 204
        assert (await shop.get(one))["price"] == Decimal("8.50")
        assert (await shop.call("DELETE", one)).status_code == 204
        assert (await shop.refused("GET", one))[0] == 404


async def test_list_needs_a_filter() -> None:
    async with open_shop() as shop:
        shop.simulator.load(DEALERS)
        status, code, message = await shop.refused("GET", PATH)
        assert (status, code) == (400, None)
        assert "usergroup_id, product_id" in message
        assert (await shop.get(f"{PATH}?usergroup_id=4")).keys() == {"href", "items"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"usergroup_id": 4, "price": 9}, 400, None),
        ({"product_id": 902, "usergroup_id": 4, "price": 9}, 400, None),
        ({"product_id": 901, "usergroup_id": 6, "price": 9}, 400, None),
        ({"product_id": 901, "usergroup_id": 4, "price": "9.00"}, 400, None),
        ({"product_id": 901, "usergroup_id": 4, "price": None, "discount": 1}, 400, None),
        ({"product_id": 901, "usergroup_id": 4, "valid_from": "2026-01-01"}, 400, None),
        ({"product_id": 900, "usergroup_id": 4, "price": 9}, 500, "500.40"),
    ],
)
async def test_group_prices_that_are_refused(body: dict[str, Any], status: int, code: str | None) -> None:
    async with open_shop() as shop:
        shop.simulator.load({**DEALERS, "groupprices": [{"product_id": 900, "usergroup_id": 4, "price": 8}]})
        assert (await shop.refused("POST", PATH, body))[:2] == (status, code)


async def test_only_prices_can_be_changed() -> None:
    async with open_shop() as shop:
        shop.simulator.load(
            {**DEALERS, "groupprices": [{"id": 1, "product_id": 900, "usergroup_id": 4, "price": 8, "discount": 1}]}
        )
        for body in ({"product_id": 901}, {"usergroup_id": 5}, {"price": None}, {"hidden": None}):
            assert (await shop.refused("PATCH", f"{PATH}1/", body))[0] == 400
        assert (await shop.call("PATCH", f"{PATH}1/", {"price": None, "discount": None})).status_code == 204


async def test_shop_without_the_app_for_business_customers() -> None:
    async with open_shop(b2b_installed=False) as shop:
        shop.simulator.load(DEALERS)
        body = {"product_id": 900, "usergroup_id": 4, "price": 9}
        assert (await shop.refused("POST", PATH, body))[:2] == (500, "500.90")
        assert (await shop.refused("GET", f"{PATH}?usergroup_id=4"))[:2] == (500, "500.90")
        assert (await shop.refused("GET", "/usergroups/"))[:2] == (500, "500.90")
        assert len(await shop.items("/users/")) == 1


@pytest.mark.parametrize(
    ("resource", "body", "query", "refused"),
    [
        ("userproductadjustments", {"product_id": 900, "user_id": 77, "price": 9}, "user_id=77", {"discount": "1"}),
        (
            "usergroupcategoryadjustments",
            {"category_id": 1, "usergroup_id": 4, "discount": 5, "include_sub_categories": True},
            "category_id=1",
            {"price": 9},
        ),
        ("usercategoryadjustments", {"category_id": 1, "user_id": 77, "discount": 5}, "user_id=77", {"price": 9}),
        (
            "usergroupstaggeredpriceadjustments",
            {"staggeredprice_id": 50, "usergroup_id": 4, "price": 8},
            "product_id=900",
            {"hidden": True},
        ),
        (
            "userstaggeredpriceadjustments",
            {"staggeredprice_id": 50, "user_id": 77, "price": 8},
            "staggeredprice_id=50",
            {"quantity": 5},
        ),
    ],
)
async def test_the_other_five_resources(
    resource: str, body: dict[str, Any], query: str, refused: dict[str, Any]
) -> None:
    async with open_shop() as shop:
        shop.simulator.load(DEALERS)
        made = await shop.made(f"/{resource}/", body)
        assert [item["id"] for item in await shop.items(f"/{resource}/?{query}")] == [made["id"]]
        assert (await shop.refused("GET", f"/{resource}/"))[0] == 400
        assert (await shop.refused("PATCH", f"/{resource}/{made['id']}/", refused))[0] == 400
        assert (await shop.refused("POST", f"/{resource}/", body))[:2] == (500, "500.40")


async def test_prices_go_with_their_product_and_group() -> None:
    async with open_shop() as shop:
        prices = [
            {"product_id": product, "usergroup_id": group, "price": 8} for product in (900, 901) for group in (4, 5)
        ]
        shop.simulator.load({**DEALERS, "groupprices": prices})
        await shop.call("DELETE", "/products/900/")
        await shop.call("DELETE", "/usergroups/4/")
        left = shop.simulator.state_of(["usergroupproductadjustments"])["usergroupproductadjustments"]
        assert [(price["product_id"], price["usergroup_id"]) for price in left] == [(901, 5)]
