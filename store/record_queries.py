"""Questions about records that move in pages, as the work on other records asks them."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from store.ledger import item_record
from store.records import ItemRecord, ItemState
from store.repository import CHUNK, Repository, one
from store.tables import Flow, Item


class RecordQueries(Repository):
    """What is known of the neighbours of a record."""

    async def named(self, workspace_id: str, flow_id: str, source_ids: Sequence[str]) -> list[ItemRecord]:
        """Records of a flow by their ids at the source, bodies decrypted; unknown ones are left out.

        Raises:
            NotFoundError: The flow is not this workspace's.
        """
        found: list[ItemRecord] = []
        async with self._database.reading() as session:
            flow = await one(session, Flow, workspace_id, flow_id, "flow")
            for start in range(0, len(source_ids), CHUNK):
                rows = await session.exec(
                    select(Item).where(
                        # The flow is its workspace's: said once more, SQLite would look through all of its records.
                        col(Item.flow_id) == flow.id,
                        col(Item.source_id).in_(source_ids[start : start + CHUNK]),
                    )
                )
                found += [item_record(row, body=self._sealer.of(row, "body")) for row in rows.all()]
        return found

    async def being_written(self, workspace_id: str, flow_id: str, since: datetime) -> frozenset[str]:
        """Source ids of records whose write began after a moment, and whose outcome is not in the ledger yet."""
        statement = select(Item.source_id).where(
            col(Item.workspace_id) == workspace_id,
            col(Item.flow_id) == flow_id,
            col(Item.state) == ItemState.IN_FLIGHT,
            col(Item.write_started_at) > since,
        )
        async with self._database.reading() as session:
            return frozenset((await session.exec(statement)).all())
