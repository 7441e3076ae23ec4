"""Errors as RFC 9457 problem documents: what is wrong, where, and what to do; never the values that were sent."""

import logging
import traceback
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.errors import RateLimited, RecordRefused, VendorError
from connectors.order_flow import SettingsRefused
from store.records import NotFoundError

MEDIA_TYPE = "application/problem+json"
_TYPE = "tag:longshore,2025:problem/"
_CODEC_PATH = "/codec/"

_log = logging.getLogger(__name__)


class FieldError(BaseModel):
    """One refused member of a request."""

    field: str = Field(description="Path of the member, parts joined by dots.")
    detail: str = Field(description="What is expected of it.")


class ProblemDocument(BaseModel):
    """RFC 9457: how every error of this API looks."""

    model_config = ConfigDict(title="Problem document")

    type: str = Field(description="A stable name of the kind of error.")
    title: str = Field(description="The kind of error in words; the same for every error of a type.")
    status: int
    detail: str = Field(description="What is wrong in this case, and what to do.")
    instance: str = Field(description="The path that was asked for.")
    errors: list[FieldError] = Field(default_factory=list, description="The members of the request at fault.")


class ApiProblem(Exception):
    """Ends a request with a problem document; every word of it must be fit for whoever asked.

    Subclasses name a status and a kind; ``detail`` says what is wrong in this case and what to do.
    """

    status = HTTPStatus.BAD_REQUEST
    kind = "bad-request"
    title = "The request cannot be handled"

    def __init__(
        self, detail: str, *, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(self.kind)
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})


class Unauthenticated(ApiProblem):
    """No token, or one that is not known."""

    status = HTTPStatus.UNAUTHORIZED
    kind = "token-missing"
    title = "A token is needed"

    def __init__(self) -> None:
        super().__init__(
            "Send `Authorization: Bearer <token>`, or open the link with a token that `longshore up` prints.",
            headers={"WWW-Authenticate": "Bearer"},
        )


class ForeignOrigin(ApiProblem):
    """A change asked for by a page of another site, in the name of a signed-in person."""

    status = HTTPStatus.FORBIDDEN
    kind = "foreign-origin"
    title = "Changes must come from this site"


class NotFound(ApiProblem):
    """The record does not exist, or belongs to somebody else."""

    status = HTTPStatus.NOT_FOUND
    kind = "not-found"
    title = "There is no such record"


class Conflict(ApiProblem):
    """The record's state does not allow what was asked."""

    status = HTTPStatus.CONFLICT
    kind = "conflict"
    title = "The record's state does not allow this"


class Refused(ApiProblem):
    """The request was understood, but a value in it cannot be accepted."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    kind = "invalid"
    title = "The request has values that cannot be accepted"


class VendorUnavailable(ApiProblem):
    """The connected system did not give what was asked of it."""

    status = HTTPStatus.BAD_GATEWAY
    kind = "vendor"
    title = "The connected system refused or did not answer"


class EngineUnavailable(ApiProblem):
    """The workflow engine cannot be reached; nothing was changed."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    kind = "engine-unavailable"
    title = "The workflow engine does not answer"

    def __init__(self) -> None:
        super().__init__("Temporal cannot be reached. Nothing was changed; try again.", headers={"Retry-After": "5"})


def problem_response(request: Request, problem: ApiProblem) -> JSONResponse:
    """The answer for a problem."""
    return _response(
        request,
        status=problem.status,
        kind=problem.kind,
        title=problem.title,
        detail=problem.detail,
        errors=problem.errors,
        headers=problem.headers,
    )


def install_problem_documents(app: FastAPI) -> None:
    """Make every error of the application a problem document."""
    app.add_exception_handler(ApiProblem, _api_problem)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(VendorError, _vendor_error)
    app.add_exception_handler(NotFoundError, _not_found)
    app.add_exception_handler(SettingsRefused, _settings_refused)


def _response(
    request: Request,
    *,
    status: int,
    kind: str,
    title: str,
    detail: str,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    document = ProblemDocument(
        type=_TYPE + kind, title=title, status=status, detail=detail, instance=_instance(request), errors=list(errors)
    )
    return JSONResponse(document.model_dump(), status, headers=headers, media_type=MEDIA_TYPE)


def _instance(request: Request) -> str:
    path = request.url.path
    # The codec's path carries its token.
    return _CODEC_PATH if path.startswith(_CODEC_PATH) else path


async def _api_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiProblem)  # noqa: S101 - tells the type checker what the registration guarantees
    return problem_response(request, error)


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    errors = [FieldError(field=_field(item["loc"]), detail=_expected(item)) for item in error.errors()]
    return problem_response(request, Refused("Correct the members listed under errors.", errors=errors))


def _field(location: Sequence[object]) -> str:
    return ".".join(str(step) for step in location if step != "body") or "body"


def _expected(item: Mapping[str, Any]) -> str:
    """Pydantic's sentence; those that it builds around the value that was sent are replaced."""
    quoting = ("parsing", "json_invalid", "timezone", "from_attributes", "url_scheme")
    kind = str(item["type"])
    if any(part in kind for part in quoting):
        return f"Not acceptable here ({kind})."
    return str(item["msg"])


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    phrase = HTTPStatus(error.status_code).phrase
    return _response(
        request,
        status=error.status_code,
        kind=phrase.lower().replace(" ", "-"),
        title=phrase,
        detail=f"{request.method} {_instance(request)}: {phrase.lower()}.",
        headers=error.headers,
    )


async def _not_found(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, NotFoundError)  # noqa: S101 - as above
    return problem_response(request, NotFound(f"There is no such {error.kind} in this workspace."))


async def _settings_refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SettingsRefused)  # noqa: S101 - as above
    detail = str(error)
    return problem_response(request, Refused(detail, errors=[FieldError(field="settings", detail=detail)]))


async def _vendor_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, VendorError)  # noqa: S101 - as above
    headers = {}
    if isinstance(error, RateLimited) and error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after.total_seconds())))
    return problem_response(request, VendorUnavailable(vendor_sentence(error), headers=headers))


def vendor_sentence(error: VendorError) -> str:
    """What a person is told of a vendor's failure."""
    return error.problem.sentence if isinstance(error, RecordRefused) else str(error)


class LastResort:
    """Answers what nothing else answered for, with a document that quotes nothing.

    Stands outside the framework's own handler, which would hand the error with its text to the server's log.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; an error after the answer began can only close the connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def note_and_send(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, note_and_send)
        except Exception as error:  # noqa: BLE001 - the boundary: whatever it is, the caller gets a document
            request = Request(scope)
            where = traceback.extract_tb(error.__traceback__)[-1]
            # The type and the place only: an unexpected error's text can quote a record.
            _log.error(
                "Unexpected %s at %s:%s in %s %s",
                type(error).__name__,
                where.name,
                where.lineno,
                request.method,
                _instance(request),
            )
            if not begun:
                await self._answer(request)(scope, receive, send)

    @staticmethod
    def _answer(request: Request) -> JSONResponse:
        return _response(
            request,
            status=HTTPStatus.INTERNAL_SERVER_ERROR,
            kind="internal",
            title="Something went wrong inside",
            detail="The request could not be handled. The log has the place; trying again is harmless.",
        )
