"""How a call proves whose it is."""

from typing import Protocol

import httpx

from connectors.answers import Answer


class UntrustedAnswerError(Exception):
    """An answer whose proof of origin does not fit: changed, cut off, or not the vendor's."""


class Authentication(Protocol):
    """Signs requests and checks answers; stateless except for renewed credentials."""

    async def sign(self, request: httpx.Request) -> None:
        """Set the headers of a finished request. Raises `Temporary` or `ConnectionRefused`."""

    async def verify(self, request: httpx.Request, answer: Answer) -> None:
        """Check an accepted answer. Raises `UntrustedAnswerError`."""

    async def renew(self) -> bool:
        """Get new credentials after a 401; False when there is nothing to renew. Raises like `sign`."""
