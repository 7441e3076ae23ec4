"""Workspaces, and the tokens that open them."""

import hashlib
import os
import secrets
from datetime import UTC, datetime

from sqlmodel import col, select

from store.ids import new_id
from store.repository import Repository
from store.tables import AccessToken, Workspace

_HASH_KEY_BYTES = 32
_TOKEN_PREFIX = "lst_"  # noqa: S105 - how tokens begin, so that a leaked one is recognised


class Workspaces(Repository):
    """The owners of everything."""

    async def create(self, name: str) -> str:
        """A new workspace with a random hash key of its own; returns its id."""
        workspace_id = new_id("wsp")
        hash_key = self._sealer.seal(Workspace, "hash_key", workspace_id, workspace_id, os.urandom(_HASH_KEY_BYTES))
        async with self._database.writing() as session:
            session.add(Workspace(id=workspace_id, name=name, hash_key=hash_key, created_at=datetime.now(UTC)))
        return workspace_id

    async def issue_token(self, workspace_id: str, name: str) -> str:
        """A new token for the API. Only its SHA-256 is kept: this is the one time it can be read."""
        token = _TOKEN_PREFIX + secrets.token_urlsafe(32)
        async with self._database.writing() as session:
            session.add(
                AccessToken(
                    id=new_id("tok"),
                    workspace_id=workspace_id,
                    name=name,
                    token_hash=_token_hash(token),
                    created_at=datetime.now(UTC),
                )
            )
        return token

    async def by_token(self, token: str) -> str | None:
        """The workspace that a token opens, or None."""
        async with self._database.reading() as session:
            found = await session.exec(
                select(AccessToken.workspace_id).where(col(AccessToken.token_hash) == _token_hash(token))
            )
            return found.first()

    async def first(self) -> str | None:
        """The oldest workspace, or None on an empty database."""
        async with self._database.reading() as session:
            found = await session.exec(select(Workspace.id).order_by(col(Workspace.created_at), col(Workspace.id)))
            return found.first()


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
