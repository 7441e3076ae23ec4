"""What repositories share: the database, the sealing of columns, the keyed hashes of a workspace."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from store.database import Database
from store.records import NotFoundError
from store.sealing import Sealer
from store.tables import Row, Workspace

RowT = TypeVar("RowT", bound=Row)

CHUNK = 500
"""How many ids one statement names at most."""


class KeyedHashes:
    """Turns texts into hashes that only a workspace's key can make; renewing the key ring does not change them."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._keys: dict[str, bytes] = {}

    async def __call__(self, workspace_id: str, text: str) -> str:
        """The keyed hash of a text."""
        key = self._keys.get(workspace_id) or await self._load(workspace_id)
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    async def maker(self, workspace_id: str) -> Callable[[str], str]:
        """A function that makes this workspace's keyed hashes, for many at once."""
        await self(workspace_id, "")
        key = self._keys[workspace_id]
        return lambda text: hmac.new(key, text.encode(), hashlib.sha256).hexdigest()

    async def _load(self, workspace_id: str) -> bytes:
        async with self._database.reading() as session:
            workspace = await session.get(Workspace, workspace_id)
        if workspace is None:
            raise NotFoundError("workspace", workspace_id)
        key = self._sealer.open(Workspace, "hash_key", workspace_id, workspace_id, workspace.hash_key)
        self._keys[workspace_id] = key
        return key


class Repository:
    """Base of all repositories: one public method is one transaction."""

    def __init__(self, database: Database, sealer: Sealer, keyed_hash: KeyedHashes) -> None:
        self._database = database
        self._sealer = sealer
        self._keyed_hash = keyed_hash


async def one(session: AsyncSession, table: type[RowT], workspace_id: str, row_id: str, kind: str) -> RowT:
    """The row of this workspace, for reading; raises `NotFoundError`."""
    found = (
        await session.exec(select(table).where(col(table.id) == row_id, col(table.workspace_id) == workspace_id))
    ).first()
    if found is None:
        raise NotFoundError(kind, row_id)
    return found


async def locked(session: AsyncSession, table: type[RowT], workspace_id: str, row_id: str, kind: str) -> RowT:
    """The row of this workspace, kept from others until the end of the transaction; raises `NotFoundError`.

    Rows that only point at it can still be written: without that, a page and a finished item would wait for each other.
    """
    statement = (
        select(table)
        .where(col(table.id) == row_id, col(table.workspace_id) == workspace_id)
        .with_for_update(key_share=True)
    )
    found = (await session.exec(statement)).first()
    if found is None:
        raise NotFoundError(kind, row_id)
    return found


async def add_all(session: AsyncSession, database: Database, rows: Sequence[SQLModel]) -> None:
    """Insert many new rows of one table with few statements; does nothing without rows."""
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        connection = await session.connection()
        await connection.execute(database.insert(type(chunk[0])), [row.model_dump() for row in chunk])
