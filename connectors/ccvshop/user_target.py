"""Take customers in as registered customers of a shop. Source: CCV Shop API documentation, users."""

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Setting

from commerce.problems import Problem, ProblemCode
from connectors.answers import Action
from connectors.ccvshop.api import ROOT, pages
from connectors.ccvshop.user_body import FIELDS, MAPPING, changed_body, held_by, new_body
from connectors.ccvshop.user_source import read_user
from connectors.ccvshop.writing import created_id, member, settled, whole_number
from connectors.client import VendorClient
from connectors.declaration import RecordTargetDeclaration
from connectors.errors import OutcomeUnknown
from connectors.protocols import Identifier
from connectors.records import Change, Existing, Key, Removal, Written
from mapping.fields import Field

_REMEMBERED_SECONDS = 600
_FEW = 20
"""Up to so many customers are read one by one when it is not known how many pages the shop has."""
_PASSWORD_BYTES = 32


class CcvUserTarget(BaseModel):
    """How customers are taken in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default_group: str = Setting(
        default="",
        pattern="^[0-9]*$",
        title="Customer group of new customers",
        description="For those whose own group has no entry in the table; empty gives them none.",
        json_schema_extra={"choices": "user_groups"},
    )


class CcvCustomers:
    """`RecordTarget` of registered customers, who are told apart by user name and e-mail address.

    The shop has no filter for either. A scan of all customers builds an index of addresses, which is believed for ten
    minutes: a customer missing from it who exists after all is refused by the shop as a double, and then found.
    """

    def __init__(
        self, client: VendorClient, settings: CcvUserTarget, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._index: dict[str, tuple[str, ...]] | None = None
        self._scanned_at = 0.0
        self._pages: int | None = None

    async def find(self, keys: Sequence[Key], by: Identifier) -> Mapping[str, Existing | Problem]:  # noqa: ARG002
        """By id where it is known, else by address; read one by one or, where that takes fewer calls, by a scan."""
        scanned: Mapping[str, Mapping[str, Any]] = {}
        unknown = [key for key in keys if not key.target_id]
        if (unknown and self._stale()) or self._reads(keys) > (_FEW if self._pages is None else self._pages):
            scanned = await self._scan({key.target_id for key in keys}, {key.text for key in unknown})
        found: dict[str, Existing | Problem] = {}
        for key in keys:
            ids = self._ids(key)
            if len(ids) > 1:
                found[key.source_id] = _ambiguous(key, ids)
                continue
            for user_id in ids:
                user = scanned[user_id] if user_id in scanned else await read_user(self._client, user_id)
                if user is not None and (key.target_id or key.text in _addresses(user)):
                    found[key.source_id] = _existing(user)
        return found

    async def write(self, changes: Sequence[Change]) -> Sequence[Written]:
        """Create with a random password that nobody is told, or send what differs."""
        return [
            await settled(
                change, self._create(change) if change.existing is None else self._update(change, change.existing)
            )
            for change in changes
        ]

    async def remove(self, existing: Existing, removal: Removal) -> None:
        """Archive: the customer can no longer sign in; delete: it is gone."""
        path = f"{ROOT}/users/{existing.target_id}/"
        if removal is Removal.DELETE:
            operation = f"remove customer {existing.number}"
            await self._client.write("DELETE", path, operation=operation, accept={Action.GONE})
        elif removal is Removal.ARCHIVE and existing.values.get("status") is not False:
            operation = f"switch customer {existing.number} off"
            await self._client.write("PATCH", path, {"status": False}, operation=operation, accept={Action.GONE})

    async def own_fields(self) -> Sequence[Field]:
        """None: a shop's customers all have the same members."""
        return ()

    async def _create(self, change: Change) -> Written:
        body = new_body(change)
        if "group_id" not in body and self._settings.default_group:
            body["group_id"] = whole_number(change, "customer group", self._settings.default_group)
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        try:
            answer = await self._client.write(
                "POST",
                f"{ROOT}/users/",
                {**body, "password": password},
                operation=f"create customer {change.reference}",
                accept={Action.CONFLICT},
                secrets=(password,),
            )
        except OutcomeUnknown:
            self._index = None
            raise
        user_name = str(body["username"]).casefold()
        if user_id := created_id(answer):
            self._remember(user_id, {user_name, change.key.text})
            return Written(change.source_id, user_id, user_id)
        users = await self._scan(set(), {user_name})
        if len(users) != 1:
            sentence = (
                f"CCV Shop seems to have customer {change.reference} but does not show it; this will be looked up."
            )
            raise OutcomeUnknown(sentence, settled=True)
        (user,) = users.values()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            await self._send(change, user)
        return Written(change.source_id, str(user["id"]), str(user["id"]))

    async def _update(self, change: Change, existing: Existing) -> Written:
        await self._send(change, existing.state)
        return Written(change.source_id, existing.target_id, existing.number)

    async def _send(self, change: Change, user: Mapping[str, Any]) -> None:
        if body := changed_body(change, user):
            operation = f"change customer {change.reference}"
            await self._client.write("PATCH", f"{ROOT}/users/{user['id']}/", body, operation=operation)
            for address in _addresses(body):
                self._remember(str(user["id"]), {address})

    async def _scan(self, ids: set[str], addresses: set[str]) -> dict[str, Mapping[str, Any]]:
        """Read all customers, renew the index, and keep the named ones."""
        index: defaultdict[str, dict[str, None]] = defaultdict(dict)
        kept: dict[str, Mapping[str, Any]] = {}
        count = 0
        async for items in pages(self._client, f"{ROOT}/users/", operation="list customers"):
            count += 1
            for user in items:
                user_id, known_by = str(user.get("id")), _addresses(user)
                for address in known_by:
                    index[address][user_id] = None
                if user_id in ids or known_by & addresses:
                    kept[user_id] = user
        self._index = {address: (*found,) for address, found in index.items()}
        self._scanned_at, self._pages = self._clock(), count
        return kept

    def _stale(self) -> bool:
        return self._index is None or self._clock() - self._scanned_at > _REMEMBERED_SECONDS

    def _ids(self, key: Key) -> tuple[str, ...]:
        return (key.target_id,) if key.target_id else (self._index or {}).get(key.text, ())

    def _reads(self, keys: Sequence[Key]) -> int:
        return sum(len(self._ids(key)) == 1 for key in keys)

    def _remember(self, user_id: str, addresses: set[str]) -> None:
        if self._index is not None:
            for address in addresses - {""}:
                known = self._index.get(address, ())
                self._index[address] = known if user_id in known else (*known, user_id)


