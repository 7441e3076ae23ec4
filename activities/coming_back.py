"""Orders that the integration itself wrote: the flow in the other direction must not send them back."""

from datetime import timedelta

from activities.failures import Wait
from activities.stage import Stage
from store import FlowRecord
from store.bindings import ORDER

_NEXT_LOOK = timedelta(seconds=2)


async def is_coming_back(stage: Stage) -> bool:
    """Whether the order at hand is a document that the integration's other orders flow made.

    Raises:
        Wait: That flow is writing at this moment, so what it made may not be known yet.
    """
    other = await _other_way(stage)
    if other is None:
        return False
    source_id = stage.input.source_id
    if await stage.store.bindings.of_targets(stage.workspace_id, other.id, ORDER, [source_id]):
        return True
    if await stage.store.items.is_writing(stage.workspace_id, other.id):
        raise Wait("The flow in the other direction is writing an order at this moment.", _NEXT_LOOK)
    # What it was writing while this was asked for the first time is known now.
    return bool(await stage.store.bindings.of_targets(stage.workspace_id, other.id, ORDER, [source_id]))


async def _other_way(stage: Stage) -> FlowRecord | None:
    flow = stage.flow.flow
    flows = await stage.store.flows.list(stage.workspace_id, flow.integration_id)
    return next(
        (
            other
            for other in flows
            if other.kind == flow.kind
            and other.source_connection_id == flow.target_connection_id
            and other.target_connection_id == flow.source_connection_id
        ),
        None,
    )
