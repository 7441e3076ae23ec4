"""Request and response signatures. Source: CCV Shop API documentation, authentication."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from simulators.ccvshop.refusal import Refusal
from simulators.kit import VendorRequest

WINDOW = timedelta(minutes=5)


def digest(secret: str, *parts: str | bytes) -> str:
    """Lower-case hexadecimal HMAC-SHA512 over the parts joined with a bar."""
    message = b"|".join(part.encode("utf-8") if isinstance(part, str) else part for part in parts)
    return hmac.new(secret.encode("utf-8"), message, hashlib.sha512).hexdigest()


@lru_cache(maxsize=64)
def moment_text(moment: datetime) -> str:
    """The form the API uses: UTC, seconds, ``Z``; records of one moment share the text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def verified_key(request: VendorRequest, keys: dict[str, str], now: datetime) -> str:
    """The public key of a correctly signed, timely request.

    Raises:
        Refusal: 401 without a code, the simulator's choice for an unknown vendor answer.
    """
    public = request.headers.get("x-public", "")
    date = request.headers.get("x-date", "")
    sent = request.headers.get("x-hash", "")
    secret = keys.get(public)
    if secret is None:
        raise Refusal(401, None, "The header x-public names no key of this web shop.")
    try:
        signed_at = datetime.fromisoformat(date)
    except ValueError:
        raise Refusal(401, None, "The header x-date is no ISO 8601 date and time.") from None
    if signed_at.tzinfo is None or abs(now - signed_at) > WINDOW:
        raise Refusal(401, None, "The header x-date differs more than 5 minutes from the server clock.")
    expected = digest(secret, public, request.method, request.raw_target, request.body, date)
    if not hmac.compare_digest(expected, sent):
        raise Refusal(401, None, "The header x-hash does not match the request.")
    return public
