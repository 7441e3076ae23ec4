"""Brings a database to the newest form; runs from code, so that every command can do it."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from store.database import Database

_ADVISORY_LOCK = 7_316_462_001


def config_for(connection: Connection) -> Config:
    """Alembic's configuration for migrating over a connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


async def migrate(url: str) -> None:
    """Bring the database at ``url`` to the newest form, creating it when it is empty.

    All or nothing, and harmless to run twice, also by several processes at the same moment.
    """

    def upgrade(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
        command.upgrade(config_for(connection), "head")

    database = Database(url, foreign_keys=False)
    try:
        async with database.writing() as session:
            await (await session.connection()).run_sync(upgrade)
    finally:
        await database.close()
