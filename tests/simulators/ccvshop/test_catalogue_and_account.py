"""Products, packages, the shop's own data and registered customers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.ccvshop.shop_client import open_shop

SMALLEST = {"name": "Mug", "price": Decimal("12.50"), "discount": 0, "package_id": 1, "taxtariff": "normal"}


async def test_product_is_created_changed_and_found() -> None:
    async with open_shop() as shop:
        product = await shop.made("/products/", {**SMALLEST, "productnumber": "MUG", "active": False})
        assert (product["is_active"], product["vatrate"], product["price"]) == (False, 21, Decimal("12.50"))
        shop.simulator.clock.advance(60)
        change = {"stock": 12, "active": True}
        assert (await shop.call("PATCH", f"/products/{product['id']}/", change)).status_code == 204
        (listed,) = await shop.items("/products/?productnumber=MUG&minstock=12&active=true&productname=mu%67")
        assert listed["modifydate"] > product["modifydate"]
        assert await shop.items("/products/?productnumber=mug") == []
        assert await shop.items("/products/?maxstock=0") == []
        assert [hit["id"] for hit in await shop.items("/productqueries/?productnumber=MUG")] == [product["id"]]


@pytest.mark.parametrize(
    "body",
    [
        {name: value for name, value in SMALLEST.items() if name != "package_id"},
        {name: value for name, value in SMALLEST.items() if name != "taxtariff"},
        {**SMALLEST, "package_id": 99},
        {**SMALLEST, "taxtariff": "high"},
        {**SMALLEST, "price": "12.50"},
        {**SMALLEST, "is_active": True},
        {**SMALLEST, "productnumber": "x" * 51},
    ],
)
async def test_products_that_are_refused(body: dict[str, Any]) -> None:
    async with open_shop() as shop:
        assert (await shop.refused("POST", "/products/", body))[0] == 400


async def test_product_query_needs_a_number() -> None:
    async with open_shop() as shop:
        assert (await shop.refused("GET", "/productqueries/"))[0] == 400
        assert (await shop.refused("GET", "/products/?productname=mu"))[0] == 400


async def test_packages() -> None:
    async with open_shop() as shop:
        package = await shop.made("/packages/", {"name": "Doos"})
        assert (await shop.get(f"/packages/{package['id']}/"))["name"] == "Doos"


async def test_webshop_and_its_settings() -> None:
    async with open_shop(prices_include_vat=False) as shop:
        (webshop,) = await shop.items("/webshops/")
        assert (webshop["api_root"], webshop["is_salespos"]) == ("http://shop.example.com", False)
        settings = await shop.get(f"/webshops/{webshop['id']}/settings/")
        assert settings["prices_include_vat"] is False
        assert [status["id"] for status in settings["order_status"]] == list(range(1, 15))
        shop.simulator.change_settings({"order_status_names": {"5": "Onderweg"}})
        labels = (await shop.get(f"/webshops/{webshop['id']}/settings/"))["order_status"]
        assert [labels[number]["status_name"] for number in (0, 4)] == ["Nieuw", "Onderweg"]
        assert (await shop.refused("GET", "/webshops/2/settings/"))[0] == 404


async def test_paymethods_name_what_orders_carry() -> None:
    async with open_shop() as shop:
        methods = {method["method"]: method["id"] for method in await shop.items("/paymethods/")}
        assert set(methods) == {"Ideal", "BankTransfer", "CreditCard", "Paypal", "AfterPay"}


async def test_users_and_groups_are_read() -> None:
    async with open_shop() as shop:
        shop.simulator.load(
            {
                "usergroups": [{"id": 4, "groupname": "Dealer"}],
                "users": [
                    {"id": 77, "username": "jan@example.nl", "group_id": 4},
                    {"id": 78, "username": "an@example.nl", "approval_status": "pending"},
                ],
            }
        )
        assert [user["id"] for user in await shop.items("/users/?approval_status=pending")] == [78]
        assert [user["id"] for user in await shop.items("/usergroups/4/users/")] == [77]
        assert (await shop.get("/users/77/"))["username"] == "jan@example.nl"
        assert [group["groupname"] for group in await shop.items("/usergroups/")] == ["Dealer"]
