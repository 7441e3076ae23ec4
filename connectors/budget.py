"""The calls an account may still make: one budget per vendor limit, shared by every worker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

_SHARE_PERCENT = 80


@dataclass(frozen=True)
class Bucket:
    """One limit of a vendor. ``name`` is unique over all accounts and systems.

    ``per_minute`` is the vendor's own figure; None when the vendor has a limit but does not publish it, so that only
    its refusals can be obeyed.
    """

    name: str
    per_minute: int | None

    def usable(self) -> int | None:
        """The part of the limit we use, so that the account's other users are not starved."""
        return None if self.per_minute is None else max(1, self.per_minute * _SHARE_PERCENT // 100)


Buckets = Callable[[str, str], Sequence[Bucket]]
"""Method and path (without query) → the limits the call counts against, the narrowest first."""


class RateBudget(Protocol):
    """Grants calls."""

    async def acquire(self, bucket: str, per_minute: int | None) -> None:
        """Take one call from the bucket, waiting briefly if need be.

        Raises:
            RateLimited: The bucket is empty or paused for longer than a call should wait.
        """

    async def exhausted(self, bucket: str, retry_after: timedelta) -> None:
        """Pause the bucket for everyone, because the vendor said so."""
