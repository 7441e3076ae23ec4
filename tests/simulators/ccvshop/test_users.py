"""Registered customers and groups of the simulated CCV Shop."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.ccvshop.shop_client import open_shop

JAN = {
    "username": "jan@example.nl",
    "password": "a-long-random-text",
    "userinfo": {
        "email": "jan@example.nl",
        "reference": "D-1",
        "billingaddress": {"first_name": "Jan", "last_name": "Jansen", "street": "Dorpsstraat", "housenumber": 3},
    },
}


async def test_smallest_user_and_a_whole_one() -> None:
    async with open_shop() as shop:
        shop.simulator.load({"usergroups": [{"id": 4, "groupname": "Dealer"}]})
        small = await shop.made("/users/", {"username": "an@example.nl", "password": "x"})
        assert (small["group_id"], small["approval_status"]) == (None, "accepted")
        user = await shop.made("/users/", {**JAN, "group_id": 4})
        assert user["userinfo"]["billingaddress"]["address_line_1"] == "Dorpsstraat 3"
        assert "password" not in user
        assert [item["id"] for item in await shop.items("/usergroups/4/users/")] == [user["id"]]
        assert [item["id"] for item in await shop.items("/users/?orderby=first_name_desc")] == [user["id"], small["id"]]


async def test_change_keeps_what_was_not_sent() -> None:
    async with open_shop() as shop:
        user = await shop.made("/users/", JAN)
        one = f"/users/{user['id']}/"
        change = {"userinfo": {"billingaddress": {"housenumber": 5}, "btw": "NL001234567B01"}}
        assert (await shop.call("PATCH", one, change)).status_code == 204
        changed = (await shop.get(one))["userinfo"]
        assert (changed["reference"], changed["btw"]) == ("D-1", "NL001234567B01")
        assert changed["billingaddress"]["address_line_1"] == "Dorpsstraat 5"
        assert changed["billingaddress"]["full_name"] == "Jan Jansen"
        assert shop.simulator.state()["password_writes"] == {user["id"]: 1}
        await shop.call("PATCH", one, {"password": "another"})
        assert shop.simulator.state_of(["password_writes"]) == {"password_writes": {user["id"]: 2}}
        assert (await shop.call("DELETE", one)).status_code == 204
        assert (await shop.refused("GET", one))[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"username": "an@example.nl"}, 400, None),
        ({"password": "x"}, 400, None),
        ({"username": "an@example.nl", "password": ""}, 400, None),
        ({"username": "JAN@example.nl", "password": "x"}, 500, "500.40"),
        ({"username": "an@example.nl", "password": "x", "group_id": 9}, 400, None),
        ({"username": "an@example.nl", "password": "x", "approval_status": "pending"}, 400, None),
        ({"username": "an@example.nl", "password": "x", "userinfo": {"name": "An"}}, 400, None),
        (
            {"username": "an@example.nl", "password": "x", "userinfo": {"billingaddress": {"housenumber": "12 bis"}}},
            400,
            None,
        ),
        (
            {"username": "an@example.nl", "password": "x", "userinfo": {"deliveryaddress": {"first_name": "An"}}},
            400,
            None,
        ),
    ],
)
async def test_users_that_are_refused(body: dict[str, Any], status: int, code: str | None) -> None:
    async with open_shop() as shop:
        await shop.made("/users/", JAN)
        assert (await shop.refused("POST", "/users/", body))[:2] == (status, code)
        assert len(await shop.items("/users/")) == 1


async def test_user_name_of_another_cannot_be_taken_over() -> None:
    async with open_shop() as shop:
        await shop.made("/users/", JAN)
        other = await shop.made("/users/", {"username": "an@example.nl", "password": "x"})
        one = f"/users/{other['id']}/"
        assert (await shop.refused("PATCH", one, {"username": "jan@example.nl"}))[:2] == (500, "500.40")
        assert (await shop.call("PATCH", one, {"username": "an@example.nl"})).status_code == 204


async def test_pending_user_is_accepted_or_rejected() -> None:
    async with open_shop() as shop:
        shop.simulator.load(
            {"users": [{"id": n, "username": f"u{n}@example.nl", "approval_status": "pending"} for n in (1, 2)]}
        )
        assert (await shop.call("PATCH", "/users/1/", {"approval_status": "accepted"})).status_code == 204
        assert (await shop.refused("PATCH", "/users/1/", {"approval_status": "rejected"}))[0] == 400
        assert (await shop.call("PATCH", "/users/2/", {"approval_status": "rejected"})).status_code == 204
        assert [user["id"] for user in await shop.items("/users/")] == [1]
        assert len(shop.simulator.state()["mails"]) == 1


async def test_groups_are_made_changed_and_removed() -> None:
    async with open_shop() as shop:
        first = await shop.made("/usergroups/", {"groupname": "Dealer", "discount": 5, "default": True})
        second = await shop.made("/usergroups/", {"groupname": "Reseller"})
        assert (second["discount"], second["default"]) == (0, False)
        await shop.call("PATCH", f"/usergroups/{second['id']}/", {"default": True})
        assert [group["default"] for group in await shop.items("/usergroups/")] == [False, True]
        shop.simulator.load({"users": [{"id": 77, "username": "jan@example.nl", "group_id": first["id"]}]})
        assert (await shop.call("DELETE", f"/usergroups/{first['id']}/")).status_code == 204
        assert (await shop.get("/users/77/"))["group_id"] is None
        for body in ({}, {"groupname": ""}, {"groupname": "A", "discount": "5"}, {"groupname": "A", "users": []}):
            assert (await shop.refused("POST", "/usergroups/", body))[0] == 400


async def test_merchant_changes_a_user() -> None:
    async with open_shop() as shop:
        user = await shop.made("/users/", JAN)
        change = {"userinfo": {"billingaddress": {"city": "Utrecht"}}}
        shop.simulator.patch_record("users", str(user["id"]), change)
        billing = (await shop.get(f"/users/{user['id']}/"))["userinfo"]["billingaddress"]
        assert (billing["city"], billing["street"]) == ("Utrecht", "Dorpsstraat")
