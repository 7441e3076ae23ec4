"""Registered customers of the shop and customers of the books, as tests of customers flows load and look at them."""

from pathlib import Path
from typing import Any

from tests.world import World

Members = dict[str, Any]

HOME = {"street": "Dorpsstraat", "housenumber": 3, "zipcode": "1234AB", "city": "Utrecht", "country_code": "NL"}


def user(number: int, email: str, *, address: Members | None = None, **members: Any) -> Members:
    """A Dutch person who registered in the shop, unless it says otherwise; ``members`` are those of the user's data."""
    billing = {"first_name": "Jan", "last_name": "Jansen", "telephone": "0301234567", **HOME, **(address or {})}
    information = {"email": email, "billingaddress": billing, **members}
    return {"id": number, "username": f"buyer{number}@example.nl", "userinfo": information}


def debtor(number: str, email: str, **members: Any) -> Members:
    """A Dutch person of the books, unless it says otherwise."""
    return {
        "CustomerNumber": number,
        "Name": "Jan Jansen",
        "IsPrivatePerson": True,
        "EmailAddress": email,
        "InvoiceAddress1": "Dorpsstraat 3 A",
        "InvoicePostalCode": "1234AB",
        "InvoiceCity": "Utrecht",
        **members,
    }


async def to_books(world: World, **settings: Any) -> Members:
    """What the books need to be told as a target of customers."""
    return {"terms_of_payment": await world.terms(), **settings}


async def debtors(world: World) -> dict[str, Members]:
    """The books' customers by e-mail address; no two may have the same."""
    held: list[Members] = (await world.books.state("customers"))["customers"]
    assert len({one["EmailAddress"] for one in held}) == len(held), held
    return {one["EmailAddress"]: one for one in held}


async def users(world: World) -> dict[str, Members]:
    """The shop's registered customers by e-mail address; no two may have the same."""
    held: list[Members] = (await world.shop.state("users"))["users"]
    assert len({one["userinfo"]["email"] for one in held}) == len(held), held
    return {one["userinfo"]["email"]: one for one in held}


async def move(world: World, number: int, **address: Any) -> None:
    """Change the billing address of a registered customer, telephone included."""
    await world.shop.load({"users": [{"id": number, "userinfo": {"billingaddress": address}}]})


async def texts(world: World, flow: str, reference: str) -> list[str]:
    """What the time line of a record says, oldest first."""
    (item,) = [one for one in await world.items(flow_id=flow) if one["reference"] == reference]
    return [event["text"] for event in (await world.api("GET", f"/items/{item['id']}"))["events"]]


def everything_written(directory: Path) -> bytes:
    """All that the ledger in a directory has on disk, its journal included."""
    return b"".join(path.read_bytes() for path in sorted(directory.rglob("longshore.db*")))
