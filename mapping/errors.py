"""Why an expression or a rule is refused when saved, or fails on a record.

ValueError
├── ExpressionRefused      when saved: the text is no expression we accept
├── ExpressionFailed       on a record: the expression does not suit its values
│   └── LookupFailed       a value table has no row for the value
├── MappingRefused         when saved: the row is named
└── MappingFailed          on a record: the target field is named
    └── ValueNotMapped     the missing row of a value table is named

The text of an exception never quotes a record's values, so it is safe to log; `sentence` does quote, for people.
"""

from collections.abc import Sequence
from typing import Any

SHOWN_LENGTH = 80


def shown(value: Any) -> str:
    """A value as a sentence quotes it: short, and visibly cut when it was longer."""
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 1]}…"


class ExpressionRefused(ValueError):
    """The text is no expression we accept; ``reason`` is a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ExpressionFailed(ValueError):
    """The expression cannot be worked out for this record; ``value`` is the record's value that stood in the way."""

    def __init__(self, reason: str, value: Any = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.value = value


class LookupFailed(ExpressionFailed):
    """The value table has no row for the value."""

    def __init__(self, table: str, value: str) -> None:
        super().__init__(f"The table “{table}” has no row for this value: add the row.", value)
        self.table = table


class MappingRefused(ValueError):
    """A row cannot be saved. ``others`` are the refusals of further rows of the same table."""

    def __init__(self, row: str, expression: str, reason: str, others: Sequence["MappingRefused"] = ()) -> None:
        super().__init__(f"The rule for “{row}” is refused: {reason} The expression is: {shown(expression)}")
        self.row = row
        self.expression = expression
        self.reason = reason
        self.others = tuple(others)


class MappingFailed(ValueError):
    """A rule cannot be applied to a record; nothing of the record may be sent."""

    def __init__(self, target: str, expression: str, reason: str, value: Any = None) -> None:
        super().__init__(f"The rule for “{target}” failed: {reason}")
        self.target = target
        self.expression = expression
        self.reason = reason
        self.value = value

    @property
    def sentence(self) -> str:
        """For people: the field, the reason, the value and the rule; quotes the record, so never for a log."""
        value = "" if self.value is None else f" The value is “{shown(self.value)}”."
        rule = f" The rule is: {shown(self.expression)}" if self.expression else ""
        return f"{self}{value}{rule}"


class ValueNotMapped(MappingFailed):
    """A value table has no row for the record's value; adding the row releases the record."""

    def __init__(self, target: str, expression: str, table: str, value: str) -> None:
        super().__init__(target, expression, LookupFailed(table, value).reason, value)
        self.table = table
