"""Whether everything works, in one answer and as figures; ids and states only, never a name."""

from collections.abc import Iterator
from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from api.authentication import CurrentWorkspace
from api.engine import Engine
from api.services import CurrentServices, Services
from store.records import ConnectionState, Counts, FlowRecord, IntegrationState, ItemState

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """Whether the parts answer, and what there is."""

    ok: bool
    database: bool
    temporal: bool
    integrations_running: int
    connections_broken: int
    problems_open: int
    items_parked: int


@router.get("/health", responses={HTTPStatus.SERVICE_UNAVAILABLE: {"model": Health}})
async def get_health(services: CurrentServices, workspace_id: CurrentWorkspace) -> JSONResponse:
    """Database and Temporal, with the figures that call for a person. 503 when a part does not answer."""
    temporal = await Engine(services.temporal).answers()
    health = await _figures(services, workspace_id, temporal=temporal)
    return JSONResponse(health.model_dump(), HTTPStatus.OK if health.ok else HTTPStatus.SERVICE_UNAVAILABLE)


@router.get("/metrics", response_class=PlainTextResponse)
async def get_metrics(services: CurrentServices, workspace_id: CurrentWorkspace) -> str:
    """The ledger's figures of every flow, in the Prometheus text format."""
    flows = await services.store.flows.list(workspace_id)
    counted = [(flow, await services.store.items.counts(workspace_id, flow.id)) for flow in flows]
    return "\n".join([*_item_lines(counted), *_lag_lines(counted), ""])


async def _figures(services: Services, workspace_id: str, *, temporal: bool) -> Health:
    store = services.store
    try:
        integrations = await store.integrations.list(workspace_id)
        connections = await store.connections.list(workspace_id)
        problems = await store.problems.open(workspace_id)
    except SQLAlchemyError:
        return Health(
            ok=False,
            database=False,
            temporal=temporal,
            integrations_running=0,
            connections_broken=0,
            problems_open=0,
            items_parked=0,
        )
    return Health(
        ok=temporal,
        database=True,
        temporal=temporal,
        integrations_running=sum(integration.state is IntegrationState.RUNNING for integration in integrations),
        connections_broken=sum(connection.state is ConnectionState.BROKEN for connection in connections),
        problems_open=len(problems),
        items_parked=sum(problem.items for problem in problems),
    )


def _item_lines(counted: list[tuple[FlowRecord, Counts]]) -> Iterator[str]:
    yield "# HELP longshore_items Items in the ledger, by flow and state."
    yield "# TYPE longshore_items gauge"
    for flow, counts in counted:
        for state in ItemState:
            yield f'longshore_items{{flow="{flow.id}",state="{state}"}} {getattr(counts, state)}'
    yield "# HELP longshore_items_released Items that were parked and let go at least once."
    yield "# TYPE longshore_items_released gauge"
    for flow, counts in counted:
        yield f'longshore_items_released{{flow="{flow.id}"}} {counts.released}'


def _lag_lines(counted: list[tuple[FlowRecord, Counts]]) -> Iterator[str]:
    yield "# HELP longshore_oldest_ready_timestamp_seconds When the oldest item that still waits to be sent was placed."
    yield "# TYPE longshore_oldest_ready_timestamp_seconds gauge"
    for flow, counts in counted:
        if counts.oldest_ready_at is not None:
            moment = counts.oldest_ready_at.timestamp()
            yield f'longshore_oldest_ready_timestamp_seconds{{flow="{flow.id}"}} {moment:.0f}'
