"""What a CCV Shop's errors mean; its 5xx often carry the result of a check.

Source: CCV Shop API documentation, error codes, and the vendor's own client.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from commerce.problems import Problem, ProblemCode
from connectors.answers import Action, Answer, AnswerTable

_SENTENCES: Mapping[str, str] = {
    "500.60": "The subscription of the shop allows no more products. Extend it or remove products, then retry.",
    "500.80": "The record is larger than the shop takes. Shorten its texts or images, then retry.",
    "500.90": "The shop lacks an app that this needs, such as B2B. Install it in the shop's App Store, then retry.",
}


class CcvAnswers(AnswerTable):
    """The shared table with the shop's own codes."""

    title = "CCV Shop"
    code_member = "code"
    message_member = "developermessage"
    account_wide_codes = frozenset({"429.11"})
    by_code: ClassVar[Mapping[str, Action]] = {
        "404.20": Action.PARK_CONNECTION,
        "405.10": Action.PARK_ITEM,
        "429.10": Action.WAIT,
        "429.11": Action.WAIT,
        "500.10": Action.WAIT,
        "500.20": Action.RETRY,
        "500.21": Action.PARK_ITEM,
        "500.22": Action.PARK_ITEM,
        "500.23": Action.PARK_ITEM,
        "500.24": Action.PARK_ITEM,
        "500.25": Action.PARK_ITEM,
        "500.40": Action.CONFLICT,
        "500.50": Action.ACCEPT,
        "500.60": Action.PARK_ITEM,
        "500.70": Action.PARK_ITEM,
        "500.80": Action.PARK_ITEM,
        "500.90": Action.PARK_ITEM,
        "501.10": Action.PARK_ITEM,
        "501.20": Action.PARK_ITEM,
        "501.30": Action.PARK_ITEM,
    }

    def problem(self, answer: Answer, operation: str, *, writing: bool) -> Problem:
        """The shared problem, with our own sentence where the code says exactly what to do."""
        problem = super().problem(answer, operation, writing=writing)
        code = self.error_code(answer)
        if code not in _SENTENCES:
            return problem
        kind = ProblemCode.TOO_LARGE if code == "500.80" else problem.code
        return problem.model_copy(update={"code": kind, "sentence": _SENTENCES[code]})

    def connection_problem(self, answer: Answer, operation: str) -> tuple[ProblemCode, str]:
        """Keys have rights per resource, and their signature depends on our clock."""
        if self.error_code(answer) == "404.20":
            sentence = (
                f"The shop has nothing that could {operation} (HTTP 404, code 404.20). Check the address of the "
                "connection, and that the API key has the right to it."
            )
            return ProblemCode.CONNECTION_REFUSED, sentence
        code, sentence = super().connection_problem(answer, operation)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            sentence = (
                "The shop does not accept the API key of this connection (HTTP 401). Check public and secret key under "
                "My web shop, Settings, API settings, and that the clock of this machine is right to within 5 minutes."
            )
        return code, sentence
