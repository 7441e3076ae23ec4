"""Bindings: this source record is that target record."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.orm import Mapped
from sqlmodel import and_, col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from store.database import Database
from store.ids import new_id
from store.records import AlreadyBound, BindingRecord
from store.repository import CHUNK, Repository
from store.tables import Binding, Flow, Item

ORDER = "order"
CUSTOMER = "customer"

_UNIQUE = ["flow_id", "kind", "source_key"]


class Bindings(Repository):
    """What is known to exist at targets. Customers are kept under keyed hashes: no e-mail address is stored."""

    async def find(self, workspace_id: str, flow_id: str, kind: str, keys: Sequence[str]) -> dict[str, BindingRecord]:
        """The bindings of these source keys, keyed as asked; unknown ones are left out."""
        stored = {await self._stored_key(workspace_id, kind, key): key for key in keys}
        rows = await self._rows(_of(workspace_id, flow_id, kind), col(Binding.source_key), list(stored))
        return {stored[row.source_key]: _record(row, stored[row.source_key]) for row in rows}

    async def of_targets(
        self, workspace_id: str, flow_id: str, kind: str, target_ids: Sequence[str]
    ) -> dict[str, tuple[BindingRecord, ...]]:
        """The bindings to these target records, by target id; unknown ones are left out."""
        found: dict[str, tuple[BindingRecord, ...]] = {}
        for row in await self._rows(_of(workspace_id, flow_id, kind), col(Binding.target_id), target_ids):
            found[row.target_id] = (*found.get(row.target_id, ()), _record(row, row.source_key))
        return found

    async def forget_content(self, workspace_id: str, flow_id: str, kind: str, keys: Sequence[str]) -> None:
        """Forget what was sent of these records, so that they are compared with the target again."""
        await self._change(workspace_id, flow_id, kind, keys, content_hash="")

    async def mark_removed(self, workspace_id: str, flow_id: str, kind: str, keys: Sequence[str]) -> None:
        """Remember that these records were archived or deleted at the target; writing them again undoes it."""
        await self._change(workspace_id, flow_id, kind, keys, removed_at=datetime.now(UTC), content_hash="")

    async def put(self, workspace_id: str, flow_id: str, *bindings: BindingRecord) -> None:
        """Remember bindings, all in one transaction. A newer one replaces the older, except for orders.

        Raises:
            AlreadyBound: An order is bound to another target record.
        """
        if not bindings:
            return
        rows = [
            Binding(
                id=new_id("bnd"),
                workspace_id=workspace_id,
                flow_id=flow_id,
                kind=binding.kind,
                source_key=await self._stored_key(workspace_id, binding.kind, binding.source_key),
                target_id=binding.target_id,
                target_number=binding.target_number,
                content_hash=binding.content_hash,
                details=dict(binding.details),
                updated_at=datetime.now(UTC),
            )
            for binding in bindings
        ]
        async with self._database.writing() as session:
            # Always in one order: two workers with the same customers would else wait for each other.
            rows.sort(key=lambda row: (row.kind, row.source_key))
            for row in rows:
                if row.kind == ORDER:
                    await _put_order(session, self._database, row)
            others = [row.model_dump() for row in rows if row.kind != ORDER]
            if others:
                insert = self._database.insert(Binding)
                statement = insert.on_conflict_do_update(index_elements=_UNIQUE, set_=_replaced(insert))
                await (await session.connection()).execute(statement, others)

    async def forget(self, workspace_id: str, flow_id: str, kind: str, keys: Sequence[str]) -> None:
        """Forget what these source records are at the target, so that it is looked up."""
        stored = [await self._stored_key(workspace_id, kind, key) for key in keys]
        async with self._database.writing() as session:
            named = col(Binding.source_key).in_(stored)
            await session.exec(delete(Binding).where(_of(workspace_id, flow_id, kind), named))

    async def forget_customer(self, workspace_id: str, connection_id: str, target_id: str) -> None:
        """Forget in all flows into an account which buyers are this customer of it, so that they are looked up."""
        into_account = select(Flow.id).where(
            col(Flow.workspace_id) == workspace_id, col(Flow.target_connection_id) == connection_id
        )
        statement = delete(Binding).where(
            col(Binding.flow_id).in_(into_account), col(Binding.kind) == CUSTOMER, col(Binding.target_id) == target_id
        )
        async with self._database.writing() as session:
            await session.exec(statement)

    async def _rows(self, of: ColumnElement[bool], column: Mapped[str], values: Sequence[str]) -> list[Binding]:
        rows: list[Binding] = []
        async with self._database.reading() as session:
            for start in range(0, len(values), CHUNK):
                found = await session.exec(select(Binding).where(of, column.in_(values[start : start + CHUNK])))
                rows += found.all()
        return rows

    async def _change(self, workspace_id: str, flow_id: str, kind: str, keys: Sequence[str], **values: Any) -> None:
        named = col(Binding.source_key).in_(list(keys))
        async with self._database.writing() as session:
            await session.exec(update(Binding).where(_of(workspace_id, flow_id, kind), named).values(**values))

    async def _stored_key(self, workspace_id: str, kind: str, key: str) -> str:
        return await self._keyed_hash(workspace_id, key) if kind == CUSTOMER else key


async def bind_order(session: AsyncSession, database: Database, item: Item, target_id: str, target_number: str) -> None:
    """Bind an item's source record; raises `AlreadyBound` when it is another target record."""
    await _put_order(
        session,
        database,
        Binding(
            id=new_id("bnd"),
            workspace_id=item.workspace_id,
            flow_id=item.flow_id,
            kind=ORDER,
            source_key=item.source_id,
            target_id=target_id,
            target_number=target_number,
            content_hash="",
            updated_at=datetime.now(UTC),
        ),
    )


def _of(workspace_id: str, flow_id: str, kind: str) -> ColumnElement[bool]:
    return and_(col(Binding.workspace_id) == workspace_id, col(Binding.flow_id) == flow_id, col(Binding.kind) == kind)


def _record(row: Binding, key: str) -> BindingRecord:
    return BindingRecord(
        row.kind, key, row.target_id, row.target_number, row.content_hash, row.details, row.removed_at is not None
    )


def _replaced(insert: Insert) -> dict[str, Any]:
    """What a newer binding says instead of the older."""
    return {
        "target_id": insert.excluded.target_id,
        "target_number": insert.excluded.target_number,
        "content_hash": insert.excluded.content_hash,
        "details": insert.excluded.details,
        "removed_at": None,
        "updated_at": insert.excluded.updated_at,
    }


async def _put_order(session: AsyncSession, database: Database, binding: Binding) -> None:
    insert = database.insert(Binding).values(**binding.model_dump())
    # An order already bound elsewhere is left alone by the condition, and then no row comes back.
    only_same = col(Binding.target_id) == binding.target_id
    saved = await session.exec(
        insert.on_conflict_do_update(index_elements=_UNIQUE, set_=_replaced(insert), where=only_same).returning(
            col(Binding.id)
        )
    )
    if saved.first() is not None:
        return
    bound_to = await session.exec(
        select(Binding.target_id).where(
            col(Binding.workspace_id) == binding.workspace_id,
            col(Binding.flow_id) == binding.flow_id,
            col(Binding.kind) == binding.kind,
            col(Binding.source_key) == binding.source_key,
        )
    )
    raise AlreadyBound(binding.source_key, bound_to.one(), binding.target_id)
