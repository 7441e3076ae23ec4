"""Mappings: the rows of a flow, and what they may read, write and call."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.authentication import CurrentWorkspace
from api.fields import IdInPath
from api.mapping.schemas import FunctionDescription, Mapping, MappingSaved, RowWish
from api.mapping.service import MappingService, functions

router = APIRouter(prefix="/api/v1", tags=["mapping"])

Service = Annotated[MappingService, Depends()]
Target = Annotated[str, Path(max_length=200, description="A target field.", examples=["name"])]


@router.get("/mapping/functions")
async def list_functions(_workspace: CurrentWorkspace) -> list[FunctionDescription]:
    """The functions that expressions may call, each with an example and what it gives."""
    return functions()


@router.get("/flows/{flow_id}/mapping")
async def get_mapping(
    flow_id: IdInPath,
    service: Service,
    account: Annotated[bool, Query(description="Read the fields that the accounts have themselves now.")] = False,
) -> Mapping:
    """The rows in force, and all that a row may read, write and call."""
    return await service.get(flow_id, account=account)


@router.put("/flows/{flow_id}/mapping/{target}")
async def save_row(flow_id: IdInPath, target: Target, wish: RowWish, service: Service) -> MappingSaved:
    """Change, add or switch off the row of a target field: a new version of the settings, in force at once."""
    return await service.save(flow_id, target, wish)


@router.delete("/flows/{flow_id}/mapping/{target}")
async def reset_row(flow_id: IdInPath, target: Target, service: Service) -> MappingSaved:
    """Bring back the default of a changed row; an added one goes."""
    return await service.reset(flow_id, target)


@router.delete("/flows/{flow_id}/mapping")
async def reset_mapping(flow_id: IdInPath, service: Service) -> MappingSaved:
    """Bring back the default mapping. Nothing changes when it is in force."""
    return await service.reset(flow_id, None)
