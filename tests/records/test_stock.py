"""Stock of the books in the shop, and of the shop in the books."""

import json

import pytest

from connectors.records import RecordKind
from connectors.registry import connector
from tests.records.stocks import (
    SHIPPED,
    fill_shop,
    in_books,
    in_shop,
    keep_stock,
    products,
    sell_in_books,
    sent_to_shop,
)
from tests.world import World


@pytest.mark.feature("STK-01")
@pytest.mark.feature("STK-02")
@pytest.mark.feature("STK-03")
@pytest.mark.feature("STK-05")
async def test_what_can_be_sold_of_the_books_is_what_the_shop_has(small_world: World):
    world = small_world
    await keep_stock(world, MUG=10, BOOK=4, LAMP=6)
    await sell_in_books(world, 1, "MUG", 3)
    await fill_shop(world, MUG=0, BOOK=0, LAMP=6, OWN=2)
    before = await products(world)
    flow = await world.add_flow("stock")
    await world.start()
    standing = await world.settled(flow)
    assert (standing["listed"], standing["done"], standing["parked"]) == (3, 3, 0)
    assert await in_shop(world) == {"MUG": 7, "BOOK": 4, "LAMP": 6, "OWN": 2}
    # The lamp is right already.
    assert sorted(await sent_to_shop(world), key=lambda body: body["stock"]) == [{"stock": 4}, {"stock": 7}]

    await world.books.load({"articles": [{"Number": "BOOK", "StockBalance": 1}]})
    await world.run(flow)
    assert (await in_shop(world))["BOOK"] == 1

    # Five more come in, and an order of the books' own takes two.
    await world.books.load({"articles": [{"Number": "LAMP", "StockBalance": 11}]})
    await sell_in_books(world, 2, "LAMP", 2)
    await world.books.load({"orders": [{"Number": 2, "Status": SHIPPED}]})
    await world.run(flow)
    assert await in_shop(world) == {"MUG": 7, "BOOK": 1, "LAMP": 9, "OWN": 2}

    await world.shop.forget_requests()
    await world.run(flow)
    assert await sent_to_shop(world) == []
    moved = {"stock", "modifydate"}
    after = await products(world)
    for number, product in before.items():
        assert {name: value for name, value in after[number].items() if name not in moved} == {
            name: value for name, value in product.items() if name not in moved
        }


@pytest.mark.feature("STK-04")
@pytest.mark.feature("STK-06")
async def test_the_figure_and_whether_stock_is_kept_are_settings(small_world: World):
    world = small_world
    await keep_stock(world, MUG=10)
    await sell_in_books(world, 1, "MUG", 3)
    await fill_shop(world, MUG=0)
    flow = await world.add_flow("stock")
    await world.start()
    await world.settled(flow)
    documented = {"available": 7, "balance": 10, "reserved": 3}
    declared = connector("eaccounting").record_sources[RecordKind.STOCK].calculations
    for calculation in declared:
        await world.change_flow(flow, "stock", calculation=calculation)
        await world.run(flow)
        assert await in_shop(world) == {"MUG": documented[calculation]}
    # A calculation that the source does not declare cannot be chosen.
    wish = {"settings": {"stock": {"calculation": "economic"}}}
    refusal = await world.api("PATCH", f"/flows/{flow}", wish, status=422)
    assert "economic" in json.dumps(refusal)

    await world.change_flow(flow, "stock", calculation="", manage_stock=False)
    await world.run(flow)
    assert (await products(world))["MUG"]["stockenabled"] is False
    await world.change_flow(flow, "stock", manage_stock=True)
    await world.run(flow)
    mug = (await products(world))["MUG"]
    assert (mug["stockenabled"], mug["stock"]) == (True, 7)


@pytest.mark.feature("STK-01")
@pytest.mark.feature("STK-04")
async def test_the_shops_stock_becomes_the_balance_of_books_without_the_module(small_world: World):
    world = small_world
    await world.books.load({"articles": [{"Number": "MUG", "vat_rate": 21, "Name": "Mug"}]})
    await fill_shop(world, MUG=12, OWN=2)
    before = (await in_books(world))["MUG"]
    assert list(connector("ccvshop").record_sources[RecordKind.STOCK].calculations) == ["stock"]
    flow = await world.add_flow("stock", source="shop", common={"calculation": "stock"})
    await world.start()
    standing = await world.settled(flow)
    # The books are given no new articles by a stock flow.
    assert (standing["done"], standing["skipped"], standing["parked"]) == (1, 1, 0)
    assert (await in_books(world))["MUG"]["StockBalance"] == 12

    await world.shop.patch("products", 900, {"stock": 9})
    await world.run(flow)
    after = (await in_books(world))["MUG"]
    assert after["StockBalance"] == 9
    # A PUT of the books replaces the article, and what is left out would be lost.
    moved = {name for name, value in after.items() if value != before[name]}
    assert moved <= {
        "StockBalance",
        "StockBalanceAvailable",
        "StockBalanceManuallyChangedUtc",
        "StockValue",
        "ChangedUtc",
    }


@pytest.mark.feature("R34")
async def test_what_the_books_no_longer_have_is_sold_out_in_the_shop(small_world: World):
    world = small_world
    numbers = {f"A{place}": place + 1 for place in range(20)}
    await keep_stock(world, **numbers)
    await fill_shop(world, **dict.fromkeys(numbers, 0))
    flow = await world.add_flow("stock", common={"gone": "zero"})
    await world.start()
    await world.settled(flow)
    assert await in_shop(world) == numbers

    # Two of twenty are no longer sold: a tenth, which the guard lets pass.
    await world.books.load({"articles": [{"Number": "A0", "IsActive": False}, {"Number": "A1", "IsActive": False}]})
    await world.run(flow)
    # One read alone may have missed them.
    assert await in_shop(world) == numbers
    await world.run(flow)
    assert await in_shop(world) == {**numbers, "A0": 0, "A1": 0}

    await world.books.load({"articles": [{"Number": "A0", "IsActive": True}]})
    await world.run(flow)
    assert await in_shop(world) == {**numbers, "A1": 0}

    # Now the books show nothing at all.
    articles = (await world.books.state("articles"))["articles"]
    await world.books.settings({"hidden_from_list": [article["Id"] for article in articles]})
    await world.shop.forget_requests()
    for _ in range(3):
        await world.run(flow)
    assert await sent_to_shop(world) == []
    assert await in_shop(world) == {**numbers, "A1": 0}
    (problem,) = [one for one in await world.problems() if one["code"] == "too_many_gone"]
    assert "19 of 19" in problem["sentence"]

    await world.books.settings({"hidden_from_list": []})
    await world.run(flow)
    assert not [one for one in await world.problems() if one["code"] == "too_many_gone"]
