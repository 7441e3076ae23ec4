"""The vendor's error answers.

Clients decide on `ErrorCode`, so every refusal carries one. The HTTP status per code is not published; this simulator
answers 400 for almost everything, 404 for an unknown id in the path, 401 and 403 for access, 429 for the rate limit.

Source: eAccounting API documentation, error codes (confirmed 2026).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

VALIDATION = 2000
NOT_FOUND = 3000
FISCAL_YEAR_MISSING = 3001
ACCOUNT_NOT_FOUND = 3002
CONFLICT = 4000
CAN_NOT_BE_DELETED = 4001
CAN_NOT_BE_CHANGED = 4002
NO_ACCESS_TO_MODULE = 4002
COMPANY_INACTIVE = 4004
NOT_AUTHORISED = 4005
SCOPE_MISSING = 4006
PRODUCT_VARIANT = 4009
TOO_MANY_REQUESTS = 4010
READ_ONLY_COMPANY = 4019
PAYMENT_DATE = 4023
SALES_ACCOUNT_MISSING = 4024
VAT_NUMBER = 4025
LOCKED_PERIOD = 4026
ORDER_CAN_NOT_BE_VOIDED = 4028
FORCE_BOOKKEEP_VAT = 4035
LOCKED_YEAR = 4038
SERVER_ERROR = 5000
ARTICLE_HAS_STOCK = 5003
BAD_FILTER = 6000
BAD_DATE = 6001


@dataclass(frozen=True)
class FieldError:
    """One entry of the `Errors` list: the member by its path in the body, and what is wrong with it."""

    field: str
    message: str
    code: str = "Invalid"

    def body(self) -> dict[str, Any]:
        """Give the entry in the vendor's shape."""
        return {"Field": self.field, "ErrorCode": self.code, "Message": self.message, "Key": self.field}


class Refusal(Exception):
    """The vendor does not do what was asked; becomes an error answer.

    Args:
        code: The vendor's `ErrorCode`.
        message: The `DeveloperErrorMessage`.
        status: HTTP status.
        fields: Entries of the `Errors` list, for a body that breaks the model.
    """

    def __init__(self, code: int, message: str, *, status: int = 400, fields: list[FieldError] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields or []

    def body(self) -> dict[str, Any]:
        """Give the error in the vendor's shape, with a fresh `ErrorId`."""
        return error_body(self.code, self.message, self.fields)


def error_body(code: int, message: str, fields: list[FieldError] | None = None) -> dict[str, Any]:
    """Build an error body in the vendor's shape; `Errors` is present only when there are field errors."""
    body: dict[str, Any] = {"ErrorCode": code, "DeveloperErrorMessage": message, "ErrorId": str(uuid4())}
    if fields:
        body["Errors"] = [entry.body() for entry in fields]
    return body


def invalid(field: str, message: str) -> Refusal:
    """Refuse one member of the body (400, 2000)."""
    return Refusal(VALIDATION, "The model is not valid.", fields=[FieldError(field, message)])


def not_found(what: str, identity: object, *, in_path: bool = False) -> Refusal:
    """Refuse an unknown id: 404 when it stands in the path, 400 when it stands in the body; both 3000."""
    return Refusal(NOT_FOUND, f"The {what} {identity} was not found.", status=404 if in_path else 400)
