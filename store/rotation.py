"""Renewing keys: re-encrypts under the first key of the ring what an older one encrypted."""

from sqlmodel import col, func, or_, select

from store.database import Database
from store.sealing import SEALED, Sealer, place
from store.tables import Identified, Row

BATCH = 200


async def rotate(database: Database, sealer: Sealer) -> int:
    """Re-encrypt everything in batches of their own transactions; returns how many rows were renewed.

    Safe while workers run, and to run twice: what is under the first key already is not touched. Workers that still
    have the old ring write with the old key, so run it again once all have the new one, before the old key goes.
    """
    renewed = 0
    for table, columns in SEALED.items():
        renewed += await _rotate_table(database, sealer, table, columns)
    return renewed


async def _rotate_table(database: Database, sealer: Sealer, table: type[Identified], columns: tuple[str, ...]) -> int:
    header = sealer.keys.header()
    stale = or_(*(func.substr(getattr(table, name), 1, len(header)) != header for name in columns))
    renewed, last = 0, ""
    while True:
        statement = select(table).where(stale, col(table.id) > last).order_by(col(table.id)).limit(BATCH)
        async with database.writing() as session:
            rows = (await session.exec(statement.with_for_update(key_share=True))).all()
            for row in rows:
                workspace_id = row.workspace_id if isinstance(row, Row) else row.id
                for name in columns:
                    sealed: bytes | None = getattr(row, name)
                    if sealed is not None and not sealed.startswith(header):
                        bound_to = place(table, name, workspace_id, row.id)
                        setattr(row, name, sealer.keys.encrypt(sealer.keys.decrypt(sealed, bound_to), bound_to))
        if not rows:
            return renewed
        renewed += len(rows)
        last = rows[-1].id
