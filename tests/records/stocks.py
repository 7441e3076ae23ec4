"""Stock at both simulated vendors, as tests set it up and look at it."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.world import World

SHIPPED = 3


async def keep_stock(world: World, **balances: int) -> None:
    """Articles with these balances in books that have the stock module."""
    await world.books.settings({"stock_module": True})
    await world.books.load(
        {
            "articles": [
                {"Number": number, "vat_rate": 21, "IsStock": True, "StockBalance": balance}
                for number, balance in balances.items()
            ],
            "customers": [{"CustomerNumber": "1"}],
        }
    )


async def sell_in_books(world: World, order: int, number: str, quantity: int) -> None:
    """An ongoing order of the books' own: its goods are reserved."""
    rows = [{"ArticleNumber": number, "Quantity": quantity}]
    await world.books.load({"orders": [{"Number": order, "CustomerNumber": "1", "Rows": rows}]})


async def fill_shop(world: World, **stocks: int) -> None:
    """Products with these stocks."""
    products = [
        {"id": 900 + place, "productnumber": number, "name": number.title(), "price": 10, "stock": stock}
        for place, (number, stock) in enumerate(stocks.items())
    ]
    await world.shop.load({"products": products})


async def products(world: World) -> dict[str, dict[str, Any]]:
    """The shop's products by their numbers."""
    return {product["productnumber"]: product for product in (await world.shop.state("products"))["products"]}


async def in_shop(world: World) -> dict[str, Decimal]:
    """What the shop has of every product."""
    return {number: product["stock"] for number, product in (await products(world)).items()}


async def in_books(world: World) -> dict[str, dict[str, Any]]:
    """The books' articles by their numbers."""
    return {article["Number"]: article for article in (await world.books.state("articles"))["articles"]}


async def sent_to_shop(world: World) -> list[Mapping[str, Any]]:
    """The bodies of all changes that the shop took, oldest first."""
    calls = await world.shop.requests()
    return [json.loads(call["body"]) for call in calls if call["method"] == "PATCH" and call["status"] < 400]
