"""Rehearsals: what a run would do, what a mapping would have done, and what a retry would send."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Response

from api.authentication import CurrentWorkspace
from api.fields import IdInPath
from api.items.service import exact
from api.problem_documents import Refused
from api.rehearsals.schemas import BackTest, BackTestWish, Preview, PreviewWish, VersionDifference
from api.services import CurrentServices
from commerce.problems import Problem
from connectors import rehearsed

router = APIRouter(prefix="/api/v1", tags=["rehearsals"])

_JSON = "application/json"


@router.post("/flows/{flow_id}/preview", response_model=Preview)
async def preview_flow(
    flow_id: IdInPath, wish: PreviewWish, services: CurrentServices, workspace_id: CurrentWorkspace
) -> Response:
    """Rehearse a run: records are read, mapped and compared as ever, and what would be written is shown instead.

    No call that could change anything is sent, and nothing is kept.
    """
    if sum(one is not None for one in (wish.source_id, wish.reference, wish.since)) > 1:
        raise Refused("Give one of source_id, reference and since.")
    if wish.page is not None and wish.since is None:
        raise Refused("A page belongs to a moment: give since as well.")
    made = await services.rehearsals.preview(
        workspace_id,
        flow_id,
        rehearsed.PreviewWish(
            source_id=wish.source_id or "",
            reference=wish.reference or "",
            since=wish.since,
            page=wish.page,
            limit=wish.limit,
        ),
    )
    summary = Counter(str(record.action) for record in made.records)
    return _answer({"summary": dict(summary), **_shown(made)})


@router.post("/flows/{flow_id}/back-test", response_model=BackTest)
async def back_test_mapping(
    flow_id: IdInPath, wish: BackTestWish, services: CurrentServices, workspace_id: CurrentWorkspace
) -> Response:
    """Try a mapping that is not saved on what the flow has read before, field by field; no system is called."""
    rows = [row.model_dump() for row in wish.mapping]
    made = await services.rehearsals.back_test(workspace_id, flow_id, rows, wish.limit)
    differing = [item for item in made.items if item.differences or item.problem_before or item.problem_after]
    alike = len(made.items) - len(differing)
    return _answer({"items": _shown(differing), "alike": alike, "unread": made.unread})


@router.get("/items/{item_id}/difference", response_model=VersionDifference)
async def compare_settings(item_id: IdInPath, services: CurrentServices, workspace_id: CurrentWorkspace) -> Response:
    """What a retry would send as it was, and with today's settings, field by field; nothing is written."""
    version = await services.store.items.version_before_today(workspace_id, item_id)
    return _answer(_shown(await services.rehearsals.difference(workspace_id, item_id, version)))


def _answer(document: Mapping[str, Any]) -> Response:
    return Response(exact(dict(document)), media_type=_JSON)


def _shown(value: Any) -> Any:
    """What a rehearsal says, in the types that JSON has; numbers keep their digits."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _shown(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Problem):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(name): _shown(member) for name, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(member) for member in value]
    return value.isoformat() if isinstance(value, date) else value
