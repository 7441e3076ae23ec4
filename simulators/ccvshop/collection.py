"""Collections: queries, sorting and the two envelopes. Source: CCV Shop API documentation, collections.

Where the vendor's behaviour is unknown the simulator chooses: ``size`` is 50 when absent and refused above 250; unknown
query parameters are refused; without ``orderby`` rows come by ascending id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from simulators.ccvshop.refusal import invalid
from simulators.ccvshop.table import Record, Table
from simulators.kit import VendorRequest

Test = Callable[[Record], bool]
DEFAULT_SIZE = 50
LARGEST_SIZE = 250
_PAGING = frozenset({"start", "size", "orderby"})


class Query:
    """The query of a collection call, checked against what the endpoint knows."""

    def __init__(self, request: VendorRequest, filters: Collection[str] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in request.query:
            if name not in _PAGING and name not in filters:
                raise invalid(f"Query parameter {name} is not known here.")
            if name in self._values:
                raise invalid(f"Query parameter {name} was sent twice.")
            self._values[name] = value

    def text(self, name: str) -> str | None:
        """The parameter as sent, or None."""
        return self._values.get(name)

    def whole(self, name: str, least: int = 0) -> int | None:
        """The parameter as an integer of at least ``least``."""
        value = self._values.get(name)
        if value is None:
            return None
        if not value.isascii() or not value.isdigit() or int(value) < least:
            raise invalid(f"Query parameter {name} must be an integer of at least {least}.")
        return int(value)

    def number(self, name: str) -> Decimal | None:
        """The parameter as a number."""
        value = self._values.get(name)
        if value is None:
            return None
        try:
            return Decimal(value)
        except InvalidOperation:
            raise invalid(f"Query parameter {name} must be a number.") from None

    def flag(self, name: str) -> bool | None:
        """The parameter as a boolean, written as the word true or false."""
        value = self._values.get(name)
        if value is None:
            return None
        if value not in ("true", "false"):
            raise invalid(f"Query parameter {name} must be true or false.")
        return value == "true"

    def moment(self, name: str) -> datetime | None:
        """The parameter as a moment: UTC date and time, or a plain date at midnight UTC."""
        value = self._values.get(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise invalid(f"Query parameter {name} must look like 2022-11-07T21:51:00Z or 2022-11-07.") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def sorted(self, rows: Sequence[dict[str, Any]], names: Collection[str]) -> list[dict[str, Any]]:
        """The rows in the order asked for; rows without the value come first, equal ones by id."""
        name, descending = self._order(names)
        return sorted(
            rows,
            key=lambda row: (row.get(name) is not None, "" if row.get(name) is None else row[name], row["id"]),
            reverse=descending,
        )

    def listed(
        self, table: Table, names: Collection[str] = (), tests: Sequence[Test] = (), within: list[Record] | None = None
    ) -> Sequence[Record]:
        """The records of a table, or those ``within`` it, that pass every test, in the order asked for."""
        name, descending = self._order(names)
        if within is None and not tests:
            return table.ordered(name, descending=descending)
        rows = table.ordered(name, descending=descending)[:] if within is None else within
        hits = [row for row in rows if all(passes(row) for passes in tests)]
        return hits if within is None else table.sort(hits, name, descending=descending)

    def _order(self, names: Collection[str]) -> tuple[str, bool]:
        order = self._values.get("orderby", "id")
        name = order.removesuffix("_desc")
        if name not in names and order != "id":
            raise invalid(f"Sorting by {order} is not possible here; known are {', '.join(sorted(names))}.")
        return name, order.endswith("_desc")

    def page(self, request: VendorRequest, rows: Sequence[dict[str, Any]]) -> Page:
        """The part of the rows that ``start`` and ``size`` ask for."""
        start = self.whole("start") or 0
        size = self.whole("size", least=1) or DEFAULT_SIZE
        if size > LARGEST_SIZE:
            raise invalid(f"Query parameter size may be at most {LARGEST_SIZE}.")
        rest = [(name, value) for name, value in self._values.items() if name not in ("start", "size")]
        items = list(rows[start : start + size])
        if request.fault_is("unsorted_page"):
            items.reverse()
        return Page(request, start, size, len(rows), items, rest)


class Page:
    """One page and its neighbours' addresses."""

    def __init__(
        self,
        request: VendorRequest,
        start: int,
        size: int,
        total: int,
        items: list[dict[str, Any]],
        rest: list[tuple[str, str]],
    ) -> None:
        self._request = request
        self._rest = rest
        self.start = start
        self.size = size
        self.total = total
        self.items = items

    def envelope(self, rendered: list[dict[str, Any]]) -> dict[str, Any]:
        """The vendor's paged envelope: no total count, absolute neighbour addresses."""
        has_next = self.start + self.size < self.total
        return {
            "start": self.start,
            "size": self.size,
            "href": self._href(self.start),
            "first": self._href(0) if self.start else None,
            "previous": self._href(max(0, self.start - self.size)) if self.start else None,
            "next": self._href(self.start + self.size) if has_next else None,
            "items": rendered,
        }

    def _href(self, start: int) -> str:
        pairs = [*self._rest, ("start", str(start)), ("size", str(self.size))]
        query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
        path = self._request.raw_target.partition("?")[0]
        return f"{self._request.base_url}{path}?{query}"


def single_page(request: VendorRequest, items: list[dict[str, Any]], filters: Collection[str] = ()) -> dict[str, Any]:
    """The envelope of collections that come whole; ``start``, ``size`` and ``orderby`` do no harm there."""
    Query(request, filters)
    return {"href": f"{request.base_url}{request.raw_target.partition('?')[0]}", "items": items}


def expanded(request: VendorRequest, names: Collection[str]) -> set[str]:
    """The sub-collections that ``expand`` asks for.

    Raises:
        Refusal: 400, a name is not offered here.
    """
    asked = {part for name, value in request.query if name == "expand" for part in value.split(",") if part}
    unknown = sorted(asked - set(names))
    if unknown:
        raise invalid(f"Expanding {', '.join(unknown)} is not possible here; known are {', '.join(sorted(names))}.")
    return asked
