"""Read the members of a shop's body one by one, so that a wrong one is named."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn

from commerce.problems import Problem, ProblemCode
from connectors.errors import RecordRefused

_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,20})?")
_LARGEST = Decimal(10) ** 12
_SHOWN = 60
_WHOLE = 100


class Fields:
    """A JSON object with the name its record has for people, and its own place in that record.

    Absent, null and empty are the same to every reader unless it says otherwise.
    """

    def __init__(self, record: str, members: Mapping[str, Any], place: str = "") -> None:
        self.record = record
        self.members = members
        self._place = place

    def text(self, name: str) -> str:
        """Text without surrounding blanks; numbers are accepted, since ids come as either."""
        value = self.members.get(name)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            self._malformed(name, value, "text")
        return str(value).strip()

    def flag(self, name: str) -> bool:
        """True or false; false when absent."""
        value = self.members.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            self._malformed(name, value, "true or false")
        return value

    def amount(self, name: str) -> Decimal | None:
        """An exact number; None when absent."""
        value = self.members.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = Decimal(value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self._malformed(name, value, "a number")
        amount = Decimal(value)
        if not amount.is_finite() or abs(amount) >= _LARGEST:
            self._malformed(name, value, "a number of a sensible size")
        return amount

    def amount_or_zero(self, name: str) -> Decimal:
        """An exact number; zero when absent."""
        return self.amount(name) or Decimal(0)

    def required_amount(self, name: str) -> Decimal:
        """An exact number that must be there."""
        amount = self.amount(name)
        if amount is None:
            self._malformed(name, None, "a number")
        return amount

    def whole_number(self, name: str) -> int:
        """An id that must be there; the shop sends some as text."""
        text = self.text(name)
        if not (text.isascii() and text.isdigit()):
            self._malformed(name, self.members.get(name), "a whole number")
        return int(text)

    def percentage(self, name: str) -> Decimal:
        """A tax rate that must be there."""
        rate = self.required_amount(name)
        if not 0 <= rate <= _WHOLE:
            self._malformed(name, rate, "a percentage")
        return rate

    def moment(self, name: str) -> datetime:
        """A moment that must be there; the shop's times are UTC."""
        value = self.members.get(name)
        try:
            moment = datetime.fromisoformat(value if isinstance(value, str) else "")
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            self._malformed(name, value, "a date with time")

    def child(self, name: str) -> "Fields":
        """A nested object; an empty one when absent."""
        value = self.members.get(name)
        if value is None or value == [] or value == "":
            value = {}
        if not isinstance(value, Mapping):
            self._malformed(name, value, "an object")
        return Fields(self.record, value, f"{self._place}{name}.")

    def children(self, name: str) -> list["Fields"]:
        """A list of objects; empty when absent."""
        value = self.members.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            self._malformed(name, value, "a list of objects")
        return [Fields(self.record, item, f"{self._place}{name}[{index}].") for index, item in enumerate(value)]

    def refuse(self, code: ProblemCode, name: str, value: str, sentence: str) -> NoReturn:
        """Park the record over one member."""
        raise RecordRefused(
            Problem(code=code, field=f"{self._place}{name}", value=value, sentence=f"{self.record}: {sentence}")
        )

    def _malformed(self, name: str, value: Any, wanted: str) -> NoReturn:
        shown = "nothing" if value is None else f'"{str(value)[:_SHOWN]}"'
        self.refuse(
            ProblemCode.MALFORMED_RECORD,
            name,
            str(value)[:_SHOWN],
            f"the shop sent {shown} in {self._place}{name} where {wanted} belongs. "
            "Open and save it in the shop, or ask CCV to correct it, then retry.",
        )
