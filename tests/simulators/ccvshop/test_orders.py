"""Orders, rows and notes of the simulated CCV Shop."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.ccvshop.shop_client import ShopClient, open_shop

MUG = {"id": 900, "name": "Mug", "productnumber": "MUG", "price": Decimal("12.50"), "stock": 10}


async def ordered(shop: ShopClient, **order: Any) -> int:
    shop.simulator.load({"orders": [{"orderrows": [{"product_name": "Mug", "price": 10}], **order}]})
    return int(shop.simulator.state()["orders"][-1]["id"])


async def found(shop: ShopClient, query: str) -> list[int]:
    return [order["id"] for order in await shop.items(f"/orders/?{query}")]


async def test_smallest_legal_body_makes_one_order_and_takes_stock() -> None:
    async with open_shop() as shop:
        shop.simulator.load({"products": [MUG]})
        body = {"customer": {"email": "jan@example.nl"}, "orderrows": [{"product_id": 900, "count": 3}]}
        order = await shop.made("/orders/", body)
        assert (order["ordernumber"], order["ordernumber_full"], order["status"], order["paid"]) == (1, "1", 1, False)
        assert order["total_price"] == Decimal("43.45")
        (row,) = await shop.items(f"/orders/{order['id']}/orderrows/")
        assert (row["product_number"], row["count"], row["total_price_with_attributes"]) == ("MUG", 3, Decimal("37.50"))
        assert (await shop.get("/products/900/"))["stock"] == 7
        assert await shop.get(f"/orderrows/{row['id']}/") == row


async def test_switch_makes_post_answer_204_and_the_order_can_be_found() -> None:
    async with open_shop(post_answers_204=True) as shop:
        body = {
            "customer": {},
            "reservationnumber": "LS-1",
            "orderrows": [{"product_name": "Mug", "price": 5, "tax": 21, "package_id": 1, "count": 1}],
        }
        response = await shop.call("POST", "/orders/", body)
        assert (response.status_code, response.content) == (204, b"")
        assert [order["reservationnumber"] for order in await shop.items("/orders/")] == ["LS-1"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"orderrows": [{"product_id": 900, "count": 1}]}, "customer"),
        ({"customer": {}}, "orderrows"),
        ({"customer": {}, "orderrows": []}, "orderrows"),
        ({"customer": {}, "orderrows": [{"product_id": 900}]}, "count"),
        ({"customer": {}, "orderrows": [{"product_id": 900, "count": 0}]}, "count"),
        ({"customer": {}, "orderrows": [{"product_id": 900, "count": "1"}]}, "count"),
        ({"customer": {}, "orderrows": [{"product_name": "Mug", "count": 1}]}, "price, tax, package_id"),
        ({"customer": {}, "ordernumber": 7, "orderrows": [{"product_id": 900, "count": 1}]}, "ordernumber"),
        ({"customer": {"name": "Jan"}, "orderrows": [{"product_id": 900, "count": 1}]}, "name"),
        (
            {"customer": {"billingaddress": {"housenumber": "3"}}, "orderrows": [{"product_id": 900, "count": 1}]},
            "housenumber",
        ),
        ({"customer": {}, "status": 15, "orderrows": [{"product_id": 900, "count": 1}]}, "status"),
        ({"customer": {}, "user_id": 5, "orderrows": [{"product_id": 900, "count": 1}]}, "user"),
        ("{", "JSON"),
        ("[]", "JSON object"),
    ],
)
async def test_bodies_that_are_refused(body: Any, named: str) -> None:
    async with open_shop() as shop:
        shop.simulator.load({"products": [MUG]})
        status, code, message = await shop.refused("POST", "/orders/", body)
        assert (status, code) == (400, None)
        assert named in message
        assert shop.simulator.state()["orders"] == []


async def test_carts_show_only_when_asked_for() -> None:
    async with open_shop() as shop:
        shop.simulator.load({"products": [MUG]})
        body = {"customer": {}, "is_completed": False, "orderrows": [{"product_id": 900, "count": 1}]}
        cart = await shop.made("/orders/", body)
        assert (cart["ordernumber"], cart["status"]) == (None, None)
        assert cart["basket_href"]
        assert await found(shop, "size=10") == []
        assert await found(shop, "is_completed=true") == []
        assert await found(shop, "is_completed=false") == [cart["id"]]
        assert (await shop.get("/products/900/"))["stock"] == 10
        shop.simulator.patch_record("orders", str(cart["id"]), {"is_completed": True})
        assert (await shop.get(f"/orders/{cart['id']}/"))["ordernumber"] == 1


async def test_filters() -> None:
    async with open_shop() as shop:
        early = await ordered(shop, create_date="2026-01-14T10:00:00Z", ordernumber=25, paid=True, paymethod="Paypal")
        late = await ordered(shop, create_date="2026-01-15T10:00:00Z", ordernumber=26, status=5, transaction_id="77")
        assert await found(shop, "ordernumber=25") == [early]
        assert await found(shop, "status=5") == [late]
        assert await found(shop, "is_paid=true") == [early]
        assert await found(shop, "paymethod_id=4") == [early]
        assert await found(shop, "transaction_id=77") == [late]
        assert await found(shop, "min_create_date=2026-01-15") == [late]
        assert await found(shop, "min_create_date=2026-01-15T10%3A00%3A00Z") == [late]
        assert await found(shop, "max_create_date=2026-01-14T10%3A00%3A00Z") == [early]
        assert await found(shop, "orderby=ordernumber_desc") == [late, early]
        shop.simulator.change_settings({"inclusive_date_filters": False})
        assert await found(shop, "min_create_date=2026-01-15T10%3A00%3A00Z") == []


async def test_hidden_orders_can_still_be_read() -> None:
    async with open_shop() as shop:
        order_id = await ordered(shop)
        shop.simulator.change_settings({"hidden_from_list": [order_id]})
        assert await found(shop, "size=10") == []
        assert (await shop.get(f"/orders/{order_id}/"))["id"] == order_id


async def test_user_id_is_text_unless_switched() -> None:
    async with open_shop() as shop:
        order_id = await ordered(shop, user={"id": 77})
        assert (await shop.get(f"/orders/{order_id}/"))["user"]["id"] == "77"
        shop.simulator.change_settings({"user_id_as_text": False})
        assert (await shop.get(f"/orders/{order_id}/"))["user"]["id"] == 77
        guest = await ordered(shop)
        assert (await shop.get(f"/orders/{guest}/"))["user"]["id"] is None


async def test_patch_answers_204_changes_and_mails() -> None:
    async with open_shop() as shop:
        order_id = await ordered(shop)
        change = {"status": 5, "track_and_trace_code": "3SABCD", "track_and_trace_carrier": "PostNL", "mail": True}
        response = await shop.call("PATCH", f"/orders/{order_id}/", change)
        assert (response.status_code, response.content) == (204, b"")
        assert "x-hash" in response.headers
        order = await shop.get(f"/orders/{order_id}/")
        assert (order["status"], order["track_and_trace_code"]) == (5, "3SABCD")
        (mail,) = shop.simulator.state_of(["mails"])["mails"]
        assert (mail["order_id"], mail["status"], mail["track_and_trace_code"]) == (order_id, 5, "3SABCD")
        await shop.call("PATCH", f"/orders/{order_id}/", {"status": 6, "note": "No mail"})
        assert len(shop.simulator.state()["mails"]) == 1


@pytest.mark.parametrize(
    "body",
    [{"is_completed": True}, {"user_id": 1}, {"total_price": 1}, {"paymethod_id": 1}, {"id": 4}, {"status": "5"}],
)
async def test_patch_refuses_what_cannot_be_written(body: dict[str, Any]) -> None:
    async with open_shop() as shop:
        order_id = await ordered(shop)
        before = await shop.get(f"/orders/{order_id}/")
        assert (await shop.refused("PATCH", f"/orders/{order_id}/", body))[0] == 400
        assert await shop.get(f"/orders/{order_id}/") == before


async def test_rows_in_a_patch_replace_all_and_add_up_again() -> None:
    async with open_shop() as shop:
        shop.simulator.load({"products": [MUG]})
        order_id = await ordered(shop)
        rows = [{"product_id": 900, "count": 2}, {"product_id": 900, "count": 1, "price": 1}]
        await shop.call("PATCH", f"/orders/{order_id}/", {"orderrows": rows})
        assert [row["count"] for row in await shop.items(f"/orders/{order_id}/orderrows/")] == [2, 1]
        assert (await shop.get(f"/orders/{order_id}/"))["total_price"] == Decimal("26.00")
        await shop.call("PUT", f"/orders/{order_id}/orderrows/", {"orderrows": rows[:1]})
        assert (await shop.get(f"/orders/{order_id}/"))["total_price"] == Decimal("25.00")


async def test_rows_are_added_and_removed_one_by_one() -> None:
    async with open_shop() as shop:
        shop.simulator.load({"products": [MUG]})
        order_id = await ordered(shop)
        row = await shop.made(f"/orders/{order_id}/orderrows/", {"product_id": 900, "count": 2})
        assert (await shop.get(f"/orders/{order_id}/"))["total_price"] == Decimal("35.00")
        assert (await shop.refused("POST", f"/orders/{order_id}/orderrows/", {"product_id": 900}))[0] == 400
        assert (await shop.call("DELETE", f"/orderrows/{row['id']}/")).status_code == 204
        assert (await shop.get(f"/orders/{order_id}/"))["total_price"] == Decimal("10.00")


async def test_orders_cannot_be_deleted() -> None:
    async with open_shop() as shop:
        order_id = await ordered(shop)
        assert (await shop.refused("DELETE", f"/orders/{order_id}/"))[:2] == (405, "405.10")


async def test_row_changes_only_while_the_order_is_a_cart() -> None:
    async with open_shop() as shop:
        done, cart = await ordered(shop), await ordered(shop, is_completed=False)
        (fixed,), (loose,) = (
            await shop.items(f"/orders/{done}/orderrows/"),
            await shop.items(f"/orders/{cart}/orderrows/"),
        )
        assert (await shop.refused("PATCH", f"/orderrows/{fixed['id']}/", {"count": 2}))[0] == 400
        assert (await shop.call("PATCH", f"/orderrows/{loose['id']}/", {"count": 2})).status_code == 204
        assert (await shop.get(f"/orders/{cart}/"))["total_price"] == Decimal("20.00")


async def test_unchanged_value_is_500_50_where_switched_on() -> None:
    async with open_shop(refuse_unchanged=True) as shop:
        order_id = await ordered(shop)
        assert (await shop.refused("PATCH", f"/orders/{order_id}/", {"status": 1}))[:2] == (500, "500.50")
        assert (await shop.call("PATCH", f"/orders/{order_id}/", {"status": 2})).status_code == 204


async def test_notes_are_added_listed_and_removed() -> None:
    async with open_shop() as shop:
        order_id = await ordered(shop)
        note = await shop.made(f"/orders/{order_id}/ordernotes/", {"note": "Booked ✓"})
        assert [item["note"] for item in await shop.items(f"/orders/{order_id}/ordernotes/")] == ["Booked ✓"]
        assert (await shop.call("DELETE", f"/ordernotes/{note['id']}/")).status_code == 204
        assert await shop.items(f"/orders/{order_id}/ordernotes/") == []
        assert (await shop.refused("POST", f"/orders/{order_id}/ordernotes/", {}))[0] == 400


async def test_rows_come_in_pages() -> None:
    async with open_shop() as shop:
        order_id = await ordered(shop, orderrows=[{"product_name": f"Row {n}", "price": 1} for n in range(7)])
        page = await shop.get(f"/orders/{order_id}/orderrows/?start=5&size=5")
        assert [row["product_name"] for row in page["items"]] == ["Row 5", "Row 6"]
        assert page["next"] is None


async def test_order_changes_between_list_and_read() -> None:
    async with open_shop() as shop:
        order_id = await ordered(shop)
        await shop.faults({"fault": "changed_between_list_and_read", "when": "once", "path": f"/orders/{order_id}/"})
        assert [order["status"] for order in await shop.items("/orders/")] == [1]
        assert (await shop.get(f"/orders/{order_id}/"))["status"] == 2


async def test_unsorted_page() -> None:
    async with open_shop() as shop:
        first, second = await ordered(shop), await ordered(shop)
        await shop.faults({"fault": "unsorted_page", "when": "once"})
        assert await found(shop, "orderby=id") == [second, first]


async def test_lost_answer_leaves_the_order_behind() -> None:
    async with open_shop() as shop:
        await shop.faults({"fault": "500_after_commit", "method": "POST", "when": "once"})
        row = {"product_name": "Mug", "price": 5, "tax": 21, "package_id": 1, "count": 1}
        assert (await shop.call("POST", "/orders/", {"customer": {}, "orderrows": [row]})).status_code == 500
        assert len(await shop.items("/orders/")) == 1
