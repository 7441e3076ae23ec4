"""Paths and limits of the shop's REST API. Source: CCV Shop API documentation, rate limits (confirmed June 2022)."""

import hashlib
from urllib.parse import urlsplit

from connectors.budget import Bucket, Buckets
from connectors.ccvshop.settings import CcvConnection

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
