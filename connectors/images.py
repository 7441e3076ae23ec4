"""Fetch a picture that a record names by its web address, within bounds."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from commerce.problems import Problem, ProblemCode
from connectors.client import Bounds, is_loopback, new_http
from connectors.errors import RecordRefused

_FIRST_BYTES = (
    ("jpg", b"\xff\xd8\xff"),
    ("png", b"\x89PNG\r\n\x1a\n"),
    ("gif", b"GIF8"),
)
_WEBP = (b"RIFF", b"WEBP")
_LONGEST = timedelta(seconds=10)
"""For a whole picture: many slow ones of one product must still fit into a step."""


@dataclass(frozen=True)
class Picture:
    """The bytes of a picture and the extension that its first bytes tell."""

    content: bytes = field(repr=False)
    file_type: str


async def fetch_picture(record: str, url: str, largest: int, *, longest: timedelta = _LONGEST) -> Picture:
    """Fetch a picture of at most ``largest`` bytes; ``record`` is what a problem calls the record it belongs to.

    Only what begins like a JPEG, PNG, GIF or WebP file is a picture, so that an address inside our own network gives
    nothing away. Redirects are not followed.

    Raises:
        RecordRefused: There is no such picture, it is too large, it is not complete in time, or it is no picture; or
            its server cannot be reached or has trouble, which is no reason to hold up other records.
    """
    parts = urlsplit(url)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))):
        raise _refusal(record, url, ProblemCode.INVALID_VALUE, "is not a web address that begins with https://")
    seconds = longest.total_seconds()
    try:
        async with asyncio.timeout(seconds):
            content = await _content(record, url, largest)
    except TimeoutError as error:
        fault = f"was not complete after {seconds:g} seconds"
        raise _refusal(record, url, ProblemCode.INVALID_VALUE, fault) from error
    except httpx.InvalidURL as error:
        raise _refusal(record, url, ProblemCode.INVALID_VALUE, "is not a web address") from error
    except httpx.HTTPError as error:
        raise _server_trouble(record, url, "cannot be reached") from error
    return Picture(content, _file_type(record, url, content[:16]))


async def _content(record: str, url: str, largest: int) -> bytes:
    async with (
        new_http(url, Bounds(), None) as http,
        http.stream("GET", url, headers={"accept": "image/*", "user-agent": "longshore"}) as response,
    ):
        _require_answer(record, url, response.status_code)
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) > largest:
                raise _refusal(record, url, ProblemCode.TOO_LARGE, f"is larger than {largest // (1024 * 1024)} MB")
    return bytes(content)


def _require_answer(record: str, url: str, status: int) -> None:
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise _server_trouble(record, url, f"has trouble (HTTP {status})")
    if status != HTTPStatus.OK:
        raise _refusal(record, url, ProblemCode.INVALID_VALUE, f"cannot be fetched (HTTP {status})")


def _file_type(record: str, url: str, start: bytes) -> str:
    for file_type, first in _FIRST_BYTES:
        if start.startswith(first):
            return file_type
    if start.startswith(_WEBP[0]) and start[8:12] == _WEBP[1]:
        return "webp"
    raise _refusal(record, url, ProblemCode.INVALID_VALUE, "is no JPEG, PNG, GIF or WebP file")


def _refusal(record: str, url: str, code: ProblemCode, fault: str) -> RecordRefused:
    sentence = f"{record}: the picture {url} {fault}. Replace it or take it away at the source, then retry."
    return RecordRefused(Problem(code=code, field="photos", value=url, sentence=sentence))


def _server_trouble(record: str, url: str, fault: str) -> RecordRefused:
    """The cause is the server's name, so that one dead server is one problem however many pictures it has."""
    host = urlsplit(url).hostname or url
    sentence = (
        f"{record}: the picture {url} cannot be fetched, because its server {host} {fault}. It is tried again by "
        "itself; if the server is gone for good, replace the picture or take it away at the source, then retry."
    )
    return RecordRefused(Problem(code=ProblemCode.INVALID_VALUE, field="photos", value=host, sentence=sentence))
