"""A preview says what a run would do; the run then does exactly that."""

from decimal import Decimal
from typing import Any

import pytest

from simulators.eaccounting.account import fixed_id
from tests.records.goods import PIECES, TO_BOOKS, TO_SHOP, article, product
from tests.records.registers import debtor, to_books, user
from tests.records.stocks import fill_shop, keep_stock
from tests.rehearsal.support import announced, assert_alike, by_reference, preview, sent
from tests.shop_orders import shop_order, shop_row
from tests.world import World


async def forget(world: World) -> None:
    """Let both systems forget what they were asked."""
    await world.books.forget_requests()
    await world.shop.forget_requests()


@pytest.mark.feature("D13")
async def test_products_are_announced_before_anything_is_sent(small_world: World) -> None:
    world = small_world
    await world.books.load(
        {"articles": [article(number) for number in ("MUG", "BOOK", "CUP")] + [article("BRICK", Note="no")]}
    )
    await world.shop.load(
        {"products": [product(901, "BOOK", name="Old name"), product(902, "TWIN"), product(903, "TWIN")]}
    )
    await world.books.load({"articles": [article("TWIN")]})
    flow = await world.add_flow("products", target_settings=TO_SHOP, common={"filter": 'raw.Note != "no"'})
    await forget(world)
    made = await preview(world, flow, since="2000-01-01T00:00:00Z", limit=100)
    assert made["summary"] == {"create": 2, "update": 1, "skipped": 1, "problem": 1}
    records = by_reference(made)
    assert (records["BRICK"]["reason"], records["BRICK"]["calls"]) == ("filtered", [])
    assert records["BOOK"]["differences"]["name"] == {"at_target": "Old name", "would_become": "A BOOK"}
    assert records["MUG"]["differences"]["productnumber"] == {"at_target": None, "would_become": "MUG"}
    assert records["MUG"]["calls"][0]["path"] == "/api/rest/v1/products/"
    assert "TWIN" in records["TWIN"]["problems"][0]["sentence"]
    assert await sent(world) == []

    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["skipped"], standing["parked"]) == (3, 1, 1)
    assert_alike(announced(made), await sent(world))

    again = await preview(world, flow, limit=100)
    assert again["summary"] == {"equal": 3, "skipped": 1, "problem": 1}
    one = await preview(world, flow, reference="MUG")
    assert [(record["reference"], record["action"]) for record in one["records"]] == [("MUG", "equal")]
    absent = await preview(world, flow, reference="NOTHING")
    assert "NOTHING" in absent["records"][0]["problems"][0]["sentence"]


async def test_what_a_later_filter_would_take_away_is_announced(small_world: World) -> None:
    world = small_world
    await world.books.load({"articles": [article("MUG"), article("CUP")]})
    flow = await world.add_flow(
        "products", target_settings=TO_SHOP, common={"filtered_out": "archive", "guard_percent": 100}
    )
    await world.start()
    await world.settled(flow)
    await world.api("POST", f"/integrations/{world.integration_id}/stop")
    await world.change_flow(flow, "products", filter='sku != "CUP"')
    await forget(world)
    made = await preview(world, flow, limit=100)
    assert made["summary"] == {"equal": 1, "remove": 1}
    await world.start()
    await world.settled(flow)
    assert_alike(announced(made), await sent(world))
    assert [body for _, _, body in await sent(world)] == [{"active": False}]


async def test_stock_is_announced_with_the_pieces_of_new_orders_taken_off(small_world: World) -> None:
    world = small_world
    await world.connect()
    await world.stock_up()
    await keep_stock(world, MUG=10, BOOK=4)
    await fill_shop(world, MUG=10, BOOK=4)
    await world.ready(target={"terms_of_payment": ""})
    flow = await world.add_flow("stock")
    await world.settled(flow)
    await world.books.load({"articles": [{"Number": "MUG", "StockBalance": 30}]})
    await world.shop.load({"orders": [shop_order(1001, rows=[shop_row("MUG", 3, Decimal("12.10"))])]})
    await forget(world)
    made = await preview(world, flow, limit=100)
    others = len(world.articles) - 2
    assert made["summary"] == {"update": 1, "equal": 1, "skipped": others}
    assert by_reference(made)["MUG"]["differences"] == {"stock": {"at_target": 10, "would_become": 27}}
    await world.run(flow)
    assert_alike(announced(made), await sent(world))


