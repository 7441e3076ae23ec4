"""Lists and single records on the way out: filter, order, page, chosen members, and the vendor's two date styles."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from simulators.eaccounting.account import MODEL_OF, Account
from simulators.eaccounting.errors import BAD_FILTER, Refusal
from simulators.eaccounting.filters import comparable, parse_filter, scalar_member
from simulators.eaccounting.models import Record, members

DEFAULT_PAGE_SIZE: Final = 50
LARGEST_PAGE_SIZE: Final = 1000
"""What the vendor does above its maximum is not published; this simulator refuses with 6000, so that it is noticed."""

_MIDNIGHT_DATES: Final = frozenset({"orders", "customerinvoicedrafts"})
"""Kinds whose plain dates come back as `2026-06-25T00:00:00Z`; all others answer `2026-06-25`."""

_OPTIONS: Final = frozenset({"$page", "$pagesize", "$filter", "$select", "$orderby", "$version"})


@dataclass(frozen=True)
class View:
    """How records of a kind are completed on reading, and which members only that gives."""

    complete: Callable[[Record], Record]
    computed: tuple[str, ...] = ()


def render(kind: str, record: Record) -> Record:
    """Give a record as it leaves the vendor: the model's members only, plain dates in the style of its kind."""
    return _render(MODEL_OF[kind], record, midnight=kind in _MIDNIGHT_DATES)


def envelope(
    account: Account,
    kind: str,
    records: Iterable[Record],
    query: dict[str, str],
    *,
    view: View | None = None,
    unsorted: bool = False,
) -> Record:
    """Answer a list request with `Meta` and `Data`.

    Args:
        account: The account asked.
        kind: The kind of record.
        records: All records the request is about.
        query: The query parameters; an unknown one that starts with `$` is refused.
        view: What a record is completed with on reading; None when it is stored complete.
        unsorted: Give the page in another order than asked, as a fault rule wants it.

    Raises:
        Refusal: 400 with 6000 or 6001 for a parameter that can not be used.
    """
    model = MODEL_OF[kind]
    unknown = [name for name in query if name.startswith("$") and name not in _OPTIONS]
    if unknown:
        raise Refusal(BAD_FILTER, f"The parameter {unknown[0]} is not supported.")
    hidden = set(account.settings["hidden_from_list"])
    found = [record for record in records if record.get("Id") not in hidden]
    if view is not None and _needs(view.computed, query):
        found = [view.complete(record) for record in found]
        view = None
    if "$filter" in query:
        test = parse_filter(query["$filter"], model, account.unfilterable())
        found = [record for record in found if test(record)]
    if "$orderby" in query:
        _order(found, model, query["$orderby"])
    page = _number(query, "$page", 1)
    size = _number(query, "$pagesize", DEFAULT_PAGE_SIZE)
    if size > LARGEST_PAGE_SIZE:
        raise Refusal(BAD_FILTER, f"The maximum page size is {LARGEST_PAGE_SIZE}.")
    shown = found[(page - 1) * size : page * size]
    if unsorted:
        shown = shown[1::2] + shown[::2]
    choose = _chooser(model, query.get("$select"))
    return {
        "Meta": {
            "CurrentPage": page,
            "PageSize": size,
            "TotalNumberOfPages": -(-len(found) // size),
            "TotalNumberOfResults": len(found),
            "ServerTimeUtc": account.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "Data": [choose(render(kind, view.complete(record) if view else record)) for record in shown],
    }


def _needs(computed: tuple[str, ...], query: dict[str, str]) -> bool:
    expression = query.get("$filter", "") + query.get("$orderby", "")
    return any(name in expression for name in computed)


def _render(model: str, record: Record, *, midnight: bool) -> Record:
    shown: Record = {}
    for name, member in members(model).items():
        value = record.get(name)
        if value is not None and "model" in member:
            value = (
                [_render(member["model"], entry, midnight=midnight) for entry in value]
                if member["type"] == "array"
                else _render(member["model"], value, midnight=midnight)
            )
        elif value is not None and midnight and member["type"] == "date":
            value = f"{value}T00:00:00Z"
        shown[name] = value
    return shown


def _order(found: list[Record], model: str, expression: str) -> None:
    for part in reversed(expression.split(",")):
        name, _, direction = part.strip().partition(" ")
        if direction.strip() not in ("", "asc", "desc"):
            raise Refusal(BAD_FILTER, f"'{direction}' is not asc or desc.")
        member = scalar_member(model, name)
        found.sort(key=_sort_key(name, member), reverse=direction.strip() == "desc")


def _sort_key(name: str, member: dict[str, Any]) -> Callable[[Record], tuple[bool, Any]]:
    def key(record: Record) -> tuple[bool, Any]:
        value = record.get(name)
        # Null sorts before every value, as in the vendor's database.
        return (value is not None, 0 if value is None else comparable(member, value))

    return key


def _number(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise Refusal(BAD_FILTER, f"{name} must be a whole number from 1.")
    return int(text)


def _chooser(model: str, expression: str | None) -> Callable[[Record], Record]:
    if expression is None:
        return lambda record: record
    names = [name.strip() for name in expression.split(",")]
    known = members(model)
    for name in names:
        if name not in known:
            raise Refusal(BAD_FILTER, f"{model} has no member '{name}' to select.")

    def choose(record: Record) -> dict[str, Any]:
        return {name: record[name] for name in names}

    return choose
