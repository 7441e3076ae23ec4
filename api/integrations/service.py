"""What the endpoints for integrations do."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api.engine import Heard, execution_url
from api.flows.checks import check_settings, pair_of_flow, shared_of
from api.flows.schemas import FlowWish
from api.flows.service import FlowService
from api.flows.service import shown as shown_flow
from api.integrations.plan import integration_input, reconfigure
from api.integrations.schemas import (
    Execution,
    FlowStanding,
    Integration,
    IntegrationChange,
    IntegrationStanding,
    NewIntegration,
    Reading,
    ResyncWish,
)
from api.problem_documents import Conflict, Refused
from api.systems import FlowKind, connector_of
from api.workspace_service import WorkspaceService
from connectors.shared_settings import check_shared
from store.records import FlowRecord, IntegrationState
from store.records import Reading as ReadingRecord
from workflows.messages import FlowProgress, FlowTarget, Resync, integration_workflow_id


class IntegrationService(WorkspaceService):
    """Integrations of one workspace."""

    async def create(self, wish: NewIntegration) -> Integration:
        """Keep a new integration, stopped; nothing is kept when one of its flows cannot work."""
        if wish.connection_a_id == wish.connection_b_id:
            raise Refused("An integration needs two different connections.")
        flows = FlowService(self._services, self._workspace_id)
        ends = {wish.connection_a_id, wish.connection_b_id}
        await self._check_shared(ends, wish.settings)
        for flow in wish.flows:
            await flows.check(ends, wish.settings, flow)
        _refuse_doubles(wish.flows)
        integration_id = await self._store.integrations.create(
            self._workspace_id,
            name=wish.name,
            time_zone=wish.time_zone,
            connection_a_id=wish.connection_a_id,
            connection_b_id=wish.connection_b_id,
            settings=wish.settings,
            flows=[await flows.planned(flow) for flow in wish.flows],
        )
        return await self.get(integration_id)

    async def get(self, integration_id: str) -> Integration:
        """One integration with its flows."""
        record = await self._store.integrations.get(self._workspace_id, integration_id)
        flows = await self._store.flows.list(self._workspace_id, integration_id)
        return Integration(
            id=record.id,
            name=record.name,
            time_zone=record.time_zone,
            connection_a_id=record.connection_a_id,
            connection_b_id=record.connection_b_id,
            state=record.state,
            paused=record.paused,
            created_at=record.created_at,
            settings=record.settings,
            flows=[shown_flow(flow) for flow in flows],
        )

    async def all(self) -> list[Integration]:
        """All integrations, oldest first."""
        return [await self.get(record.id) for record in await self._store.integrations.list(self._workspace_id)]

    async def change(self, integration_id: str, wish: IntegrationChange) -> tuple[Integration, Heard]:
        """Another name, time zone or shared settings; no flow of orders loses its place.

        With other settings every flow gets a new version, and what they may help goes out at once.
        """
        record = await self._store.integrations.get(self._workspace_id, integration_id)
        settings = None if wish.settings is None else {**record.settings, **wish.settings}
        if settings is not None:
            await self._check_shared({record.connection_a_id, record.connection_b_id}, settings)
            for flow in await self._store.flows.list(self._workspace_id, integration_id):
                pair = await pair_of_flow(self._store, self._workspace_id, flow)
                shared = shared_of(settings, flow.source_connection_id, flow.target_connection_id)
                check_settings(pair, flow.settings, shared, enabled=flow.enabled)
        renewed = await self._store.integrations.update(
            self._workspace_id,
            integration_id,
            name=wish.name,
            time_zone=wish.time_zone,
            settings=settings,
            read_again=set(FlowKind) - {FlowKind.ORDERS},
        )
        record = await self._store.integrations.get(self._workspace_id, integration_id)
        heard = await reconfigure(self._store, self._engine, self._workspace_id, record)
        if renewed:
            heard = await self._engine.poke(integration_id)
        return await self.get(integration_id), heard

    async def start(self, integration_id: str) -> Integration:
        """Start the workflow; one that runs is told its flows as they are now. Raises `EngineUnavailable`."""
        record = await self._store.integrations.get(self._workspace_id, integration_id)
        plan = await integration_input(self._store, self._workspace_id, record)
        if not plan.flows:
            raise Conflict("The integration has no flow that is switched on. Add one, or switch one on, then start it.")
        await self._engine.start(plan, record.name, self._services.settings.task_queue)
        await self._store.integrations.set_state(self._workspace_id, integration_id, IntegrationState.RUNNING)
        return await self.get(integration_id)

    async def stop(self, integration_id: str) -> tuple[Integration, Heard]:
        """End the workflow; what is on its way finishes and every cursor stays. Raises `EngineUnavailable`."""
        await self._store.integrations.get(self._workspace_id, integration_id)
        heard = await self._engine.tell_surely(integration_id, "stop")
        await self._store.integrations.set_state(self._workspace_id, integration_id, IntegrationState.STOPPED)
        return await self.get(integration_id), heard

    async def set_paused(self, integration_id: str, flow_id: str | None, *, paused: bool) -> tuple[Integration, Heard]:
        """Pause, or let go on, the whole or one flow. Raises `EngineUnavailable`."""
        await self._require(integration_id, flow_id)
        signal = "pause" if paused else "resume"
        heard = await self._engine.tell_surely(integration_id, signal, FlowTarget(flow_id=flow_id or ""))
        if flow_id is None:
            await self._store.integrations.set_paused(self._workspace_id, integration_id, paused=paused)
        else:
            await self._store.flows.set_paused(self._workspace_id, flow_id, paused=paused)
        return await self.get(integration_id), heard

    async def run(self, integration_id: str, flow_id: str | None, signal: str) -> Heard:
        """Ask for a run at once: ``run_now`` for a person, ``poke`` for a machine."""
        await self._require(integration_id, flow_id)
        return await self._engine.tell(integration_id, signal, FlowTarget(flow_id=flow_id or ""))

    async def resync(self, integration_id: str, wish: ResyncWish) -> Heard:
        """Read a flow again; what was sent already is recognised. Raises `EngineUnavailable`."""
        await self._require(integration_id, wish.flow_id)
        chosen = [wish.since is not None, bool(wish.source_ids), wish.everything]
        if sum(chosen) != 1:
            raise Refused("Say which records to read again with exactly one of since, source_ids and everything.")
        message = Resync(flow_id=wish.flow_id, since=wish.since, source_ids=wish.source_ids, everything=wish.everything)
        heard = await self._engine.tell_surely(integration_id, "resync", message)
        if heard is Heard.NOT_RUNNING:
            raise Conflict("The integration is stopped. Start it, then ask for the resync again.")
        return heard

    async def progress(self, integration_id: str) -> IntegrationStanding:
        """The workflow's own account of its runs, with the ledger's figures."""
        record = await self._store.integrations.get(self._workspace_id, integration_id)
        flows = await self._store.flows.list(self._workspace_id, integration_id)
        running = record.state is IntegrationState.RUNNING
        live = await self._engine.progress(integration_id) if running else None
        known = {flow.flow_id: flow for flow in live.flows} if live else {}
        return IntegrationStanding(
            integration_id=integration_id,
            state=record.state,
            paused=live.paused if live else record.paused,
            live=live is not None,
            flows=[await self._standing(flow, known.get(flow.id), running=running) for flow in flows],
        )

    async def execution(self, integration_id: str) -> Execution:
        """The workflow's page in the Temporal UI."""
        await self._store.integrations.get(self._workspace_id, integration_id)
        workflow_id = integration_workflow_id(integration_id)
        return Execution(workflow_id=workflow_id, url=execution_url(self._services.settings, workflow_id))

    async def _standing(self, flow: FlowRecord, live: FlowProgress | None, *, running: bool) -> FlowStanding:
        counts = await self._store.items.counts(self._workspace_id, flow.id)
        oldest = counts.oldest_ready_at
        return FlowStanding(
            flow_id=flow.id,
            kind=flow.kind,
            enabled=flow.enabled,
            state=live.state if live else _state_without_worker(flow, running=running),
            blocked=live.blocked if live else "",
            last_run=live.last_run if live else flow.last_run_at,
            next_run=live.next_run if live else None,
            cursor=flow.cursor or "",
            page=flow.page or "",
            runs=live.runs if live else None,
            listed=counts.listed,
            done=counts.done,
            skipped=counts.skipped,
            parked=counts.parked,
            in_flight=counts.ready + counts.in_flight,
            released=counts.released,
            lag_seconds=max(0.0, (datetime.now(UTC) - oldest).total_seconds()) if oldest else 0.0,
            reading=_reading(flow.reading, datetime.now(UTC)) if flow.reading else None,
            unsupported=dict(flow.unsupported),
        )

    async def _check_shared(self, connection_ids: set[str], settings: Mapping[str, Mapping[str, Any]]) -> None:
        """Refuse shared settings that no flow at their connection could use."""
        for connection_id, values in settings.items():
            if connection_id not in connection_ids:
                raise Refused("Settings can be given for the integration's two connections alone.")
            connection = await self._store.connections.get(self._workspace_id, connection_id)
            check_shared(connector_of(connection.system), values)

    async def _require(self, integration_id: str, flow_id: str | None) -> None:
        await self._store.integrations.get(self._workspace_id, integration_id)
        if flow_id is None:
            return
        flow = await self._store.flows.get(self._workspace_id, flow_id)
        if flow.integration_id != integration_id:
            raise Refused("The flow belongs to another integration.")


def _reading(read: ReadingRecord, now: datetime) -> Reading:
    minutes = max((now - read.began_at).total_seconds(), 1.0) / 60
    per_minute = read.records / minutes
    left = None if read.total is None or not read.records else max(0, read.total - read.records) / per_minute * 60
    return Reading(
        began_at=read.began_at,
        records=read.records,
        total=read.total,
        per_minute=round(per_minute, 1),
        seconds_left=None if left is None else round(left, 1),
    )


def _state_without_worker(flow: FlowRecord, *, running: bool) -> str:
    if not flow.enabled:
        return "disabled"
    if not running:
        return "stopped"
    return "paused" if flow.paused else "unknown"


def _refuse_doubles(flows: list[FlowWish]) -> None:
    if len({(flow.kind, flow.source_connection_id) for flow in flows}) < len(flows):
        raise Refused("Two of the flows are of the same kind from the same source. Keep one of them.")