async def test_what_goes_into_the_books_is_announced_and_sent_alike(small_world: World) -> None:
    world = small_world
    await world.books.load({"articles": [article("MUG", Name="Old")], "customers": [debtor("7", "ann@example.nl")]})
    await world.shop.load(
        {
            "products": [product(901, "MUG"), product(902, "CUP")],
            "users": [user(1, "ann@example.nl", address={"city": "Assen"}), user(2, "bo@example.nl")],
        }
    )
    await world.connect()
    goods = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    buyers = await world.add_flow("customers", source="shop", target_settings=await to_books(world))
    await forget(world)
    of_goods, of_buyers = await preview(world, goods, limit=100), await preview(world, buyers, limit=100)
    assert of_goods["summary"] == of_buyers["summary"] == {"create": 1, "update": 1}
    await world.start()
    await world.settled(goods)
    await world.settled(buyers)
    assert_alike([*announced(of_goods), *announced(of_buyers)], await sent(world))


async def test_orders_are_announced_with_buyer_article_and_document(small_world: World) -> None:
    world = small_world
    coding = fixed_id("articleaccountcodings", "Goederen 21 %")
    wants = {"missing_product": "create", "new_article_unit": PIECES, "new_article_coding": {"21": coding}}
    await world.ready(target=wants, only_paid=True)
    new = shop_order(1001, rows=[shop_row("NEW", 1, Decimal("24.20"))])
    same_buyer = shop_order(1002, customer={"email": "buyer1001@example.nl"})
    unpaid = shop_order(1003, paid=False)
    nameless = shop_order(1004, rows=[shop_row("", 1, Decimal("12.10"))])
    await world.shop.load({"orders": [new, same_buyer, unpaid, nameless]})
    await forget(world)
    made = await preview(world, world.flow_id, since="2000-01-01T00:00:00Z")
    records = by_reference(made)
    assert made["summary"] == {"create": 2, "skipped": 1, "problem": 1}
    assert [call["operation"] for call in records["1001"]["calls"]] == [
        "create the customer of order 1001",
        "create article NEW",
        "create the sales order of order 1001",
    ]
    assert len(records["1002"]["calls"]) == 1
    assert records["1001"]["body"]["Rows"][0]["UnitPrice"] == 24.2
    assert records["1001"]["differences"]["InvoiceCity"] == {"at_target": None, "would_become": "Utrecht"}
    assert "has no SKU" in records["1004"]["problems"][0]["sentence"]
    assert await sent(world) == []

    standing = await world.run()
    assert (standing["done"], standing["skipped"], standing["parked"]) == (2, 1, 1)
    assert_alike(announced(made), await sent(world))
    again = await preview(world, world.flow_id, reference="1001")
    assert [(one["action"], one["reason"]) for one in again["records"]] == [("skipped", "exists")]


@pytest.mark.feature("WIZ-07")
async def test_a_changed_buyer_is_announced_with_what_changes(small_world: World) -> None:
    world = small_world
    await world.ready()
    await world.deliver(shop_order(1001))
    moved: dict[str, Any] = {"address": {"city": "Assen"}, "customer": {"email": "buyer1001@example.nl"}}
    await world.shop.load({"orders": [shop_order(1002, **moved)]})
    await forget(world)
    made = await preview(world, world.flow_id, source_id="1002")
    update = made["records"][0]["calls"][0]
    assert update["method"] == "PUT"
    assert update["differences"]["InvoiceCity"] == {"at_target": "Utrecht", "would_become": "Assen"}
    await world.run()
    assert_alike(announced(made), await sent(world))


async def test_a_preview_names_what_it_cannot_do(small_world: World) -> None:
    world = small_world
    flow = await world.add_flow("stock")
    await world.start()
    await world.settled(flow)
    refused = await world.api("POST", f"/flows/{flow}/preview", {"source_id": "1", "reference": "1"}, status=422)
    assert "one of" in refused["detail"]
    await world.api("POST", f"/flows/{flow}/preview", {"page": "2"}, status=422)
    await world.api("POST", "/flows/flw_0/preview", {}, status=404)
    gone = await preview(world, flow, source_id="00000000-0000-0000-0000-000000000001")
    assert [record["action"] for record in gone["records"]] == ["problem"]
