"""What can go wrong at a vendor, grouped by what happens next.

VendorError
├── Temporary            try again later, nothing was decided
│   ├── RateLimited      at a moment the vendor or our own budget names
│   └── OutcomeUnknown   a write whose answer was lost: look it up before anything else
├── RecordRefused        this record waits for a person, the others go on
├── RecordGone           the record asked for does not exist (any more)
└── ConnectionRefused    every record of this connection waits until a person reconnects it
"""

from datetime import timedelta

from commerce.problems import Problem, ProblemCode


class VendorError(Exception):
    """Base of all that a connector raises; its text is safe to log (no body, no customer's data, no secret)."""


class Temporary(VendorError):
    """The vendor could not answer now."""

    def __init__(self, sentence: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class RateLimited(Temporary):
    """The account's budget, ours or the vendor's, is used up until ``retry_after`` has passed."""


class OutcomeUnknown(Temporary):
    """A write was sent and no trustworthy answer came back; it may have been committed.

    ``settled`` tells that the vendor did answer (a 500, a broken body), so a look-up right now sees the final state.
    Without an answer the vendor may still be working on it.
    """

    def __init__(self, sentence: str, *, settled: bool) -> None:
        super().__init__(sentence)
        self.settled = settled


class RecordRefused(VendorError):
    """The record cannot go on as it is; ``problem`` says why and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code}: {problem.field}")
        self.problem = problem


class RecordGone(VendorError):
    """The id asked for is unknown to the vendor; ``kind`` is the vendor's word for the record."""

    def __init__(self, kind: str, record_id: str) -> None:
        super().__init__(f"{kind} {record_id} does not exist at the vendor")
        self.kind = kind
        self.record_id = record_id


class ConnectionRefused(VendorError):
    """The account refuses us: revoked keys, an ended consent, a missing right, a closed administration."""

    def __init__(self, code: ProblemCode, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = Problem(code=code, field="connection", value="", sentence=sentence)
