"""HMAC-SHA512 over everything that matters, both ways.

Source: CCV Shop API documentation, authentication; for answers the vendor's own client (September 2025).
"""

import hashlib
import hmac
from datetime import UTC, datetime

import httpx
from pydantic import SecretStr

from connectors.answers import Answer
from connectors.authentication import UntrustedAnswerError


def signature(secret: str, *parts: str | bytes) -> str:
    """Lower-case hexadecimal HMAC-SHA512 over the parts joined with vertical bars."""
    text = b"|".join(part.encode() if isinstance(part, str) else part for part in parts)
    return hmac.new(secret.encode(), text, hashlib.sha512).hexdigest()


class KeyPair:
    """`Authentication` with a public key and a secret that never travels.

    A request is signed anew each time it is sent, since the shop accepts five minutes of age at most.
    """

    def __init__(self, public_key: str, secret_key: SecretStr) -> None:
        self._public = public_key
        self._secret = secret_key

    async def sign(self, request: httpx.Request) -> None:
        """Set the three signing headers from the request exactly as it will be sent."""
        moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        request.headers["x-public"] = self._public
        request.headers["x-date"] = moment
        request.headers["x-hash"] = self._hash(request, request.content, moment)

    async def verify(self, request: httpx.Request, answer: Answer) -> None:
        """Check the signature of an answer that carries one."""
        claimed = answer.headers.get("x-hash")
        if claimed is None:
            return
        expected = self._hash(request, answer.content, answer.headers.get("x-date", ""))
        if not hmac.compare_digest(claimed.lower().encode(), expected.encode()):
            raise UntrustedAnswerError

    async def renew(self) -> bool:
        """Keys work until they are removed: there is nothing to renew."""
        return False

    def _hash(self, request: httpx.Request, body: bytes, moment: str) -> str:
        secret = self._secret.get_secret_value()
        return signature(secret, self._public, request.method, request.url.raw_path, body, moment)
