"""What an integration's workflow must know of it, made from the store."""

from api.engine import Engine, Heard
from store import Store
from store.records import IntegrationRecord, IntegrationState
from workflows.messages import FlowPlan, IntegrationInput, Reconfigure
from workflows.messages import IntegrationState as CarriedState


async def flow_plans(store: Store, workspace_id: str, integration_id: str) -> list[FlowPlan]:
    """The plans of the flows that are switched on."""
    systems = {connection.id: connection.system for connection in await store.connections.list(workspace_id)}
    return [
        FlowPlan(
            flow_id=flow.id,
            kind=flow.kind,
            schedule=flow.schedule,
            paused=flow.paused,
            source_connection_id=flow.source_connection_id,
            systems=f"{systems[flow.source_connection_id]}→{systems[flow.target_connection_id]}",
        )
        for flow in await store.flows.list(workspace_id, integration_id)
        if flow.enabled
    ]


async def integration_input(store: Store, workspace_id: str, integration: IntegrationRecord) -> IntegrationInput:
    """How the integration's workflow begins."""
    return IntegrationInput(
        workspace_id=workspace_id,
        integration_id=integration.id,
        time_zone=integration.time_zone,
        flows=await flow_plans(store, workspace_id, integration.id),
        state=CarriedState(paused=integration.paused),
    )


async def reconfigure(store: Store, engine: Engine, workspace_id: str, integration: IntegrationRecord) -> Heard:
    """Tell a running integration its flows as they are now.

    A stopped one is not told: it reads them when it starts, and one that is just finishing must not go on for this.
    """
    if integration.state is not IntegrationState.RUNNING:
        return Heard.NOT_RUNNING
    plans = await flow_plans(store, workspace_id, integration.id)
    return await engine.tell(integration.id, "reconfigure", Reconfigure(time_zone=integration.time_zone, flows=plans))
