"""Where a vendor's consent page sends the owner back to.

The request comes from the vendor's page, so it carries no token of ours that could be relied on. Its proof is the state
parameter: made by an authorised request, for one connection, usable once and for 15 minutes.
"""

from html import escape
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from api.authentication import OAUTH_CALLBACK
from api.connections.service import ConnectionService
from api.problem_documents import Conflict, Unauthenticated
from api.services import CurrentServices

router = APIRouter(tags=["connections"])

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Connected</title>
<p>{name} is connected. You may close this page.</p></html>
"""


@router.get(OAUTH_CALLBACK, response_class=HTMLResponse)
async def finish_consent(
    services: CurrentServices,
    state: Annotated[str, Query(description="As given to the consent page; single use.")],
    code: Annotated[str, Query(description="What the vendor gives for the consent.")] = "",
) -> HTMLResponse:
    """Take the vendor's code, keep the tokens, and let everything that waited for this connection go on."""
    begun = await services.store.oauth_states.finish(state)
    if begun is None:
        raise Unauthenticated
    workspace_id, connection_id = begun
    if not code:
        raise Conflict("The vendor gave no consent for this connection. Ask for it again from the connection's page.")
    connection = await ConnectionService(services, workspace_id).finish_consent(connection_id, code)
    return HTMLResponse(_PAGE.format(name=escape(connection.name)), headers={"Referrer-Policy": "no-referrer"})
