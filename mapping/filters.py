"""Which records a flow takes: an expression over the record."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mapping.catalogue import Find
from mapping.errors import ExpressionFailed
from mapping.expressions import Expression
from mapping.values import kind_of

__all__ = ["RecordFilter"]


class RecordFilter:
    """A compiled filter. Make it with `compile`."""

    __slots__ = ("_expression",)

    def __init__(self, expression: Expression | None) -> None:
        self._expression = expression

    @classmethod
    def compile(cls, text: str, known: frozenset[str] | None = None) -> "RecordFilter":
        """Compile a filter; an empty text lets every record pass.

        Args:
            text: An expression that gives a yes or no.
            known: The names of the fields that a record may have.

        Raises:
            ExpressionRefused: When it is no expression that we accept.
        """
        return cls(Expression.compile(text, known) if text.strip() else None)

    @property
    def names(self) -> frozenset[str]:
        """Dotted paths of the fields it reads."""
        return self._expression.names if self._expression else frozenset()

    @property
    def tables(self) -> frozenset[str]:
        """The value tables it names."""
        return self._expression.tables if self._expression else frozenset()

    def passes(self, record: Mapping[str, Any], lookup: Find) -> bool:
        """Whether the flow takes the record. Absent, zero and empty text are a no.

        Raises:
            ExpressionFailed: When it cannot be worked out for this record, or its answer is no yes or no.
        """
        if self._expression is None:
            return True
        answer = self._expression.evaluate(record, lookup)
        if answer is None or answer == "":
            return False
        if isinstance(answer, bool | int | Decimal):
            return bool(answer)
        raise ExpressionFailed(
            f"A filter answers with yes or no, and this answer is {kind_of(answer)}: compare it.", answer
        )
