"""Read what changed in a list, page by page, without missing what changes while it is read.

Pages by number would shift when a record that was already read changes and moves to the end: the next page would then
leave out one that was not read. So every page begins at the moment of the last change seen, and numbers count only
within records of one and the same second. Where they do, the record before the page must still be the one that was
read last: else the second is read from its beginning.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from connectors import exact_json
from connectors.eaccounting.api import LARGEST_PAGE, Api, ListPage, Record, moment
from connectors.errors import Temporary
from connectors.protocols import ReadFrom

_SECOND: Final = "%Y-%m-%dT%H:%M:%SZ"
_MOST_RETURNS: Final = 10
"""How often a read returns to the beginning of one second; more often means that its order is not kept."""


@dataclass(frozen=True)
class Changes:
    """One page of a list in the order of its changes."""

    records: Sequence[Record]
    cursor: str
    """The server's time when the read began: everything changed before it is in this read."""
    next_page: str | None
    total: int
    """How many records the read began with."""


@dataclass(frozen=True)
class _Position:
    since: str | None
    number: int = 1
    narrowed: bool = True
    cursor: str = ""
    total: int | None = None
    last: str = ""
    """The id of the record before a page of a number above 1; empty where a read began before this was kept."""
    returns: int = 0


class ChangeFeed:
    """The changes of one list.

    ``condition`` narrows it where the server can filter so; the caller checks it again, for where it cannot.
    Source: Visma eAccounting API documentation, paging and filters (confirmed September 2026).
    """

    def __init__(self, api: Api, path: str, changed: str, operation: str, condition: str = "") -> None:
        self._api = api
        self._path = path
        self._changed = changed
        self._operation = operation
        self._condition = condition

    async def read(self, start: ReadFrom, page: str | None, size: int) -> Changes:
        """One page, oldest change first; what shares the second of a page's end is read twice.

        Raises:
            Temporary: The vendor does not answer as documented now.
        """
        position = _begin(start) if page is None else _Position(**exact_json.loads(page))
        size = min(size, LARGEST_PAGE)
        answer, narrowed = await self._ask(position, size)
        # Asked after the page: what leaves the second meanwhile shows as well.
        if position.last and position.returns < _MOST_RETURNS and await self._before(position, size) != position.last:
            position = replace(position, number=1, last="", returns=position.returns + 1)
            answer, narrowed = await self._ask(position, size)
        if not answer.server_time:
            raise Temporary(f"eAccounting did not say what time it is when asked to {self._operation}.")
        read = replace(
            position,
            narrowed=narrowed,
            cursor=position.cursor or answer.server_time,
            total=answer.total if position.total is None else position.total,
        )
        following = self._following(read, answer)
        return Changes(
            records=answer.records,
            cursor=read.cursor,
            next_page=None if following is None else exact_json.dumps(vars(following)),
            total=read.total or 0,
        )

    async def _before(self, position: _Position, size: int) -> str:
        """The id of the record that stands before a page now; empty when there are not so many any more."""
        place = replace(position, number=(position.number - 1) * size)
        answer, _ = await self._ask(place, 1, **{"$select": "Id"})
        return str(answer.records[0].get("Id") or "") if answer.records else ""

    async def _ask(self, position: _Position, size: int, **options: str) -> tuple[ListPage, bool]:
        since = f"{self._changed} ge {position.since}" if position.since else ""
        order = {"$orderby": self._changed, **options}
        if position.narrowed and self._condition:
            expression = f"({self._condition}) and {since}" if since else self._condition
            params = {**order, "$filter": expression}
            narrowed = await self._api.page(self._path, self._operation, params, position.number, size)
            if narrowed is not None:
                return narrowed, True
        params = {**order, "$filter": since} if since else order
        return await self._api.known_page(self._path, self._operation, params, position.number, size), False

    def _following(self, read: _Position, answer: ListPage) -> _Position | None:
        if read.number >= answer.pages:
            return None
        last = str(answer.records[-1].get(self._changed) or "") if answer.records else ""
        since = second(last) if last else None
        if since is not None and (read.since is None or since > read.since):
            return replace(read, since=since, number=1, last="", returns=0)
        before = str(answer.records[-1].get("Id") or "") if answer.records else ""
        return replace(read, number=read.number + 1, last=before)


def second(timestamp: str) -> str:
    """A timestamp of the vendor to the second, as filters and cursors write it: such texts sort as their moments do."""
    return aware(timestamp).strftime(_SECOND)


def aware(timestamp: str) -> datetime:
    """A timestamp of the vendor in UTC; raises ValueError when it is none."""
    read = datetime.fromisoformat(timestamp)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def _begin(start: ReadFrom) -> _Position:
    begins: list[Any] = [start.not_before] if start.not_before else []
    if start.cursor is not None:
        begins.append(aware(start.cursor) - start.overlap)
    return _Position(since=moment(max(begins)) if begins else None)
