"""The shop's errors. Source: CCV Shop API documentation, errors."""

from __future__ import annotations

from typing import Any

from simulators.kit import VendorAnswer


class Refusal(Exception):
    """An answer that is no success.

    Attributes:
        status: HTTP status.
        code: the status with its two-digit detail, None where the vendor's code is unknown.
    """

    def __init__(self, status: int, code: str | None, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def answer(self) -> VendorAnswer:
        """The error in the vendor's shape."""
        body: dict[str, Any] = {"status": self.status}
        if self.code is not None:
            body["code"] = self.code
        body["developermessage"] = str(self)
        return VendorAnswer.json(self.status, body, escape_slashes=True)


def invalid(message: str) -> Refusal:
    """A body or query the shop does not accept; status 400 without a code is the simulator's choice."""
    return Refusal(400, None, message)


def missing(kind: str, record_id: int) -> Refusal:
    """No such record; status 404 without a code is the simulator's choice."""
    return Refusal(404, None, f"There is no {kind} with id {record_id}.")


def duplicate(name: str, value: object) -> Refusal:
    """A value that must be unique and is taken. Source: error 500.40, that a user name answers it is inferred."""
    return Refusal(500, "500.40", f"Property {name} with value {value} already exists.")
