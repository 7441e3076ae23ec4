"""Migrations bring any database to the form the tables say, whoever runs them and how often."""

import asyncio

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from store import Database, migrate
from store.tables import Row


def differences(connection: Connection) -> list[object]:
    """What autogenerate would still change."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Row.metadata))


async def in_database(url: str, work):
    """Run synchronous work on a connection."""
    database = Database(url)
    try:
        async with database.reading() as session:
            return await (await session.connection()).run_sync(work)
    finally:
        await database.close()


async def test_the_migrations_make_exactly_the_tables(migrated_url: str):
    assert await in_database(migrated_url, differences) == []


async def test_migrating_again_changes_nothing(migrated_url: str):
    await migrate(migrated_url)
    assert await in_database(migrated_url, differences) == []


async def test_several_processes_may_migrate_at_the_same_moment(database_url: str):
    await asyncio.gather(*(migrate(database_url) for _ in range(3)))
    assert await in_database(database_url, differences) == []


async def test_a_migration_that_fails_leaves_nothing_behind(database_url: str, monkeypatch: pytest.MonkeyPatch):
    def fail(*_arguments: object, **_named: object) -> None:
        raise RuntimeError("half-way")

    with monkeypatch.context() as broken:
        broken.setattr("alembic.operations.Operations.drop_table", fail)
        broken.setattr("alembic.operations.BatchOperations.create_index", fail)
        with pytest.raises(RuntimeError, match="half-way"):
            await migrate(database_url)
    assert await in_database(database_url, lambda connection: inspect(connection).get_table_names()) == []


def test_another_kind_of_database_is_refused():
    with pytest.raises(ValueError, match="SQLite or PostgreSQL"):
        Database("mysql+aiomysql://localhost/longshore")
