"""Problems: the causes for which items wait, each with the number it holds."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.authentication import CurrentWorkspace
from api.fields import IdInPath, RecordId
from api.items.schemas import Released
from api.items.service import ItemService
from api.services import CurrentServices
from commerce.problems import ProblemCode
from store.records import ProblemRecord, ProblemState

router = APIRouter(prefix="/api/v1/problems", tags=["problems"])


class Problem(BaseModel):
    """One cause: a code, the field, the value, and a sentence that says what to do."""

    id: str
    flow_id: str
    code: ProblemCode
    field: str
    value: str
    sentence: str
    state: ProblemState
    items: int = Field(description="How many items wait for it now.")
    first_seen: datetime
    last_seen: datetime


def _shown(record: ProblemRecord) -> Problem:
    return Problem(
        id=record.id,
        flow_id=record.flow_id,
        code=record.problem.code,
        field=record.problem.field,
        value=record.problem.value,
        sentence=record.problem.sentence,
        state=record.state,
        items=record.items,
        first_seen=record.first_seen,
        last_seen=record.last_seen,
    )


@router.get("")
async def list_problems(
    services: CurrentServices,
    workspace_id: CurrentWorkspace,
    flow_id: Annotated[RecordId | None, Query()] = None,
    code: Annotated[list[ProblemCode] | None, Query()] = None,
) -> list[Problem]:
    """The open causes, oldest first; one fix and one release serve all items of a cause."""
    return [_shown(record) for record in await services.store.problems.open(workspace_id, flow_id, code)]


@router.get("/{problem_id}")
async def get_problem(problem_id: IdInPath, services: CurrentServices, workspace_id: CurrentWorkspace) -> Problem:
    """One cause."""
    return _shown(await services.store.problems.get(workspace_id, problem_id))


@router.post("/{problem_id}/release", status_code=HTTPStatus.ACCEPTED)
async def release_problem(problem_id: IdInPath, services: CurrentServices, workspace_id: CurrentWorkspace) -> Released:
    """Let everything go that waits for this cause; it is read afresh and sent with today's settings."""
    return await ItemService(services, workspace_id).release_problem(problem_id)