def _addresses(user: Mapping[str, Any]) -> set[str]:
    names = (member(user, "username"), member(user, "userinfo.email"))
    return {str(name).strip().casefold() for name in names if name} - {""}


def _existing(user: Mapping[str, Any]) -> Existing:
    user_id = str(user.get("id"))
    return Existing(target_id=user_id, number=user_id, values=held_by(user), state=user)


def _ambiguous(key: Key, ids: Sequence[str]) -> Problem:
    return Problem(
        code=ProblemCode.AMBIGUOUS_MATCH,
        field="userinfo.email",
        value=key.text,
        sentence=f"The customers {', '.join(ids)} of the shop all have the e-mail address {key.text}. "
        "Give all but one another address, or remove them, then retry.",
    )


def _open(client: VendorClient, _connection: BaseModel, settings: BaseModel) -> CcvCustomers:
    return CcvCustomers(client, CcvUserTarget.model_validate(settings))


USER_TARGET: Final = RecordTargetDeclaration(
    open=_open,
    settings=CcvUserTarget,
    fields=FIELDS,
    mapping=MAPPING,
    settle=timedelta(minutes=2),
    shared=True,
    removals=frozenset({Removal.LEAVE, Removal.ARCHIVE, Removal.DELETE}),
    value_tables={"customer_group": "user_groups"},
)
