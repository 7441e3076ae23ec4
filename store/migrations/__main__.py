"""Writes a migration for what changed in the tables: ``python -m store.migrations "What changes"``; then read it."""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import Connection

from store.database import Database
from store.migrations import config_for, migrate


async def revise(message: str) -> None:
    """Compare a database in its newest form with the tables, and write the difference as a migration."""
    number = len(list((Path(__file__).parent / "versions").glob("[0-9]*.py"))) + 1

    def write(connection: Connection) -> None:
        command.revision(config_for(connection), message, autogenerate=True, rev_id=f"{number:04}")

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/longshore.db"
        await migrate(url)
        database = Database(url, foreign_keys=False)
        try:
            async with database.reading() as session:
                await (await session.connection()).run_sync(write)
        finally:
            await database.close()


if __name__ == "__main__":
    asyncio.run(revise(" ".join(sys.argv[1:])))
