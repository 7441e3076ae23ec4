"""The vendor's envelope, paging and filters over the shared client."""

import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from connectors.answers import Action, Answer
from connectors.budget import Bucket, Buckets
from connectors.client import VendorClient
from connectors.eaccounting.errors import ANSWERS, BAD_FILTER, refused
from connectors.errors import Temporary

Record = dict[str, Any]

CALLS_PER_MINUTE: Final = 600
"""Per client and address. Source: Visma eAccounting API documentation, rate limits."""
_VERSION: Final = "/v2"
LARGEST_PAGE: Final = 1000
_ID: Final = re.compile(r"(?<=/)[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?=/|$)")


def buckets(client_id: str, calls_per_minute: int | None) -> Buckets:
    """One bucket per address, ids left out; shared by all companies behind the same client id."""

    def of(_method: str, path: str) -> Sequence[Bucket]:
        template = _ID.sub("{id}", path.partition("?")[0])
        return (Bucket(f"eaccounting/{client_id}{template}", calls_per_minute or CALLS_PER_MINUTE),)

    return of


def quoted(value: str) -> str:
    """A text as a filter expression takes it."""
    return "'" + value.replace("'", "''") + "'"


def moment(at: datetime) -> str:
    """A timestamp as a filter expression takes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class ListPage:
    """One page of a list, with what the vendor says of the whole."""

    records: list[Record]
    pages: int
    total: int
    server_time: str


class Api:
    """Reads and writes records of one company."""

    def __init__(self, client: VendorClient) -> None:
        self._client = client

    async def get(self, path: str, operation: str) -> Record:
        """One object. Raises `RecordGone` for an unknown id, and what `VendorClient.read` raises."""
        answer = await self._client.read("GET", _VERSION + path, operation=operation)
        return _object(answer, operation)

    async def search(self, path: str, operation: str, expression: str, **more: str) -> list[Record] | None:
        """All records that a filter finds; None when this company's server cannot filter by that member."""
        params = {**more, "$filter": expression}
        first = await self._filtered(path, operation, params, 1)
        if first is None:
            return None
        return [record async for record in self._rest(first, path, operation, params)]

    async def page(
        self, path: str, operation: str, params: Mapping[str, str], number: int, size: int
    ) -> ListPage | None:
        """One page of a list; None when this company's server cannot filter so."""
        answer = await self._filtered(path, operation, params, number, size)
        return None if answer is None else _list_page(answer, operation)

    async def known_page(
        self, path: str, operation: str, params: Mapping[str, str], number: int, size: int
    ) -> ListPage:
        """One page of a list, asked for in a way that the vendor documents."""
        return _list_page(await self._page(path, operation, params, number, size=size), operation)

    async def records(self, path: str, operation: str, **params: str) -> list[Record]:
        """All records of a list."""
        first = await self._page(path, operation, params, 1)
        return [record async for record in self._rest(first, path, operation, params)]

    async def find(
        self,
        path: str,
        operation: str,
        expression: str,
        matches: Callable[[Record], bool],
        *fallbacks: Mapping[str, str],
    ) -> list[Record]:
        """Records that match, found by filter or, where the server cannot, by reading the list.

        ``fallbacks`` are the parameters that bound that reading, the narrowest first; the last resort is all of it.
        """
        found = await self.search(path, operation, expression)
        for params in (*fallbacks, {}):
            if found is not None:
                break
            narrowed = dict(params)
            condition = narrowed.pop("$filter", "")
            if condition:
                found = await self.search(path, operation, condition, **narrowed)
            else:
                found = await self.records(path, operation, **narrowed)
        return [record for record in found or () if matches(record)]

    async def post(
        self, path: str, operation: str, body: Any, *, accept: Collection[Action] = (), **params: str
    ) -> Answer:
        """Create or act; sent once."""
        return await self._client.write(
            "POST", _VERSION + path, body, operation=operation, params=params or None, accept=accept
        )

    async def put(self, path: str, operation: str, body: Any, *, accept: Collection[Action] = ()) -> Answer:
        """Replace; members left out become empty."""
        return await self._client.write("PUT", _VERSION + path, body, operation=operation, accept=accept)

    async def delete(self, path: str, operation: str) -> None:
        """Delete; a record that is gone already counts as deleted."""
        await self._client.write("DELETE", _VERSION + path, operation=operation, accept={Action.GONE})

    async def _filtered(
        self, path: str, operation: str, params: Mapping[str, str], number: int, size: int = LARGEST_PAGE
    ) -> Answer | None:
        answer = await self._page(path, operation, params, number, {Action.PARK_ITEM}, size)
        if ANSWERS.classify(answer) is not Action.PARK_ITEM:
            return answer
        if ANSWERS.error_code(answer) != BAD_FILTER:
            raise refused(answer, operation, writing=False)
        return None

    async def _page(
        self,
        path: str,
        operation: str,
        params: Mapping[str, str],
        number: int,
        accept: Collection[Action] = (),
        size: int = LARGEST_PAGE,
    ) -> Answer:
        query = {**params, "$page": str(number), "$pagesize": str(size)}
        return await self._client.read("GET", _VERSION + path, query, operation=operation, accept=accept)

    async def _rest(self, first: Answer, path: str, operation: str, params: Mapping[str, str]) -> AsyncIterator[Record]:
        answer = first
        number = 1
        while True:
            page = _list_page(answer, operation)
            for entry in page.records:
                yield entry
            if number >= page.pages:
                return
            number += 1
            answer = await self._page(path, operation, params, number)


def answered(answer: Answer) -> Record:
    """The object an accepted write came back with; empty when it came back without one."""
    return answer.body if isinstance(answer.body, dict) else {}


def _list_page(answer: Answer, operation: str) -> ListPage:
    body = _object(answer, operation)
    entries, meta = body.get("Data"), body.get("Meta")
    if not isinstance(entries, list) or not isinstance(meta, dict):
        raise Temporary(f"eAccounting answered something unexpected when asked to {operation}.")
    return ListPage(
        records=entries,
        pages=int(meta.get("TotalNumberOfPages") or 0),
        total=int(meta.get("TotalNumberOfResults") or 0),
        server_time=str(meta.get("ServerTimeUtc") or ""),
    )


def _object(answer: Answer, operation: str) -> Record:
    if not isinstance(answer.body, dict):
        raise Temporary(f"eAccounting answered something unexpected when asked to {operation}.")
    return answer.body
