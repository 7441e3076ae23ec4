"""One table from a vendor's answer to what happens next; vendors override rows by their own error codes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, ClassVar

from commerce.problems import Problem, ProblemCode

_WAIT_WHEN_UNTOLD = timedelta(seconds=60)
_LONGEST_WAIT = timedelta(days=1)
_LONGEST_MESSAGE = 500


class Action(StrEnum):
    """What happens next."""

    ACCEPT = "accept"
    RETRY = "retry"
    """Nothing is decided: read again later; after a write, look it up first."""
    WAIT = "wait"
    """The budget is used up."""
    RENEW = "renew"
    """The credentials were refused before anything was done."""
    CONFLICT = "conflict"
    """The record exists already."""
    GONE = "gone"
    PARK_ITEM = "park_item"
    PARK_CONNECTION = "park_connection"


@dataclass(frozen=True)
class Answer:
    """What came back. ``body`` is the parsed JSON: None when empty or not JSON."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""
    content: bytes = field(repr=False)
    body: Any = field(repr=False)
    readable: bool
    """Whether the content is empty or JSON."""

    def text(self) -> str:
        """The content as text, for the record."""
        return self.content.decode("utf-8", "replace")

    def looks_like_html(self) -> bool:
        """Whether a page for people came back, as proxies and maintenance modes send."""
        return "html" in self.headers.get("content-type", "").lower() or self.content.lstrip()[:1] == b"<"


class AnswerTable:
    """The rows that hold for every vendor.

    A vendor's subclass names the system, tells where its error bodies hold code and message, and lists the codes whose
    meaning differs from that of the status they come with.
    """

    title: ClassVar[str] = "The system"
    code_member: ClassVar[str] = ""
    """The member of an error body that holds the vendor's code; empty when there is none."""
    message_member: ClassVar[str] = ""
    by_code: ClassVar[Mapping[str, Action]] = {}
    account_wide_codes: ClassVar[frozenset[str]] = frozenset()
    """Codes of refusals for the rate that count for all calls of the account, not only for ones like this."""
    by_status: ClassVar[Mapping[int, Action]] = {
        HTTPStatus.UNAUTHORIZED: Action.RENEW,
        HTTPStatus.PAYMENT_REQUIRED: Action.PARK_CONNECTION,
        HTTPStatus.FORBIDDEN: Action.PARK_CONNECTION,
        HTTPStatus.NOT_FOUND: Action.GONE,
        HTTPStatus.REQUEST_TIMEOUT: Action.RETRY,
        HTTPStatus.CONFLICT: Action.CONFLICT,
        HTTPStatus.GONE: Action.GONE,
        HTTPStatus.TOO_EARLY: Action.RETRY,
        HTTPStatus.TOO_MANY_REQUESTS: Action.WAIT,
        HTTPStatus.NOT_IMPLEMENTED: Action.PARK_ITEM,
    }

    def classify(self, answer: Answer) -> Action:
        """The row for an answer: the vendor's code first, then the status."""
        status = answer.status
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return Action.ACCEPT if answer.readable else Action.RETRY
        code = self.error_code(answer)
        if code in self.by_code:
            return self.by_code[code]
        if status < HTTPStatus.BAD_REQUEST:
            return Action.PARK_CONNECTION
        action = self.by_status.get(
            status, Action.PARK_ITEM if status < HTTPStatus.INTERNAL_SERVER_ERROR else Action.RETRY
        )
        if action is Action.GONE and answer.looks_like_html():
            return Action.RETRY
        return action

    def error_code(self, answer: Answer) -> str:
        """The vendor's own code as text; empty when there is none."""
        return self._member(answer, self.code_member)

    def error_message(self, answer: Answer) -> str:
        """The vendor's own words; empty when there are none. May quote a customer."""
        return self._member(answer, self.message_member)

    def retry_after(self, answer: Answer) -> timedelta | None:
        """How long the vendor asks to wait; None when it does not say."""
        return parse_retry_after(answer.headers.get("retry-after", ""))

    def pause(self, answer: Answer) -> timedelta:
        """How long to leave a used-up limit alone."""
        return self.retry_after(answer) or _WAIT_WHEN_UNTOLD

    def whole_account(self, answer: Answer) -> bool:
        """Whether a refusal for the rate counts for all calls of the account."""
        return self.error_code(answer) in self.account_wide_codes

    def problem(self, answer: Answer, operation: str, *, writing: bool) -> Problem:
        """Why one record cannot go on, with the vendor's own words."""
        code = self.error_code(answer)
        message = self.error_message(answer)[:_LONGEST_MESSAGE]
        said = f': "{message}"' if message else ""
        sentence = (
            f"{self.title} refused to {operation}{said} (HTTP {answer.status}{f', code {code}' if code else ''}). "
            "Correct the record or the setting it complains about, then retry."
        )
        problem_code = ProblemCode.REFUSED_BY_TARGET if writing else ProblemCode.REFUSED_BY_SOURCE
        if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            problem_code = ProblemCode.TOO_LARGE
        return Problem(code=problem_code, field=operation, value=code or str(answer.status), sentence=sentence)

    def connection_problem(self, answer: Answer, operation: str) -> tuple[ProblemCode, str]:
        """Why the account as a whole cannot go on; the sentence holds nothing of the vendor's free text."""
        code = self.error_code(answer)
        status = f"HTTP {answer.status}{f', code {code}' if code else ''}"
        if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
            sentence = (
                f"{self.title} answered with a redirect to another address ({status}), which is not followed. "
                "Correct the address of the connection."
            )
        elif answer.status == HTTPStatus.UNAUTHORIZED:
            sentence = f"{self.title} does not accept the credentials of this connection ({status}). Reconnect it."
        else:
            sentence = (
                f"{self.title} does not allow this connection to {operation} ({status}). "
                "Give it the missing right or reconnect it."
            )
        return ProblemCode.CONNECTION_REFUSED, sentence

    def made_up_id(self, number: int) -> Mapping[str, Any]:
        """How the vendor would tell the id of a new record, for one that exists in a rehearsal only."""
        return {"id": number}

    def _member(self, answer: Answer, name: str) -> str:
        value = answer.body.get(name) if isinstance(answer.body, dict) else None
        return "" if value is None or isinstance(value, dict | list) else str(value)


def parse_retry_after(text: str) -> timedelta | None:
    """Read a Retry-After header, seconds or a date; None when it is absent or nonsense."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=int(text[:9]))
    else:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        wait = moment - datetime.now(UTC)
    return min(max(wait, timedelta(seconds=1)), _LONGEST_WAIT)
