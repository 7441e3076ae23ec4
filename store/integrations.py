"""Integrations: two connections that are kept in agreement."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlmodel import col, select

from store.flows import add_flow, renew_flows
from store.ids import new_id
from store.records import IntegrationRecord, IntegrationState, NewFlow
from store.repository import Repository, locked, one
from store.tables import Connection, Integration


class Integrations(Repository):
    """The integrations of a workspace."""

    async def create(
        self,
        workspace_id: str,
        *,
        name: str,
        time_zone: str,
        connection_a_id: str,
        connection_b_id: str,
        settings: Mapping[str, Any] | None = None,
        flows: Sequence[NewFlow] = (),
    ) -> str:
        """A new integration, stopped, with all of its flows or not at all; returns its id.

        Raises:
            NotFoundError: A connection is not this workspace's.
            sqlalchemy.exc.IntegrityError: Two of the flows are of one kind from one source.
        """
        integration = Integration(
            id=new_id("int"),
            workspace_id=workspace_id,
            name=name,
            time_zone=time_zone,
            connection_a_id=connection_a_id,
            connection_b_id=connection_b_id,
            settings=dict(settings or {}),
            state=IntegrationState.STOPPED,
            created_at=datetime.now(UTC),
        )
        async with self._database.writing() as session:
            for connection_id in (connection_a_id, connection_b_id):
                await one(session, Connection, workspace_id, connection_id, "connection")
            session.add(integration)
            await session.flush()
            for flow in flows:
                await add_flow(session, integration, flow)
        return integration.id

    async def get(self, workspace_id: str, integration_id: str) -> IntegrationRecord:
        """One integration; raises `NotFoundError`."""
        async with self._database.reading() as session:
            return _record(await one(session, Integration, workspace_id, integration_id, "integration"))

    async def list(self, workspace_id: str) -> tuple[IntegrationRecord, ...]:
        """All integrations, oldest first."""
        async with self._database.reading() as session:
            statement = select(Integration).where(col(Integration.workspace_id) == workspace_id)
            rows = (await session.exec(statement.order_by(col(Integration.id)))).all()
        return tuple(_record(row) for row in rows)

    async def update(
        self,
        workspace_id: str,
        integration_id: str,
        *,
        name: str | None = None,
        time_zone: str | None = None,
        settings: Mapping[str, Any] | None = None,
        read_again: Collection[str] = (),
    ) -> bool:
        """Replace what is given, as a whole; True when flows got a new version because of other settings.

        Settings and versions are kept together or not at all. What other settings may help is released, and flows of
        the kinds in ``read_again`` read everything in their next run. A second run with the same changes nothing.
        """
        async with self._database.writing() as session:
            row = await locked(session, Integration, workspace_id, integration_id, "integration")
            if name is not None:
                row.name = name
            if time_zone is not None:
                row.time_zone = time_zone
            if settings is None:
                return False
            row.settings = dict(settings)
            await session.flush()
            return await renew_flows(session, self._database, self._sealer, row, read_again)

    async def set_state(self, workspace_id: str, integration_id: str, state: IntegrationState) -> bool:
        """Whether the integration is meant to run; True when that changed."""
        async with self._database.writing() as session:
            row = await locked(session, Integration, workspace_id, integration_id, "integration")
            changed = row.state != state
            row.state = state
            return changed

    async def set_paused(self, workspace_id: str, integration_id: str, *, paused: bool) -> bool:
        """Pause or go on; True when that changed."""
        async with self._database.writing() as session:
            row = await locked(session, Integration, workspace_id, integration_id, "integration")
            changed = row.paused != paused
            row.paused = paused
            return changed


def _record(row: Integration) -> IntegrationRecord:
    return IntegrationRecord(
        id=row.id,
        name=row.name,
        time_zone=row.time_zone,
        connection_a_id=row.connection_a_id,
        connection_b_id=row.connection_b_id,
        settings=row.settings,
        state=IntegrationState(row.state),
        paused=row.paused,
        created_at=row.created_at,
    )
