"""Connections and transactions: SQLite or PostgreSQL behind the same few calls."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Connection, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

BUSY_TIMEOUT = timedelta(seconds=30)
DATABASE_TROUBLE = (OperationalError, InterfaceError, PoolTimeoutError)
"""What is raised while the database is busy or away: nothing was done, and the same call may succeed later."""

_POOL_SIZE = 10
"""Connections that a process keeps open; as many more for a moment."""
_WRITES = "longshore_writes"


class Database:
    """One database; `reading` and `writing` each give one transaction."""

    def __init__(self, url: str, *, foreign_keys: bool = True) -> None:
        """Prepare an engine; nothing is opened yet.

        Args:
            url: ``sqlite+aiosqlite:///path`` or ``postgresql+asyncpg://…``.
            foreign_keys: Off only while migrations rebuild tables on SQLite.
        """
        self.dialect = make_url(url).get_backend_name()
        if self.dialect not in {"sqlite", "postgresql"}:
            raise ValueError(f"Longshore keeps its data in SQLite or PostgreSQL, not in {self.dialect}.")
        self.engine: AsyncEngine = create_async_engine(url, pool_size=_POOL_SIZE, max_overflow=_POOL_SIZE)
        if self.dialect == "sqlite":
            _prepare_sqlite(self.engine, foreign_keys=foreign_keys)
        self._writing_engine = self.engine.execution_options(**{_WRITES: True})
        # SQLite has one writer at a time; waiting in line here is fair, its own busy wait is not.
        self._writer = asyncio.Lock() if self.dialect == "sqlite" else contextlib.nullcontext()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads."""
        async with AsyncSession(self.engine, expire_on_commit=False, autoflush=False) as session, session.begin():
            yield session

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction that writes; commits at the end, rolls back on an error. Must not be nested."""
        async with (
            self._writer,
            AsyncSession(self._writing_engine, expire_on_commit=False, autoflush=False) as session,
            session.begin(),
        ):
            yield session

    def insert(self, table: type[SQLModel]) -> postgresql.Insert:
        """An insert that can say ``on conflict``; both dialects know the forms used here."""
        insert = sqlite.insert(table) if self.dialect == "sqlite" else postgresql.insert(table)
        return cast("postgresql.Insert", insert)

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def _prepare_sqlite(engine: AsyncEngine, *, foreign_keys: bool) -> None:
    """Set up each connection, and begin transactions ourselves: the driver would begin them too late and as readers."""

    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT.total_seconds() * 1000)}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        cursor.close()

    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine.sync_engine, "connect", connected)
    event.listen(engine.sync_engine, "begin", begin)
