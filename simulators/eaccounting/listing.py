"""Lists and single records on the way out: filter, order, page, chosen members, and the vendor's two date styles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from simulators.eaccounting.account import MODEL_OF, Account
from simulators.eaccounting.errors import BAD_FILTER, Refusal
from simulators.eaccounting.filters import Test, comparable, equalities, parse_filter, scalar_member
from simulators.eaccounting.models import Record, Stored, members, whole

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


def render(kind: str, record: Record, names: Sequence[str] | None = None) -> Record:
    """Give a record as it leaves the vendor: the model's members, or only the named ones, dates in its kind's style."""
    return _render(MODEL_OF[kind], record, names, midnight=kind in _MIDNIGHT_DATES)


def envelope(
    account: Account,
    kind: str,
    query: dict[str, str],
    *,
    records: Callable[[], list[Stored]] | None = None,
    scope: str = "",
    view: View | None = None,
    unsorted: bool = False,
) -> Record:
    """Answer a list request with `Meta` and `Data`.

    Args:
        account: The account asked.
        kind: The kind of record.
        query: The query parameters; an unknown one that starts with `$` is refused.
        records: Gives the records the request is about when that is not the whole kind.
        scope: Tells such a choice of records apart from other ones.
        view: What a record is completed with on reading; None when it is stored complete.
        unsorted: Give the page in another order than asked, as a fault rule wants it.

    Raises:
        Refusal: 400 with 6000 or 6001 for a parameter that can not be used.
    """
    unknown = [name for name in query if name.startswith("$") and name not in _OPTIONS]
    if unknown:
        raise Refusal(BAD_FILTER, f"The parameter {unknown[0]} is not supported.")
    page = _number(query, "$page", 1)
    size = _number(query, "$pagesize", DEFAULT_PAGE_SIZE)
    if size > LARGEST_PAGE_SIZE:
        raise Refusal(BAD_FILTER, f"The maximum page size is {LARGEST_PAGE_SIZE}.")
    names = _chosen(MODEL_OF[kind], query.get("$select"))
    asked = (kind, scope, query.get("$filter"), query.get("$orderby"), account.today())
    found = account.remember(asked, lambda: _found(account, kind, query, records, view))
    shown = found[(page - 1) * size : page * size]
    if unsorted:
        shown = shown[1::2] + shown[::2]
    return {
        "Meta": {
            "CurrentPage": page,
            "PageSize": size,
            "TotalNumberOfPages": -(-len(found) // size),
            "TotalNumberOfResults": len(found),
            "ServerTimeUtc": account.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        "Data": [render(kind, view.complete(record) if view else record, names) for record in shown],
    }


def _found(
    account: Account,
    kind: str,
    query: dict[str, str],
    records: Callable[[], list[Stored]] | None,
    view: View | None,
) -> list[Stored]:
    model = MODEL_OF[kind]
    hidden = set(account.settings["hidden_from_list"])
    completed = view is not None and _needs(view.computed, query)

    def read(record: Stored) -> Record:
        return view.complete(record) if view is not None and completed else record

    test = parse_filter(query["$filter"], model, account.unfilterable()) if "$filter" in query else None
    found = records() if records else _narrowed(account, kind, test)
    if hidden:
        found = [record for record in found if record.get("Id") not in hidden]
    if test is not None:
        found = [record for record in found if test(read(record))]
    if "$orderby" in query:
        _order(found, model, query["$orderby"], read)
    return found


def _narrowed(account: Account, kind: str, test: Test | None) -> list[Stored]:
    for equal in equalities(test) if test else ():
        found = account.found_by(kind, equal.field, equal.wanted)
        if found is not None:
            return found
    return account.records(kind)


def _needs(computed: tuple[str, ...], query: dict[str, str]) -> bool:
    expression = query.get("$filter", "") + query.get("$orderby", "")
    return any(name in expression for name in computed)


def _render(model: str, record: Record, names: Sequence[str] | None = None, *, midnight: bool) -> Record:
    known = members(model)
    source = whole(record)
    shown: Record = {}
    for name in known if names is None else names:
        member = known[name]
        value = source.get(name)
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


def _order(found: list[Stored], model: str, expression: str, read: Callable[[Stored], Record]) -> None:
    for part in reversed(expression.split(",")):
        name, _, direction = part.strip().partition(" ")
        if direction.strip() not in ("", "asc", "desc"):
            raise Refusal(BAD_FILTER, f"'{direction}' is not asc or desc.")
        key = _sort_key(name, scalar_member(model, name), read)
        found.sort(key=key, reverse=direction.strip() == "desc")


def _sort_key(
    name: str, member: dict[str, Any], read: Callable[[Stored], Record]
) -> Callable[[Stored], tuple[bool, Any]]:
    def key(record: Stored) -> tuple[bool, Any]:
        value = read(record).get(name)
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


def _chosen(model: str, expression: str | None) -> list[str] | None:
    if expression is None:
        return None
    names = [name.strip() for name in expression.split(",")]
    known = members(model)
    for name in names:
        if name not in known:
            raise Refusal(BAD_FILTER, f"{model} has no member '{name}' to select.")
    return names
