"""Paths and limits of the shop's REST API. Source: CCV Shop API documentation, rate limits (confirmed June 2022)."""

import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from commerce.problems import ProblemCode
from connectors.answers import Answer
from connectors.budget import Bucket, Buckets
from connectors.ccvshop.settings import CcvConnection
from connectors.client import VendorClient
from connectors.errors import ConnectionRefused, RecordGone, RecordRefused, Temporary

ROOT = "/api/rest/v1"
LARGEST_PAGE = 250
_READS_PER_MINUTE = 150
_WRITES_PER_MINUTE = 100
_SEARCHES_PER_MINUTE = 30
_SLOW_RESOURCE = "productqueries"


def local_part(address: str) -> str:
    """Path and query of an address of the shop; links in answers are absolute, and calls are signed without host."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


async def read_collection(
    client: VendorClient, path: str, params: Mapping[str, str] | None = None, *, operation: str
) -> Answer:
    """A page of a collection that every shop has.

    Raises:
        ConnectionRefused: Also when the shop refuses the call itself: then no record is to blame.
        Temporary: Also when something else than a collection came back.
    """
    try:
        answer = await client.read("GET", path, params, operation=operation)
    except (RecordGone, RecordRefused) as refusal:
        said = refusal.problem.sentence if isinstance(refusal, RecordRefused) else "It answered HTTP 404."
        sentence = (
            f"The shop cannot {operation}. {said} Check that the address of this connection is that of a CCV Shop."
        )
        raise ConnectionRefused(ProblemCode.CONNECTION_REFUSED, sentence) from refusal
    items_of(answer)
    return answer


async def pages(
    client: VendorClient, path: str, params: Mapping[str, str] | None = None, *, operation: str
) -> AsyncIterator[list[dict[str, Any]]]:
    """The objects of a collection that every shop has, page by page, sorted by id; raises as `read_collection`."""
    following: str | None = path
    asked: Mapping[str, str] | None = {"orderby": "id", "start": "0", "size": str(LARGEST_PAGE), **(params or {})}
    while following:
        answer = await read_collection(client, following, asked, operation=operation)
        yield items_of(answer)
        following, asked = next_path(answer), None


def items_of(answer: Answer) -> list[dict[str, Any]]:
    """The objects of a collection. Raises `Temporary` when the answer is not a collection."""
    items = answer.body.get("items") if isinstance(answer.body, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Temporary("CCV Shop answered with something that is not a list of records.")
    return items


def next_path(answer: Answer) -> str | None:
    """Where a collection goes on; None on its last page."""
    following = answer.body.get("next")
    return local_part(following) if isinstance(following, str) and following else None


def buckets(settings: CcvConnection) -> Buckets:
    """Limits count per key, resource and method; one more for the whole key has no published figure."""
    account = "ccvshop/" + hashlib.sha256(f"{settings.base_url}|{settings.public_key}".encode()).hexdigest()[:16]

    def of(method: str, path: str) -> tuple[Bucket, ...]:
        words = [part for part in path.removeprefix(ROOT).split("/") if part and not part.isdigit()]
        resource = words[-1] if words else "root"
        per_minute = settings.calls_per_minute or _published(method, resource)
        return Bucket(f"{account}/{method} {resource}", per_minute), Bucket(account, None)

    return of


def _published(method: str, resource: str) -> int:
    if method != "GET":
        return _WRITES_PER_MINUTE
    return _SEARCHES_PER_MINUTE if resource == _SLOW_RESOURCE else _READS_PER_MINUTE
