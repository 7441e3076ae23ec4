"""What eAccounting's error codes mean for us.

Source: Visma eAccounting API documentation, error codes and rate limits (confirmed September 2026). The HTTP status is
400 for most codes, so the code decides.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, ClassVar, Final
from uuid import UUID

from commerce.problems import Problem, ProblemCode
from connectors.answers import Action, Answer, AnswerTable
from connectors.errors import RecordRefused

BAD_FILTER: Final = "6000"

_SECONDS = re.compile(r"(\d{1,5})\s*second")
_LONGEST_MESSAGE = 500

_ACCOUNT: Final[Mapping[str, str]] = {
    "4003": "The start-up guide of the company is not finished. Finish it in eAccounting.",
    "4004": "The company is inactive. Have its subscription restored.",
    "4005": "The connection is not authorised. Reconnect it.",
    "4006": "The connection lacks a right (scope). Reconnect it to give consent again.",
    "4007": "The user who connected lacks a permission. Grant it in eAccounting, or reconnect as another user.",
    "4009": "The company's eAccounting subscription does not include what is needed. Upgrade it.",
    "4011": "The user who connected has no access to the company any more. Reconnect as another user.",
    "4012": "The licence agreement is not accepted. Sign in to eAccounting and accept it.",
    "4019": "The user who connected may only read. Grant the right to write, or reconnect as another user.",
    "4034": "A sandbox client can not reach a live company. Enter the production client id and secret.",
}
_NO_MODULE: Final = "4002"
_PROBLEMS: Final[Mapping[str, ProblemCode]] = {
    "2000": ProblemCode.INVALID_VALUE,
    "3001": ProblemCode.PERIOD_CLOSED,
    "4013": ProblemCode.PERIOD_CLOSED,
    "4025": ProblemCode.INVALID_VALUE,
    "4026": ProblemCode.PERIOD_CLOSED,
    "4035": ProblemCode.INVALID_VALUE,
    "4038": ProblemCode.PERIOD_CLOSED,
}
_ADVICE: Final[Mapping[str, str]] = {
    "2000": "Correct the value in the shop or the setting it comes from, and retry.",
    "3001": "Create the fiscal year in eAccounting, and retry.",
    "3002": "Give the article's coding a sales account in eAccounting, or choose another in the settings, and retry.",
    "4002": "Either a value is not allowed, or the company lacks the module; check both, and retry.",
    "4013": "Open the period in eAccounting, and retry.",
    "4024": "Give the article's coding an account for this kind of sale (for instance export), and retry.",
    "4025": "Correct the customer's VAT number, and retry.",
    "4026": "Open the locked period in eAccounting, and retry.",
    "4027": "Take the reverse charge off the article, and retry.",
    "4035": "Switch off VAT for non-EU sales on the customer, and retry.",
    "4038": "Open the locked year in eAccounting, and retry.",
}
_FIELDS: Final[Mapping[str, str]] = {"4025": "VatNumber", "4035": "ForceBookkeepVat"}
_UNKNOWN_CURRENCY_FIELD: Final = "CurrencyCode"


class EAccountingAnswers(AnswerTable):
    """The shared table, with the rows that eAccounting's own codes override."""

    title: ClassVar[str] = "eAccounting"
    code_member: ClassVar[str] = "ErrorCode"
    message_member: ClassVar[str] = "DeveloperErrorMessage"
    by_code: ClassVar[Mapping[str, Action]] = {
        "3000": Action.GONE,
        "4000": Action.CONFLICT,
        "4010": Action.WAIT,
        "5000": Action.RETRY,
        "5001": Action.RETRY,
        "5002": Action.RETRY,
        **dict.fromkeys(_ACCOUNT, Action.PARK_CONNECTION),
    }

    def classify(self, answer: Answer) -> Action:
        """A 401 is always about the token, whatever code it carries; all else by code, then by status."""
        return Action.RENEW if answer.status == HTTPStatus.UNAUTHORIZED else super().classify(answer)

    def made_up_id(self, number: int) -> Mapping[str, Any]:
        """A GUID that counts."""
        return {"Id": str(UUID(int=number))}

    def retry_after(self, answer: Answer) -> timedelta | None:
        """The header when there is one, else the seconds named in the message."""
        stated = super().retry_after(answer)
        named = _SECONDS.search(self.error_message(answer)) if stated is None else None
        return timedelta(seconds=int(named[1])) if named else stated

    def problem(self, answer: Answer, operation: str, *, writing: bool) -> Problem:
        """Why one record cannot go on: the vendor's words, the fields it names, and the id its support asks for."""
        code = self.error_code(answer)
        fields = _field_errors(answer)
        if not code:
            return super().problem(answer, operation, writing=writing)
        named = "; ".join(f"{field}: {message}" for field, message in fields)
        details = " ".join(part for part in (self.error_message(answer), named) if part)[:_LONGEST_MESSAGE]
        field = fields[0][0] if fields else _FIELDS.get(code, operation)
        default = ProblemCode.REFUSED_BY_TARGET if writing else ProblemCode.REFUSED_BY_SOURCE
        problem_code = _PROBLEMS.get(code, default)
        if field.endswith(_UNKNOWN_CURRENCY_FIELD):
            problem_code = ProblemCode.UNKNOWN_CURRENCY
        advice = _ADVICE.get(code, "Correct the record or the setting it complains about, and retry.")
        return Problem(
            code=problem_code,
            field=field,
            value=fields[0][1] if fields else code,
            sentence=(
                f'eAccounting refused to {operation}: "{details}" (error {code}, ErrorId {_error_id(answer)}). {advice}'
            ),
        )

    def connection_problem(self, answer: Answer, operation: str) -> tuple[ProblemCode, str]:
        """Why the account as a whole cannot go on."""
        code = self.error_code(answer)
        if code in _ACCOUNT:
            return (
                ProblemCode.CONNECTION_REFUSED,
                f"eAccounting refused this connection (error {code}). {_ACCOUNT[code]}",
            )
        if code == _NO_MODULE:
            return ProblemCode.CONNECTION_REFUSED, (
                f"The company's eAccounting lacks the module that is needed to {operation} (error {code}). Have it"
                " activated, or choose another order type."
            )
        return super().connection_problem(answer, operation)


ANSWERS: Final = EAccountingAnswers()


def refused(answer: Answer, operation: str, *, writing: bool) -> RecordRefused:
    """The error for an answer that a caller looked at itself and can do nothing with."""
    return RecordRefused(ANSWERS.problem(answer, operation, writing=writing))


def _field_errors(answer: Answer) -> list[tuple[str, str]]:
    errors: Any = answer.body.get("Errors") if isinstance(answer.body, dict) else None
    entries = [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []
    return [(str(entry.get("Field") or "body"), str(entry.get("Message") or "")) for entry in entries]


def _error_id(answer: Answer) -> str:
    found = answer.body.get("ErrorId") if isinstance(answer.body, dict) else None
    return str(found or "unknown")
