"""The door for people: a link with a token becomes a session of the browser."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse

from api.authentication import SESSION_COOKIE
from api.problem_documents import Unauthenticated
from api.services import CurrentServices

router = APIRouter(include_in_schema=False)

_HOME = "/docs"


@router.get("/")
async def enter(services: CurrentServices, token: Annotated[str, Query()] = "") -> RedirectResponse:
    """Set the session cookie for a good token and go on without it in the address."""
    answer = RedirectResponse(_HOME, HTTPStatus.SEE_OTHER, headers={"Referrer-Policy": "no-referrer"})
    if not token:
        return answer
    if await services.store.workspaces.by_token(token) is None:
        raise Unauthenticated
    answer.set_cookie(
        SESSION_COOKIE,
        token,
        httponly=True,
        samesite="lax",
        secure=services.settings.resolved_public_url().startswith("https://"),
    )
    return answer
