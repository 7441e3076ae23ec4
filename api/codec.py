"""Decrypts what the Temporal UI shows, for those who may see it.

The UI's browser cannot send our cookie to another address, so its address for this endpoint carries a secret part; the
other address needs the token like everything else.
"""

import secrets
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payloads

from api.authentication import CurrentWorkspace
from api.problem_documents import NotFound, Refused
from api.services import CurrentServices, Services
from store import UndecipherableError

router = APIRouter(prefix="/codec", tags=["codec"])

_HEADERS = "content-type, x-namespace, authorization"
_KEEP_PREFLIGHT_SECONDS = "600"

PayloadsBody = Annotated[
    dict[str, Any],
    Body(
        openapi_examples={
            "one payload": {
                "value": {"payloads": [{"metadata": {"encoding": "YmluYXJ5L2VuY3J5cHRlZA=="}, "data": "AAAA"}]}
            }
        }
    ),
]


@router.post("/decode")
async def decode(services: CurrentServices, _workspace: CurrentWorkspace, body: PayloadsBody) -> JSONResponse:
    """Decrypt payloads, in the Temporal UI's shape; with a token or a session."""
    return JSONResponse(await _decoded(services, body))


@router.post("/{codec_token}/decode", include_in_schema=False)
async def decode_for_ui(codec_token: str, services: CurrentServices, body: PayloadsBody) -> JSONResponse:
    """The same for the Temporal UI; the last part but one of the address is the secret."""
    _require(services, codec_token)
    return JSONResponse(await _decoded(services, body), headers=_cors(services))


@router.options("/{codec_token}/decode", include_in_schema=False)
async def preflight(codec_token: str, request: Request, services: CurrentServices) -> Response:
    """Allow the Temporal UI's page, and no other, to call."""
    _require(services, codec_token)
    headers = _cors(services)
    if request.headers.get("origin", "") != headers["Access-Control-Allow-Origin"]:
        raise NotFound("This address answers the Temporal UI only.")
    headers |= {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": _HEADERS,
        "Access-Control-Max-Age": _KEEP_PREFLIGHT_SECONDS,
    }
    return Response(status_code=204, headers=headers)


def _require(services: Services, codec_token: str) -> None:
    expected = services.settings.codec_token.get_secret_value()
    if not expected or not secrets.compare_digest(codec_token.encode(), expected.encode()):
        raise NotFound("There is no codec at this address.")


def _cors(services: Services) -> dict[str, str]:
    parts = urlsplit(services.settings.temporal_ui_url)
    return {"Access-Control-Allow-Origin": f"{parts.scheme}://{parts.netloc}", "Vary": "Origin"}


async def _decoded(services: Services, body: dict[str, Any]) -> dict[str, Any]:
    try:
        payloads = ParseDict(body, Payloads(), ignore_unknown_fields=True)
    except (ParseError, ValueError) as error:
        raise Refused('Send {"payloads": [{"metadata": {…}, "data": "…"}]} with base64 values.') from error
    try:
        decoded = await services.codec.decode(payloads.payloads)
    except (UndecipherableError, DecodeError) as error:
        raise Refused("A payload cannot be decrypted with the keys of this installation.") from error
    answer: dict[str, Any] = MessageToDict(Payloads(payloads=decoded))
    return answer
