"""Articles in the books and products in the shop, as the tests of products flows load and look at them."""

from decimal import Decimal
from typing import Any

from simulators.eaccounting.account import fixed_id
from tests.world import World

PIECES = fixed_id("units", "PCE")
TO_SHOP = {"package": "1"}
"""What the shop needs to be told as a target."""
TO_BOOKS = {"unit": PIECES}
"""What the books need to be told as a target."""

Members = dict[str, Any]


def article(number: str, **members: Any) -> Members:
    """An article of the books at 10.00 without VAT of 21 %, unless it says otherwise."""
    return {"Number": number, "Name": f"A {number}", "NetPrice": 10, "vat_rate": 21, **members}


def product(product_id: int, number: str, **members: Any) -> Members:
    """A product of the shop at 12.10 with VAT of 21 %, unless it says otherwise."""
    values = {"name": f"A {number}", "price": Decimal("12.10"), "taxtariff": "normal", "vatrate": 21, "package_id": 1}
    return {"id": product_id, "productnumber": number, **values, **members}


async def articles(world: World) -> dict[str, Members]:
    """What the books hold, by number."""
    return {one["Number"]: one for one in (await world.books.state("articles"))["articles"]}


async def products(world: World) -> dict[str, Members]:
    """What the shop holds, by number; no two may have the same."""
    held: list[Members] = (await world.shop.state("products"))["products"]
    assert len({one["productnumber"] for one in held}) == len(held), held
    return {one["productnumber"]: one for one in held}


async def change_article(world: World, number: str, **members: Any) -> None:
    """Change an article as a person in the books would."""
    await world.books.load({"articles": [{"Number": number, **members}]})


async def change_product(world: World, number: str, **members: Any) -> None:
    """Change a product as a person in the shop would."""
    await world.shop.patch("products", (await products(world))[number]["id"], members)


async def writes(world: World) -> list[str]:
    """Every write that either system was asked for since the last look, sign-in apart, as method and path."""
    seen = []
    for simulation in (world.books, world.shop):
        calls = await simulation.requests()
        await simulation.forget_requests()
        targets = [(call["method"], call["target"].partition("?")[0]) for call in calls]
        seen += [f"{method} {path}" for method, path in targets if method != "GET" and "/connect/" not in path]
    return seen


async def problem_of(world: World, flow: str, reference: str) -> tuple[str, str]:
    """Why a record of a flow waits: the cause's code and the sentence for people."""
    (item,) = [one for one in await world.items(flow_id=flow, state="parked") if one["reference"] == reference]
    problem = (await world.api("GET", f"/items/{item['id']}"))["problem"]
    return str(problem["code"]), str(problem["sentence"])
