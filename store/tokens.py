"""OAuth tokens: kept encrypted, replaced by exactly one worker; and the consents that were begun."""

import asyncio
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Generic, Protocol, TypeVar

from sqlmodel import col, delete, or_, update

from store.database import Database
from store.records import NotFoundError
from store.repository import Repository, locked, one
from store.sealing import Sealer
from store.tables import Connection, OAuthState

LEASE = timedelta(seconds=90)
"""Longer than any token request may take."""
CONSENT_LASTS = timedelta(minutes=15)

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0


class TokenPair(Protocol):
    """What the vault needs to know of a pair of tokens."""

    @property
    def access_token(self) -> str:
        """Signs calls."""

    @property
    def refresh_token(self) -> str:
        """Gets the next pair, once."""

    @property
    def expires_at(self) -> datetime:
        """When the access token ends."""


TokensT = TypeVar("TokensT", bound=TokenPair)


class MakeTokens(Generic[TokensT]):
    """Turns pairs into what is encrypted, and back."""

    def __init__(self, make: Callable[..., TokensT]) -> None:
        self._make = make

    def dump(self, tokens: TokensT) -> bytes:
        """Everything but the version, which is a column."""
        content = [tokens.access_token, tokens.refresh_token, tokens.expires_at.astimezone(UTC).isoformat()]
        return json.dumps(content).encode()

    def load(self, plain: bytes, version: int) -> TokensT:
        """As it was dumped, with the version of the row."""
        access_token, refresh_token, expires_at = json.loads(plain)
        return self._make(
            access_token=access_token,
            refresh_token=refresh_token,
            expires_at=datetime.fromisoformat(expires_at),
            version=version,
        )


class Vault(Generic[TokensT]):
    """The tokens of one connection, shared by all workers."""

    def __init__(
        self, database: Database, sealer: Sealer, workspace_id: str, connection_id: str, form: MakeTokens[TokensT]
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._workspace_id = workspace_id
        self._connection_id = connection_id
        self._form = form

    async def load(self) -> TokensT | None:
        """The newest pair; None when consent was never given."""
        async with self._database.reading() as session:
            row = await one(session, Connection, self._workspace_id, self._connection_id, "connection")
        return self._pair(row)

    async def save(self, tokens: TokensT) -> TokensT:
        """Keep the pair that a new consent gave; whatever was refreshed meanwhile is replaced."""
        async with self._database.writing() as session:
            row = await locked(session, Connection, self._workspace_id, self._connection_id, "connection")
            return self._keep(row, tokens)

    async def refresh_exclusively(self, version: int, refresh: Callable[[TokensT], Awaitable[TokensT]]) -> TokensT:
        """Replace pair ``version``, by one worker only; the new pair is saved before anyone gets it.

        No transaction is open during ``refresh``. Everyone else waits until the new pair is there, the lease ends or
        is given back; a newer pair than asked for is returned at once. What ``refresh`` raises goes to its caller and
        frees the lease. Being cancelled does not stop a refresh under way: its pair would be lost, and it works once.

        Raises:
            NotFoundError: There are no tokens to replace.
        """
        pause = _FIRST_PAUSE_S
        while True:
            tokens, lease = await self._take(version)
            if lease is None and tokens is not None:
                return tokens
            if lease is not None and tokens is not None:
                return await asyncio.shield(asyncio.ensure_future(self._replace(tokens, version, lease, refresh)))
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)

    async def _take(self, version: int) -> tuple[TokensT | None, str | None]:
        """The newer pair; or the asked pair with a lease on it; or neither while another has the lease."""
        owner, now = secrets.token_hex(8), datetime.now(UTC)
        async with self._database.writing() as session:
            taken = await session.exec(
                update(Connection)
                .where(
                    col(Connection.id) == self._connection_id,
                    col(Connection.workspace_id) == self._workspace_id,
                    col(Connection.tokens_version) <= version,
                    or_(col(Connection.tokens_lease_until).is_(None), col(Connection.tokens_lease_until) < now),
                )
                .values(tokens_lease_owner=owner, tokens_lease_until=now + LEASE)
            )
            row = await one(session, Connection, self._workspace_id, self._connection_id, "connection")
        pair = self._pair(row)
        if pair is None:
            raise NotFoundError("pair of tokens for connection", self._connection_id)
        if taken.rowcount == 1:
            return pair, owner
        return (pair, None) if row.tokens_version > version else (None, None)

    async def _replace(
        self, tokens: TokensT, version: int, lease: str, refresh: Callable[[TokensT], Awaitable[TokensT]]
    ) -> TokensT:
        try:
            renewed = await refresh(tokens)
        except BaseException:
            await self._free(lease)
            raise
        async with self._database.writing() as session:
            row = await locked(session, Connection, self._workspace_id, self._connection_id, "connection")
            newer = self._pair(row) if row.tokens_version > version else None
            return newer if newer is not None else self._keep(row, renewed)

    async def _free(self, lease: str) -> None:
        async with self._database.writing() as session:
            await session.exec(
                update(Connection)
                .where(
                    col(Connection.id) == self._connection_id,
                    col(Connection.workspace_id) == self._workspace_id,
                    col(Connection.tokens_lease_owner) == lease,
                )
                .values(tokens_lease_owner=None, tokens_lease_until=None)
            )

    def _keep(self, row: Connection, tokens: TokensT) -> TokensT:
        plain = self._form.dump(tokens)
        row.tokens = self._sealer.seal(Connection, "tokens", row.workspace_id, row.id, plain)
        row.tokens_version += 1
        row.tokens_lease_owner = None
        row.tokens_lease_until = None
        return self._form.load(plain, row.tokens_version)

    def _pair(self, row: Connection) -> TokensT | None:
        plain = self._sealer.of(row, "tokens")
        return None if plain is None else self._form.load(plain, row.tokens_version)


class OAuthStates(Repository):
    """Consents that were begun at a vendor's page."""

    async def begin(self, workspace_id: str, connection_id: str) -> str:
        """A new state parameter for the consent page; it can be used once, within `CONSENT_LASTS`."""
        state = secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        async with self._database.writing() as session:
            await one(session, Connection, workspace_id, connection_id, "connection")
            await session.exec(delete(OAuthState).where(col(OAuthState.expires_at) < now))
            session.add(
                OAuthState(
                    id=_state_hash(state),
                    workspace_id=workspace_id,
                    connection_id=connection_id,
                    expires_at=now + CONSENT_LASTS,
                )
            )
        return state

    async def finish(self, state: str, *, now: datetime | None = None) -> tuple[str, str] | None:
        """Workspace and connection that a state was begun for; None when it is unknown, used or too old."""
        moment = now or datetime.now(UTC)
        async with self._database.writing() as session:
            used = await session.exec(
                delete(OAuthState)
                .where(col(OAuthState.id) == _state_hash(state))
                .returning(col(OAuthState.workspace_id), col(OAuthState.connection_id), col(OAuthState.expires_at))
            )
            found = used.first()
        if found is None or found[2] < moment:
            return None
        return found[0], found[1]


def _state_hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
