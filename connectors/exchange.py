"""What was sent and what came back, for the record of an item: secrets removed, bodies as they were."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from urllib.parse import quote

_MASK = "(secret)"


class Outcome(StrEnum):
    """How a call ended, in one word."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    FAILED = "failed"
    """The vendor answered that it could not do its work."""
    BROKEN = "broken"
    """An answer came, but not a trustworthy one: HTML, half a body, a wrong signature."""
    NO_ANSWER = "no_answer"
    NOT_SENT = "not_sent"


@dataclass(frozen=True)
class Exchange:
    """One call to a vendor. Bodies can hold customers' data: store them encrypted, never log them."""

    operation: str
    """What the call was for, in words."""
    method: str
    url: str
    request_body: str = field(repr=False)
    status: int | None
    response_body: str = field(repr=False)
    started_at: datetime
    duration_ms: int
    outcome: Outcome


class ExchangeRecorder(Protocol):
    """Keeps exchanges with the item or connection at hand."""

    async def record(self, exchange: Exchange) -> None:
        """Keep one exchange; called once per call, also for calls without an answer."""


class Masking:
    """Removes known secret values from text, written plainly or percent-encoded."""

    def __init__(self, secrets: Iterable[str]) -> None:
        values = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""))}
        self._values = sorted(values, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without the secrets."""
        for value in self._values:
            text = text.replace(value, _MASK)
        return text
