"""Flows: one kind of record in one direction."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.fields import IdInPath, Text
from api.flows.schemas import ChangedFlow, Flow, FlowChange, FlowWish, MappedValue, ValueSaved, ValueTable
from api.flows.service import FlowService

router = APIRouter(prefix="/api/v1", tags=["flows"])

Service = Annotated[FlowService, Depends()]
Table = Annotated[str, Path(max_length=100, examples=["payment_method"])]


@router.post("/integrations/{integration_id}/flows", status_code=HTTPStatus.CREATED)
async def create_flow(integration_id: IdInPath, wish: FlowWish, service: Service) -> ChangedFlow:
    """Add a flow. Settings are checked now, by the systems at both ends; the other flows are left alone."""
    flow, heard = await service.create(integration_id, wish)
    return ChangedFlow(flow=flow, engine=heard)


@router.get("/flows/{flow_id}")
async def get_flow(flow_id: IdInPath, service: Service) -> Flow:
    """One flow, with its settings."""
    return await service.get(flow_id)


@router.patch("/flows/{flow_id}")
async def change_flow(flow_id: IdInPath, wish: FlowChange, service: Service) -> ChangedFlow:
    """Change schedule or settings; settings get a new version.

    A flow of orders keeps its place in the source; any other reads everything again under the new settings.
    """
    flow, heard = await service.change(flow_id, wish)
    return ChangedFlow(flow=flow, engine=heard)


@router.post("/flows/{flow_id}/enable")
async def enable_flow(flow_id: IdInPath, service: Service) -> ChangedFlow:
    """Switch a flow on; it goes on where it was."""
    flow, heard = await service.set_enabled(flow_id, enabled=True)
    return ChangedFlow(flow=flow, engine=heard)


@router.post("/flows/{flow_id}/disable")
async def disable_flow(flow_id: IdInPath, service: Service) -> ChangedFlow:
    """Switch a flow off; its place in the source stays."""
    flow, heard = await service.set_enabled(flow_id, enabled=False)
    return ChangedFlow(flow=flow, engine=heard)


@router.delete("/flows/{flow_id}", status_code=HTTPStatus.NO_CONTENT)
async def remove_flow(flow_id: IdInPath, service: Service) -> None:
    """Delete a flow that is switched off and has never listed a record; one with a ledger stays, switched off."""
    await service.remove(flow_id)


@router.get("/flows/{flow_id}/values")
async def list_values(
    flow_id: IdInPath,
    service: Service,
    choices: Annotated[bool, Query(description="Read the possible values from both accounts now.")] = False,
) -> list[ValueTable]:
    """The value tables: what a source's value is called at the target."""
    return await service.values(flow_id, choices=choices)


@router.put("/flows/{flow_id}/values/{table}")
async def set_value(flow_id: IdInPath, table: Table, row: MappedValue, service: Service) -> ValueSaved:
    """Save one row. Every item that waited for it is released and goes out at once."""
    return await service.set_value(flow_id, table, row)


@router.delete("/flows/{flow_id}/values/{table}", status_code=HTTPStatus.NO_CONTENT)
async def remove_value(
    flow_id: IdInPath, table: Table, source_value: Annotated[Text, Query()], service: Service
) -> None:
    """Remove one row; records with this value wait for a person from then on."""
    await service.remove_value(flow_id, table, source_value)
