"""Who is asking: a bearer token, or the session cookie that the link of ``longshore up`` sets.

Stands before routing, so that an endpoint cannot be forgotten: nothing answers without a token, unknown paths, the
documentation and health included. Two addresses carry another proof and check it themselves: the consent call-back its
single-use state, and the codec for the Temporal UI the secret part of its path.
"""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problem_documents import ForeignOrigin, Unauthenticated, problem_response
from api.services import Services

SESSION_COOKIE = "longshore_session"
OAUTH_CALLBACK = "/oauth/callback"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_WORKSPACE = "longshore_workspace"


class Authentication:
    """Finds the workspace of a request, or ends it with 401."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let authenticated requests, and those that prove themselves otherwise, through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if proves_itself(request):
            await self._app(scope, receive, send)
            return
        bearer = _bearer(request)
        token = bearer or request.cookies.get(SESSION_COOKIE, "")
        workspace_id = await self._services.store.workspaces.by_token(token) if token else None
        if workspace_id is None:
            await problem_response(request, Unauthenticated())(scope, receive, send)
            return
        if not bearer and request.method not in _SAFE_METHODS and not self._same_origin(request):
            refusal = ForeignOrigin("This change was asked for by a page of another address, so it was not made.")
            await problem_response(request, refusal)(scope, receive, send)
            return
        scope.setdefault("state", {})[_WORKSPACE] = workspace_id
        await self._app(scope, receive, send)

    def _same_origin(self, request: Request) -> bool:
        """A browser says where a change comes from; one that says nothing is not trusted with a cookie."""
        origin = request.headers.get("origin")
        if origin:
            return _origin(origin) in {
                _origin(self._services.settings.resolved_public_url()),
                _origin(str(request.base_url)),
            }
        return request.headers.get("sec-fetch-site") == "same-origin"


def proves_itself(request: Request) -> bool:
    """Whether an address checks a proof of its own instead of the token."""
    path = request.url.path
    if path == OAUTH_CALLBACK:
        return request.method == "GET" and bool(request.query_params.get("state"))
    if path == "/":
        return request.method == "GET" and bool(request.query_params.get("token"))
    parts = path.split("/")
    return len(parts) == 4 and parts[1] == "codec" and parts[3] == "decode"


_bearer_scheme = HTTPBearer(auto_error=False, description="A token of the workspace.")
_cookie_scheme = APIKeyCookie(name=SESSION_COOKIE, auto_error=False, description="Set by the link with a token.")


def workspace_of(
    request: Request,
    _bearer_token: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer_scheme)],
    _cookie: Annotated[str | None, Security(_cookie_scheme)],
) -> str:
    """The workspace that `Authentication` found; the schemes are parameters for the sake of the documentation."""
    workspace_id = getattr(request.state, _WORKSPACE, None)
    if not isinstance(workspace_id, str):
        raise Unauthenticated
    return workspace_id


CurrentWorkspace = Annotated[str, Depends(workspace_of)]


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
