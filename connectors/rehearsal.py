"""Calls of a rehearsal: reads go to the vendor, writes are written down and answered as if they had been accepted."""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from connectors import exact_json
from connectors.answers import Action, Answer
from connectors.client import VendorClient
from connectors.errors import RecordGone
from connectors.exchange import Masking
from connectors.rehearsed import Difference, WriteCall

_READS: Final = frozenset({"GET", "HEAD"})
_LONGEST_TEXT: Final = 10_000
_FIRST_MADE_UP: Final = 900_000_001
"""Ids of records that exist in a rehearsal only are counted from here."""


class Stopped(Exception):
    """The rehearsal ends at this write: what follows depends on an answer that only the vendor can give."""


class RehearsalLog:
    """Writes down what would be sent to all accounts of a flow."""

    def __init__(self) -> None:
        self._calls: list[WriteCall] = []
        self._made = _FIRST_MADE_UP
        self._stops = False

    def before(self, client: VendorClient) -> VendorClient:
        """The client to call instead of this one."""
        return _RehearsalClient(client, self)

    def take(self) -> tuple[WriteCall, ...]:
        """The writes since the last time, in their order."""
        calls, self._calls = tuple(self._calls), []
        return calls

    @contextlib.contextmanager
    def until_written(self) -> Iterator[None]:
        """End the body at its first write, which is written down."""
        self._stops = True
        try:
            yield
        except Stopped:
            return
        finally:
            self._stops = False

    def add(self, call: WriteCall) -> None:
        """Write a call down.

        Raises:
            Stopped: It is the one that the rehearsal ends at.
        """
        self._calls.append(call)
        if self._stops:
            raise Stopped

    def next_number(self) -> int:
        """What the id of the next made-up record is made of."""
        self._made += 1
        return self._made - 1


class _RehearsalClient(VendorClient):
    """Stands before an account's client. It has no connection of its own: only the other's `read` reaches the vendor.

    Records that were made or changed in the rehearsal are read as they would stand then.
    """

    def __init__(self, client: VendorClient, log: RehearsalLog) -> None:
        self._client = client
        self._log = log
        self._seen: dict[str, Mapping[str, Any]] = {}
        self._changed: dict[str, Mapping[str, Any] | None] = {}
        self._made_up: set[str] = set()
        self.base_url = client.base_url
        self.answers = client.answers

    async def aclose(self) -> None:
        """Nothing to close: the client behind belongs to others."""

    async def read(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        operation: str,
        json: Any = None,
        accept: Collection[Action] = (),
    ) -> Answer:
        """See `VendorClient.read`.

        Raises:
            ValueError: The method is one that can change something.
        """
        if method not in _READS:
            raise ValueError(f"{method} is not a read, so a rehearsal does not send it.")
        place = _place(path)
        if place in self._changed or self._made_up & set(place.split("/")):
            record = self._changed.get(place)
            if record is not None:
                return _answer(HTTPStatus.OK, record)
            if Action.GONE in accept:
                return _answer(HTTPStatus.NOT_FOUND, None)
            raise RecordGone(operation, place)
        answer = await self._client.read(method, path, params, operation=operation, json=json, accept=accept)
        if isinstance(answer.body, Mapping):
            self._seen[place] = answer.body
        return answer

    async def write(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        operation: str,
        params: Mapping[str, str] | None = None,
        accept: Collection[Action] = (),
        secrets: Iterable[str] = (),
    ) -> Answer:
        """Write the call down; the answer is the body, with an id when something would be created."""
        del accept
        place = _place(path)
        body = _shown(json, secrets)
        self._log.add(
            WriteCall(
                system=self.answers.title,
                operation=operation,
                method=method,
                path=self._url(path, params).removeprefix(self.base_url),
                body=body,
                differences={} if method == "POST" else self._differences(place, body),
            )
        )
        members = json if isinstance(json, Mapping) else {}
        if method == "DELETE":
            self._changed[place] = None
            return _answer(HTTPStatus.NO_CONTENT, None)
        if method == "POST":
            made = self.answers.made_up_id(self._log.next_number())
            made_id = str(next(iter(made.values())))
            self._made_up.add(made_id)
            place, members = f"{place}/{made_id}", {**members, **made}
        else:
            members = {**(self._changed.get(place) or self._seen.get(place) or {}), **members}
        if method == "POST" or place in self._seen or place in self._changed:
            self._changed[place] = members
        return _answer(HTTPStatus.OK, members)

    def _differences(self, place: str, body: Any) -> dict[str, Difference]:
        """What the write changes of a record that was read before at the same address."""
        held = self._changed.get(place) or self._seen.get(place)
        if held is None or not isinstance(body, Mapping):
            return {}
        return {name: Difference(held.get(name), value) for name, value in body.items() if held.get(name) != value}


def _place(path: str) -> str:
    return path.partition("?")[0].rstrip("/")


def _answer(status: HTTPStatus, body: Mapping[str, Any] | None) -> Answer:
    content = b"" if body is None else exact_json.dumps(body).encode("ascii")
    return Answer(int(status), {}, content, exact_json.loads(content) if content else None, readable=True)


def _shown(body: Any, secrets: Iterable[str]) -> Any:
    """A body for people: a copy with the secrets masked and what is endless, such as a picture, cut."""
    if body is None:
        return None
    return exact_json.loads(Masking(secrets)(exact_json.dumps(_cut(body))))


def _cut(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]}… ({len(value)} characters)"
    if isinstance(value, Mapping):
        return {name: _cut(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_cut(member) for member in value]
    return value
