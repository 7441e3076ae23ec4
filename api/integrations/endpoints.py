"""Integrations: two connections in agreement."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Body, Depends

from api.fields import IdInPath
from api.integrations.schemas import (
    ChangedIntegration,
    Execution,
    FlowChoice,
    Integration,
    IntegrationChange,
    IntegrationStanding,
    NewIntegration,
    ResyncWish,
    Told,
)
from api.integrations.service import IntegrationService

router = APIRouter(prefix="/api/v1/integrations", tags=["integrations"])

Service = Annotated[IntegrationService, Depends()]
OneOrAll = Annotated[FlowChoice | None, Body()]


def _flow_of(wish: FlowChoice | None) -> str | None:
    return wish.flow_id if wish else None


@router.post("", status_code=HTTPStatus.CREATED)
async def create_integration(wish: NewIntegration, service: Service) -> Integration:
    """Keep a new integration, with its flows when they are given; start it next."""
    return await service.create(wish)


@router.get("")
async def list_integrations(service: Service) -> list[Integration]:
    """All integrations, oldest first."""
    return await service.all()


@router.get("/{integration_id}")
async def get_integration(integration_id: IdInPath, service: Service) -> Integration:
    """One integration with its flows."""
    return await service.get(integration_id)


@router.patch("/{integration_id}")
async def change_integration(integration_id: IdInPath, wish: IntegrationChange, service: Service) -> ChangedIntegration:
    """Another name, time zone, or settings that all flows at a connection share."""
    integration, heard = await service.change(integration_id, wish)
    return ChangedIntegration(integration=integration, engine=heard)


@router.post("/{integration_id}/start")
async def start_integration(integration_id: IdInPath, service: Service) -> Integration:
    """Begin, or go on where it was. Starting what runs already is harmless."""
    return await service.start(integration_id)


@router.post("/{integration_id}/stop")
async def stop_integration(integration_id: IdInPath, service: Service) -> ChangedIntegration:
    """End: what is on its way finishes, and no flow loses its place."""
    integration, heard = await service.stop(integration_id)
    return ChangedIntegration(integration=integration, engine=heard)


@router.post("/{integration_id}/pause")
async def pause_integration(integration_id: IdInPath, service: Service, wish: OneOrAll = None) -> ChangedIntegration:
    """Send nothing new, of one flow or of all, from the next item on."""
    integration, heard = await service.set_paused(integration_id, _flow_of(wish), paused=True)
    return ChangedIntegration(integration=integration, engine=heard)


@router.post("/{integration_id}/resume")
async def resume_integration(integration_id: IdInPath, service: Service, wish: OneOrAll = None) -> ChangedIntegration:
    """Go on after a pause."""
    integration, heard = await service.set_paused(integration_id, _flow_of(wish), paused=False)
    return ChangedIntegration(integration=integration, engine=heard)


@router.post("/{integration_id}/resync", status_code=HTTPStatus.ACCEPTED)
async def resync_integration(integration_id: IdInPath, wish: ResyncWish, service: Service) -> Told:
    """Read a flow's source again: from a moment on, completely, or named records. Nothing is written twice."""
    return Told(engine=await service.resync(integration_id, wish))


@router.post("/{integration_id}/run", status_code=HTTPStatus.ACCEPTED)
async def run_integration(integration_id: IdInPath, service: Service, wish: OneOrAll = None) -> Told:
    """Run now, whatever the schedule says."""
    return Told(engine=await service.run(integration_id, _flow_of(wish), "run_now"))


@router.post("/{integration_id}/poke", status_code=HTTPStatus.ACCEPTED)
async def poke_integration(integration_id: IdInPath, service: Service, wish: OneOrAll = None) -> Told:
    """Say that something has changed; many pokes make one run."""
    return Told(engine=await service.run(integration_id, _flow_of(wish), "poke"))


@router.get("/{integration_id}/progress")
async def get_progress(integration_id: IdInPath, service: Service) -> IntegrationStanding:
    """How far every flow is. `live` tells whether the workflow itself answered, or the ledger alone."""
    return await service.progress(integration_id)


@router.get("/{integration_id}/execution")
async def get_execution(integration_id: IdInPath, service: Service) -> Execution:
    """The workflow's page in the Temporal UI."""
    return await service.execution(integration_id)
