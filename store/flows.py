"""Flows: schedules, settings with all their versions, and the position of the read."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from store.database import Database
from store.ids import new_id
from store.ledger import parked_of_flow, release_rows
from store.records import ChangedMeanwhileError, FlowRecord, FlowRun, FlowVersionRecord, NewFlow, NotFoundError, Reading
from store.repository import Repository, locked, one
from store.sealing import Sealer
from store.tables import Binding, Connection, Exchange, Flow, FlowVersion, Integration, Item, MappedValue, Problem


class Flows(Repository):
    """The flows of a workspace."""

    async def create(self, workspace_id: str, integration_id: str, new: NewFlow) -> str:
        """A new flow; returns its id.

        Raises:
            NotFoundError: The integration or a connection is not this workspace's.
            sqlalchemy.exc.IntegrityError: The integration already has this kind of flow from this source.
        """
        async with self._database.writing() as session:
            # What the integration says for its flows must not change before the flow is there to be told.
            integration = await locked(session, Integration, workspace_id, integration_id, "integration")
            return await add_flow(session, integration, new)

    async def get(self, workspace_id: str, flow_id: str) -> FlowRecord:
        """One flow; raises `NotFoundError`."""
        async with self._database.reading() as session:
            flow = await one(session, Flow, workspace_id, flow_id, "flow")
            return _record(flow, await session.get_one(Integration, flow.integration_id))

    async def list(self, workspace_id: str, integration_id: str | None = None) -> tuple[FlowRecord, ...]:
        """All flows, or those of one integration, oldest first."""
        async with self._database.reading() as session:
            statement = (
                select(Flow, Integration)
                .join(Integration, col(Integration.id) == col(Flow.integration_id))
                .where(col(Flow.workspace_id) == workspace_id)
            )
            if integration_id is not None:
                statement = statement.where(col(Flow.integration_id) == integration_id)
            rows = (await session.exec(statement.order_by(col(Flow.id)))).all()
        return tuple(_record(flow, integration) for flow, integration in rows)

    async def update_settings(
        self,
        workspace_id: str,
        flow_id: str,
        settings: Mapping[str, Any],
        *,
        read_again: bool = False,
        at_version: int | None = None,
    ) -> int:
        """Replace the settings, and release every parked item that they may help; returns how many.

        The earlier version is kept. What only a person or a change at the source can help stays parked. ``read_again``
        lets the next run read everything, so that what is known already is looked at under the new settings. A second
        run with the same settings changes nothing and releases nothing.

        Raises:
            ChangedMeanwhileError: The settings are not of ``at_version`` any more.
        """
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            if at_version not in {None, flow.settings_version}:
                raise ChangedMeanwhileError
            if flow.settings == dict(settings):
                return 0
            flow.settings = dict(settings)
            return await _renew(session, self._database, self._sealer, flow, read_again=read_again)

    async def version(self, workspace_id: str, flow_id: str, version: int) -> FlowVersionRecord:
        """The settings and value tables as they were under one version; raises `NotFoundError`."""
        async with self._database.reading() as session:
            row = (
                await session.exec(
                    select(FlowVersion).where(
                        col(FlowVersion.workspace_id) == workspace_id,
                        col(FlowVersion.flow_id) == flow_id,
                        col(FlowVersion.version) == version,
                    )
                )
            ).first()
        if row is None:
            raise NotFoundError("version of the flow's settings", str(version))
        return FlowVersionRecord(row.version, row.settings, row.value_tables, row.created_at)

    async def set_schedule(self, workspace_id: str, flow_id: str, schedule: str) -> None:
        """Another cron expression."""
        async with self._database.writing() as session:
            (await locked(session, Flow, workspace_id, flow_id, "flow")).schedule = schedule

    async def set_enabled(self, workspace_id: str, flow_id: str, *, enabled: bool) -> None:
        """Switch the flow on or off; its cursor stays."""
        async with self._database.writing() as session:
            (await locked(session, Flow, workspace_id, flow_id, "flow")).enabled = enabled

    async def set_paused(self, workspace_id: str, flow_id: str, *, paused: bool) -> None:
        """Pause the flow or let it go on; its cursor stays."""
        async with self._database.writing() as session:
            (await locked(session, Flow, workspace_id, flow_id, "flow")).paused = paused

    async def remove(self, workspace_id: str, flow_id: str) -> bool:
        """Delete a flow that has never listed anything, with its settings.

        False when its ledger or its bindings hold something: they are what keeps records from being written twice.
        """
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            for kept in (Item, Binding):
                if (await session.exec(select(kept.id).where(col(kept.flow_id) == flow_id).limit(1))).first():
                    return False
            for table in (FlowVersion, MappedValue, Problem, Exchange):
                await session.exec(delete(table).where(col(table.flow_id) == flow_id))
            await session.delete(flow)
            return True

    async def rewind(self, workspace_id: str, flow_id: str, cursor: str | None) -> None:
        """Read again from a cursor (None: from the start). A read under way is superseded and moves nothing."""
        async with self._database.writing() as session:
            set_back(await locked(session, Flow, workspace_id, flow_id, "flow"), cursor)

    async def begin_run(self, workspace_id: str, flow_id: str, *, now: datetime, sweep: bool = False) -> FlowRun:
        """Where to read: a read that was interrupted goes on at its page, else a new one begins.

        ``sweep`` asks for a read of the older window; it is ignored when another read has to be finished first, so
        look at the result. A second call before the first page was saved begins the same read again.
        """
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            flow.last_run_at = now
            if flow.page is None:
                flow.sweeping = sweep
                flow.pending_cursor = None
                flow.read_began_at, flow.read_records, flow.read_total = now, 0, None
            return FlowRun(
                read_number=flow.read_number,
                cursor=flow.cursor,
                page=flow.page,
                sweeping=flow.sweeping,
                settings_version=flow.settings_version,
            )


async def add_flow(session: AsyncSession, integration: Integration, new: NewFlow) -> str:
    """Make a flow of an integration that is locked or new itself; returns its id, and raises as `Flows.create`."""
    for connection_id in (new.source_connection_id, new.target_connection_id):
        await one(session, Connection, integration.workspace_id, connection_id, "connection")
    flow = Flow(
        id=new_id("flw"),
        workspace_id=integration.workspace_id,
        integration_id=integration.id,
        kind=new.kind,
        source_connection_id=new.source_connection_id,
        target_connection_id=new.target_connection_id,
        schedule=new.schedule,
        enabled=new.enabled,
        settings=dict(new.settings),
        created_at=datetime.now(UTC),
    )
    session.add(flow)
    await session.flush()
    await keep_version(session, flow)
    return flow.id


def set_back(flow: Flow, cursor: str | None) -> None:
    """Let the next read of a flow begin at a cursor; one that is under way moves nothing any more."""
    flow.cursor = cursor
    flow.page = flow.pending_cursor = flow.read_began_at = None
    flow.sweeping = False
    flow.read_number += 1


async def value_tables(session: AsyncSession, workspace_id: str, flow_id: str) -> dict[str, dict[str, str]]:
    """Table name → source value → target value."""
    statement = select(MappedValue).where(
        col(MappedValue.workspace_id) == workspace_id, col(MappedValue.flow_id) == flow_id
    )
    tables: dict[str, dict[str, str]] = {}
    for row in (await session.exec(statement.order_by(col(MappedValue.id)))).all():
        tables.setdefault(row.table_name, {})[row.source_value] = row.target_value
    return tables


async def keep_version(session: AsyncSession, flow: Flow) -> None:
    """Write down the settings, the shared ones too, and the value tables of a flow under its current version."""
    shared = _shared(flow, await session.get_one(Integration, flow.integration_id))
    session.add(
        FlowVersion(
            id=new_id("ver"),
            workspace_id=flow.workspace_id,
            flow_id=flow.id,
            version=flow.settings_version,
            settings=flow.settings | ({"shared": shared} if shared else {}),
            value_tables=await value_tables(session, flow.workspace_id, flow.id),
            created_at=datetime.now(UTC),
        )
    )


async def renew_flows(
    session: AsyncSession, database: Database, sealer: Sealer, integration: Integration, read_again: Collection[str]
) -> bool:
    """Begin a new version of each flow for whose connections the integration says something else now.

    What that may help is released. Flows of the kinds in ``read_again`` read everything in their next run. False when
    nothing changed for any flow.
    """
    statement = select(Flow).where(
        col(Flow.workspace_id) == integration.workspace_id, col(Flow.integration_id) == integration.id
    )
    flows = (await session.exec(statement.order_by(col(Flow.id)).with_for_update(key_share=True))).all()
    changed = [flow for flow in flows if not await _is_written_down(session, flow)]
    for flow in changed:
        await _renew(session, database, sealer, flow, read_again=flow.kind in read_again)
    return bool(changed)


async def _renew(session: AsyncSession, database: Database, sealer: Sealer, flow: Flow, *, read_again: bool) -> int:
    flow.settings_version += 1
    if read_again:
        set_back(flow, None)
    await session.flush()
    await keep_version(session, flow)
    waiting = await parked_of_flow(session, flow.workspace_id, flow.id)
    await release_rows(session, database, sealer, waiting, by="the settings were changed")
    return len(waiting)


async def _is_written_down(session: AsyncSession, flow: Flow) -> bool:
    """Whether the current version holds what the integration says now."""
    statement = select(FlowVersion).where(
        col(FlowVersion.flow_id) == flow.id, col(FlowVersion.version) == flow.settings_version
    )
    version = (await session.exec(statement)).first()
    shared = _shared(flow, await session.get_one(Integration, flow.integration_id))
    return version is not None and version.settings.get("shared", {}) == shared


def _shared(flow: Flow, integration: Integration) -> dict[str, Any]:
    sides = {"source": flow.source_connection_id, "target": flow.target_connection_id}
    return {side: integration.settings[owner] for side, owner in sides.items() if owner in integration.settings}


def _record(row: Flow, integration: Integration) -> FlowRecord:
    return FlowRecord(
        id=row.id,
        integration_id=row.integration_id,
        kind=row.kind,
        source_connection_id=row.source_connection_id,
        target_connection_id=row.target_connection_id,
        schedule=row.schedule,
        enabled=row.enabled,
        paused=row.paused,
        settings=row.settings,
        settings_version=row.settings_version,
        cursor=row.cursor,
        page=row.page,
        pending_cursor=row.pending_cursor,
        last_run_at=row.last_run_at,
        last_sweep_at=row.last_sweep_at,
        complete_reads=row.complete_reads,
        reading=Reading(row.read_began_at, row.read_records, row.read_total) if row.read_began_at else None,
        unsupported=row.unsupported,
        shared=_shared(row, integration),
    )
