"""Items: what happened to one record."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.authentication import CurrentWorkspace
from api.fields import IdInPath, Moment, RecordId, Text
from api.items.schemas import MOST_AT_ONCE, Item, ItemList, Released, RetryOneWish, RetryWish, SkipWish, Timeline
from api.items.service import ItemService, shown
from api.services import CurrentServices
from store.records import ItemState

router = APIRouter(prefix="/api/v1/items", tags=["items"])

_JSON = "application/json"

Service = Annotated[ItemService, Depends()]


@router.get("")
async def list_items(
    services: CurrentServices,
    workspace_id: CurrentWorkspace,
    integration_id: Annotated[RecordId | None, Query()] = None,
    flow_id: Annotated[RecordId | None, Query()] = None,
    state: Annotated[ItemState | None, Query()] = None,
    problem_id: Annotated[RecordId | None, Query(description="Only those that wait for this problem.")] = None,
    reference: Annotated[Text | None, Query(description="The order number, exactly.")] = None,
    source_id: Annotated[Text | None, Query(description="The id at the source, exactly.")] = None,
    since: Annotated[Moment | None, Query(description="Only those placed from this moment on.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = 50,
    after: Annotated[RecordId | None, Query(description="As the page before said.")] = None,
) -> ItemList:
    """Items that meet every condition given, newest first."""
    page = await services.store.items.search(
        workspace_id,
        integration_id=integration_id,
        flow_id=flow_id,
        state=state,
        problem_id=problem_id,
        reference=reference,
        source_id=source_id,
        since=since,
        limit=limit,
        after=after,
    )
    return ItemList(items=[shown(item) for item in page.items], after=page.after)


@router.post("/retry", status_code=HTTPStatus.ACCEPTED)
async def retry_items(wish: RetryWish, service: Service) -> Released:
    """Let parked items go, by id or by what they share; they are read afresh and sent with today's settings."""
    return await service.retry_many(wish)


@router.get("/{item_id}", response_model=Timeline)
async def get_item(item_id: IdInPath, service: Service) -> Response:
    """What happened to one record: the source's body, every call with its answer, and when."""
    return Response(await service.timeline(item_id), media_type=_JSON)


@router.get("/{item_id}/export", response_model=Timeline)
async def export_item(item_id: IdInPath, service: Service) -> Response:
    """The same as one file."""
    disposition = {"Content-Disposition": f'attachment; filename="{item_id}.json"'}
    return Response(await service.timeline(item_id), media_type=_JSON, headers=disposition)


@router.post("/{item_id}/retry", status_code=HTTPStatus.ACCEPTED)
async def retry_item(item_id: IdInPath, service: Service, wish: RetryOneWish | None = None) -> Released:
    """Let one parked item go; it is read afresh and sent with today's settings, or as it was.

    Look at the difference first. Asking again is harmless.
    """
    return await service.retry(item_id, wish or RetryOneWish())


@router.post("/{item_id}/skip")
async def skip_item(item_id: IdInPath, wish: SkipWish, service: Service) -> Item:
    """Let go of an item that needs no work; the reason stays on its time line."""
    return await service.skip(item_id, wish.reason)
