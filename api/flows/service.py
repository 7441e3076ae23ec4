"""What the endpoints for flows do."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError

from api.connections.schemas import Choice
from api.connections.service import ConnectionService
from api.engine import Heard
from api.flows.checks import check_settings, effective, missing_sentence, pair_of, pair_of_flow, shared_of
from api.flows.schemas import Flow, FlowChange, FlowWish, MappedValue, ValueSaved, ValueTable
from api.integrations.plan import reconfigure
from api.problem_documents import Conflict, NotFound, Refused, vendor_sentence
from api.systems import FlowKind
from api.workspace_service import WorkspaceService
from connectors.errors import VendorError
from store.records import FlowRecord, IntegrationRecord, NewFlow


def shown(record: FlowRecord) -> Flow:
    """A flow as the API gives it."""
    return Flow(
        id=record.id,
        integration_id=record.integration_id,
        kind=record.kind,
        source_connection_id=record.source_connection_id,
        target_connection_id=record.target_connection_id,
        schedule=record.schedule,
        enabled=record.enabled,
        paused=record.paused,
        settings=record.settings,
        settings_version=record.settings_version,
        cursor=record.cursor,
        last_run_at=record.last_run_at,
    )


class FlowService(WorkspaceService):
    """Flows of one workspace."""

    async def create(self, integration_id: str, wish: FlowWish) -> tuple[Flow, Heard]:
        """Keep a new flow; a running integration begins with it at once."""
        integration = await self._store.integrations.get(self._workspace_id, integration_id)
        await self.check({integration.connection_a_id, integration.connection_b_id}, integration.settings, wish)
        new = await self.planned(wish)
        try:
            flow_id = await self._store.flows.create(self._workspace_id, integration_id, new)
        except IntegrityError:
            raise Conflict(f"The integration has a flow of {wish.kind} from this source already; change it.") from None
        return await self.get(flow_id), await self._reconfigure(integration_id)

    async def check(self, connection_ids: set[str], shared: Mapping[str, Any], wish: FlowWish) -> None:
        """Refuse a flow that could not work between these connections; ``shared`` is what the integration says."""
        source, target = wish.source_connection_id, wish.target_connection_id
        if {source, target} != connection_ids:
            raise Refused("A flow goes from one of the integration's two connections to the other.")
        pair = await pair_of(self._store, self._workspace_id, wish.kind, source, target)
        check_settings(pair, wish.settings, shared_of(shared, source, target), enabled=wish.enabled)

    async def planned(self, wish: FlowWish) -> NewFlow:
        """A flow as it is stored; one for which no schedule is wished gets that of its systems."""
        source, target = wish.source_connection_id, wish.target_connection_id
        pair = await pair_of(self._store, self._workspace_id, wish.kind, source, target)
        return NewFlow(wish.kind, source, target, wish.schedule or pair.schedule(), wish.settings, wish.enabled)

    async def get(self, flow_id: str) -> Flow:
        """One flow."""
        return shown(await self._store.flows.get(self._workspace_id, flow_id))

    async def change(self, flow_id: str, wish: FlowChange) -> tuple[Flow, Heard]:
        """New settings get the next version, and what they may help goes out at once.

        A flow of orders keeps its place in the source; any other reads everything again.
        """
        record = await self._store.flows.get(self._workspace_id, flow_id)
        released = 0
        if wish.settings is not None:
            settings = {**record.settings, **wish.settings}
            pair = await pair_of_flow(self._store, self._workspace_id, record)
            check_settings(pair, settings, record.shared, enabled=record.enabled)
            released = await self._store.flows.update_settings(
                self._workspace_id, flow_id, settings, read_again=record.kind != FlowKind.ORDERS
            )
        if wish.schedule is not None:
            await self._store.flows.set_schedule(self._workspace_id, flow_id, wish.schedule)
        heard = await self._reconfigure(record.integration_id)
        if released:
            heard = await self._engine.poke(record.integration_id, flow_id)
        return await self.get(flow_id), heard

    async def set_enabled(self, flow_id: str, *, enabled: bool) -> tuple[Flow, Heard]:
        """Switch a flow on or off; its place in the source stays. One with an empty mandatory setting stays off."""
        if enabled:
            record = await self._store.flows.get(self._workspace_id, flow_id)
            pair = await pair_of_flow(self._store, self._workspace_id, record)
            if missing := pair.missing(effective(record)):
                raise Conflict(missing_sentence(missing))
        await self._store.flows.set_enabled(self._workspace_id, flow_id, enabled=enabled)
        flow = await self.get(flow_id)
        return flow, await self._reconfigure(flow.integration_id)

    async def remove(self, flow_id: str) -> None:
        """Delete a flow that is switched off and has never listed anything."""
        record = await self._store.flows.get(self._workspace_id, flow_id)
        if record.enabled:
            raise Conflict("The flow is switched on. Switch it off first.")
        if not await self._store.flows.remove(self._workspace_id, flow_id):
            raise Conflict(
                "The flow's ledger holds records, which keeps them from being sent twice. Leave the flow switched off."
            )

    async def set_value(self, flow_id: str, table: str, row: MappedValue) -> ValueSaved:
        """Save one row of a value table; what waited for it is released and goes out at once."""
        record = await self._known_table(flow_id, table)
        released = await self._store.value_maps.set_value(
            self._workspace_id,
            flow_id,
            table,
            row.source_value,
            row.target_value,
            read_again=record.kind != FlowKind.ORDERS,
        )
        heard = await self._engine.poke(record.integration_id, flow_id)
        return ValueSaved(released=released, engine=heard)

    async def remove_value(self, flow_id: str, table: str, source_value: str) -> None:
        """Remove one row; records with this value park from then on."""
        record = await self._known_table(flow_id, table)
        if not await self._store.value_maps.remove_value(
            self._workspace_id, flow_id, table, source_value, read_again=record.kind != FlowKind.ORDERS
        ):
            raise NotFound("The table has no such row.")

    async def values(self, flow_id: str, *, choices: bool) -> list[ValueTable]:
        """The value tables of a flow; with the choices of both accounts, read now, when asked for."""
        record = await self._store.flows.get(self._workspace_id, flow_id)
        pair = await pair_of_flow(self._store, self._workspace_id, record)
        stored = await self._store.value_maps.values(self._workspace_id, flow_id)
        tables = []
        for name, (source_list, target_list) in pair.value_tables(effective(record)).items():
            table = ValueTable(table=name, values=stored.get(name, {}))
            if choices:
                table.source_choices = await self._choices(record.source_connection_id, source_list, table)
                table.target_choices = await self._choices(record.target_connection_id, target_list, table)
            tables.append(table)
        return tables

    async def _choices(self, connection_id: str, name: str | None, table: ValueTable) -> list[Choice] | None:
        if name is None:
            return None
        try:
            return await ConnectionService(self._services, self._workspace_id).choices(connection_id, name)
        except VendorError as error:
            table.unavailable.append(vendor_sentence(error))
            return None

    async def _known_table(self, flow_id: str, table: str) -> FlowRecord:
        record = await self._store.flows.get(self._workspace_id, flow_id)
        pair = await pair_of_flow(self._store, self._workspace_id, record)
        tables = pair.value_tables(effective(record))
        if table not in tables:
            raise NotFound(f"This flow has no value table of this name. It has: {', '.join(tables) or 'none'}.")
        return record

    async def _reconfigure(self, integration_id: str) -> Heard:
        integration: IntegrationRecord = await self._store.integrations.get(self._workspace_id, integration_id)
        return await reconfigure(self._store, self._engine, self._workspace_id, integration)
