"""What tests of rehearsals compare: what was announced, what was sent, and what our own database holds."""

import json
from typing import Any
from uuid import UUID

from sqlmodel import func, select

from store.tables import Binding, Claim, Exchange, Item, ItemEvent, Problem
from tests.world import World

Call = tuple[str, str, Any]

_FIRST_MADE_UP = 900_000_001
_MADE_UP = range(_FIRST_MADE_UP, _FIRST_MADE_UP + 1_000)
_LEDGER = (Binding, Claim, Exchange, Item, ItemEvent, Problem)


async def preview(world: World, flow_id: str, **wish: Any) -> dict[str, Any]:
    """A rehearsed run of a flow; proves that no system was sent a write and our ledger was not written."""
    before, seen = await ledger(world), await sent(world)
    made: dict[str, Any] = await world.api("POST", f"/flows/{flow_id}/preview", wish)
    assert await ledger(world) == before
    assert await sent(world) == seen
    return made


def by_reference(made: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A preview's records by what people call them."""
    return {record["reference"]: record for record in made["records"]}


def announced(made: dict[str, Any]) -> list[Call]:
    """Every write that a preview announces."""
    return [(call["method"], call["path"], call["body"]) for record in made["records"] for call in record["calls"]]


async def sent(world: World) -> list[Call]:
    """Every write that either system received, sign-in apart."""
    calls = [*await world.books.requests(), *await world.shop.requests()]
    return [
        (call["method"], call["target"], json.loads(call["body"]) if call["body"] else None)
        for call in calls
        if call["method"] not in {"GET", "HEAD"} and "/connect/" not in call["target"]
    ]


async def ledger(world: World) -> dict[str, int]:
    """How many rows each table has that a run would write."""
    counts = {}
    async with world.store.database.reading() as session:
        for table in _LEDGER:
            counts[table.__name__] = (await session.exec(select(func.count()).select_from(table))).one()
    return counts


def assert_alike(expected: list[Call], real: list[Call]) -> None:
    """The same writes in whatever order of records; a made-up id stands for any id of its kind."""
    left = list(real)
    for call in expected:
        match = next((one for one in left if _alike(list(call), list(one))), None)
        assert match is not None, f"{call} was announced and not sent; left over: {left}"
        left.remove(match)
    assert not left, f"sent and not announced: {left}"


def _alike(expected: Any, real: Any) -> bool:
    if isinstance(expected, dict) and isinstance(real, dict):
        return expected.keys() == real.keys() and all(_alike(value, real[name]) for name, value in expected.items())
    if isinstance(expected, list) and isinstance(real, list):
        return len(expected) == len(real) and all(map(_alike, expected, real))
    if isinstance(expected, str) and isinstance(real, str) and "/" in expected:
        return _alike(expected.split("/"), real.split("/"))
    return bool(expected == real) or (type(expected) is type(real) and _is_made_up(expected))


def _is_made_up(value: Any) -> bool:
    try:
        number = UUID(value).int if isinstance(value, str) and "-" in value else int(value)
    except (TypeError, ValueError):
        return False
    return number in _MADE_UP
