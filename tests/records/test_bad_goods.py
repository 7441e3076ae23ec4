"""Goods that cannot be right at their source: each waits with its own sentence, and the page goes on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal

from tests.records.goods import TO_BOOKS, TO_SHOP, article, articles, change_article, problem_of, product, products
from tests.records.test_group_prices import DEALERS, assign, in_shop, trade
from tests.world import World

JPEG = b"\xff\xd8\xff\xe0 a picture "
MEGABYTE = 1024 * 1024


@contextlib.asynccontextmanager
async def pictures() -> AsyncIterator[tuple[str, list[int]]]:
    """A server of pictures: ``/<n>.jpg`` has that many MB, others are unknown; gives its address and the MB it sent."""
    sent: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        size = path.removeprefix("/").removesuffix(".jpg")
        status = b"200 OK" if size.isdigit() else b"404 Not Found"
        writer.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\n\r\n" + JPEG)
        with contextlib.suppress(ConnectionError):
            for _ in range(int(size) if size.isdigit() else 0):
                writer.write(bytes(MEGABYTE))
                await writer.drain()
                sent.append(1)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", sent


async def test_pictures_that_are_missing_or_huge_are_named_and_the_page_goes_on(small_world: World):
    world = small_world
    mapping = [{"target": "photos", "expression": 'raw.Note | split(" ")'}]
    async with pictures() as (address, sent):
        notes = {
            "MUG": f"{address}/none.jpg {address}/1.jpg",
            "CUP": f"{address}/30.jpg",
            "JUG": f"{address}/1.jpg",
            "POT": "picture.jpg",
        }
        await world.books.load({"articles": [article(number, Note=note) for number, note in notes.items()]})
        flow = await world.add_flow("products", target_settings=TO_SHOP, mapping=mapping)
        await world.start()
        standing = await world.settled(flow)
        assert (standing["done"], standing["parked"]) == (1, 3)
        said = {number: await problem_of(world, flow, number) for number in ("MUG", "CUP", "POT")}
        assert said["MUG"][0] == said["POT"][0] == "invalid_value"
        assert f"{address}/none.jpg cannot be fetched (HTTP 404)" in said["MUG"][1]
        assert said["CUP"][0] == "too_large"
        assert f"{address}/30.jpg is larger than" in said["CUP"][1]
        assert "picture.jpg is not a web address" in said["POT"][1]
        assert all(number in sentence for number, (_, sentence) in said.items())
        assert sum(sent) < 30
        held = await products(world)
        assert {number: len(one["photos"]) for number, one in held.items()} == {"MUG": 1, "CUP": 0, "JUG": 1, "POT": 0}

        for number in ("MUG", "CUP", "POT"):
            await change_article(world, number, Note=f"{address}/1.jpg")
        standing = await world.run(flow)
        assert (standing["done"], standing["parked"]) == (4, 0)
        assert {number: len(one["photos"]) for number, one in (await products(world)).items()} == dict.fromkeys(held, 1)


async def test_prices_and_names_of_the_shop_that_cannot_be_right(small_world: World):
    world = small_world
    await world.shop.load(
        {
            "products": [
                product(7, "COMMA"),
                product(8, "NONE"),
                product(9, "FREE", price=0),
                product(10, "MARKED", name="Mug <b>blue</b> &amp; <script>alert(1)</script>saucer"),
                product(11, "GOOD"),
            ]
        }
    )
    await world.shop.patch("products", 7, {"price": "12,10"})
    await world.shop.patch("products", 8, {"price": ""})
    flow = await world.add_flow("products", source="shop", target_settings=TO_BOOKS)
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["parked"]) == (3, 2)
    code, sentence = await problem_of(world, flow, "7")
    assert (code, "COMMA" in sentence, '"12,10" in price' in sentence) == ("malformed_record", True, True)
    code, sentence = await problem_of(world, flow, "NONE")
    assert (code, "NONE has no price" in sentence) == ("missing_field", True)
    held = {number: (one["Name"], one["NetPrice"]) for number, one in (await articles(world)).items()}
    ten = Decimal("10.00")
    assert held == {"FREE": ("A FREE", 0), "MARKED": ("Mug blue & saucer", ten), "GOOD": ("A GOOD", ten)}

    # The one is corrected; the other loses its price, which is no price of zero.
    await world.shop.patch("products", 7, {"price": Decimal("24.20")})
    await world.shop.patch("products", 11, {"price": "", "name": "Still good"})
    standing = await world.run(flow)
    assert (standing["done"], standing["parked"]) == (4, 1)
    held = {number: (one["Name"], one["NetPrice"]) for number, one in (await articles(world)).items()}
    assert (held["COMMA"], held["GOOD"]) == (("A COMMA", Decimal("20.00")), ("Still good", ten))


async def test_prices_and_names_of_the_books_that_cannot_be_right(small_world: World):
    world = small_world
    numbers = ("COMMA", "NONE", "FREE", "MARKED", "EMPTY", "GOOD")
    await world.books.load(
        {"articles": [article(number, NetPrice=0 if number == "FREE" else 10) for number in numbers]}
    )
    ids = {number: one["Id"] for number, one in (await articles(world)).items()}
    for one in world.ledger_of_books.records("articles"):
        if one["Number"] in {"COMMA", "NONE"}:
            one.update({"NetPrice": "8,26" if one["Number"] == "COMMA" else None, "GrossPrice": None})
    await world.books.patch("articles", ids["MARKED"], {"Name": "Mug <b>blue</b> &amp; <i onclick=x()>new</i>"})
    await world.books.patch("articles", ids["EMPTY"], {"Name": "<br>"})
    flow = await world.add_flow("products", target_settings=TO_SHOP)
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["parked"]) == (3, 3)
    code, sentence = await problem_of(world, flow, ids["COMMA"])
    assert (code, "COMMA" in sentence, "“8,26” as NetPrice" in sentence) == ("malformed_record", True, True)
    for number, field in (("NONE", "price"), ("EMPTY", "name")):
        code, sentence = await problem_of(world, flow, number)
        assert (code, number in sentence, f"“{field}”" in sentence) == ("missing_field", True, True)
    held = {number: (one["name"], one["price"]) for number, one in (await products(world)).items()}
    price = Decimal("12.10")
    assert held == {"FREE": ("A FREE", 0), "MARKED": ("Mug blue & new", price), "GOOD": ("A GOOD", price)}


async def test_group_prices_of_zero_and_with_a_comma(small_world: World):
    world = small_world
    await trade(world, Dealers={"MUG": 0, "BOOK": 7, "LAMP": 8})
    (book,) = [one for one in world.ledger_of_books.records("salespricelistrows") if one["NetPrice"] == 7]
    book.update({"NetPrice": "7,50"})
    flow = await world.add_flow("prices")
    await assign(world, flow, DEALERS, "4")
    await world.start()
    standing = await world.settled(flow)
    assert (standing["done"], standing["parked"]) == (2, 1)
    assert await in_shop(world) == {(4, "MUG"): 0, (4, "LAMP"): Decimal("9.68")}
    (problem,) = await world.problems()
    assert problem["code"] == "malformed_record"
    assert 'Price of BOOK in price list "Dealers"' in problem["sentence"]
    assert "“7,50” as NetPrice" in problem["sentence"]
