"""Expressions over a record, compiled once: `price | times("1.21") | round(2)`."""

import functools
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from jinja2 import TemplateError

from mapping.catalogue import Find
from mapping.errors import ExpressionFailed, ExpressionRefused, LookupFailed
from mapping.sandbox import EFFORT_SLOT, FIND_SLOT, MAX_EFFORT, RESULT, compiled, new_context
from mapping.syntax import MAX_EXPRESSION, Rewriter, parse, path_of, paths_in

__all__ = ["MAX_EXPRESSION", "Expression", "ExpressionFailed", "ExpressionRefused", "Find", "LookupFailed"]


class Expression:
    """One expression. Make it with `compile`; it keeps nothing between evaluations."""

    __slots__ = ("_code", "_numbers", "_path", "_strict", "_variables", "names", "tables", "text")

    def __init__(self, text: str, known: frozenset[str] | None) -> None:
        tree = parse(text)
        rewriter = Rewriter(known)
        rewritten = rewriter.rewrite(tree)
        slots = rewriter.slots
        self.text = text
        self.names = frozenset(paths_in(tree))
        """Dotted paths of the fields it reads: ``price``, ``raw.Name``."""
        self.tables = frozenset(slots.tables)
        """The value tables it names."""
        self._path = path_of(tree)
        self._code = None if self._path else compiled(rewritten)
        self._variables = tuple((slot, name) for name, slot in slots.names.items())
        self._numbers: dict[str, Decimal] = slots.numbers
        self._strict = known is None

    @classmethod
    def compile(cls, text: str, known: frozenset[str] | None = None) -> "Expression":
        """Compile an expression; a second time it comes from a cache.

        Args:
            text: The expression, of at most `MAX_EXPRESSION` characters.
            known: The names of the fields that a record may have. With them, another name is refused here, and a record
                without one of these fields has it absent; without them, a missing field fails when evaluated.

        Raises:
            ExpressionRefused: When it is no expression that we accept; the reason is a sentence.
        """
        return _compiled(text, known)

    def evaluate(self, record: Mapping[str, Any], lookup: Find) -> Any:
        """The value for a record of plain data; none means absent.

        Args:
            record: Texts, decimals, whole numbers, yes or no, moments, none, and lists and groups of them.
            lookup: Value table and value → the mapped value, or none when the table has no such row.

        Raises:
            ExpressionFailed: When it cannot be worked out for this record. `LookupFailed` names a missing row.
        """
        if self._strict:
            self._demand_fields(record)
        if self._path:
            return self._field(record)
        return self._run(record, lookup)

    def _field(self, record: Mapping[str, Any]) -> Any:
        """The value at a plain path, which needs no code."""
        value: Any = record
        for name in self._path:
            if value is None:
                return None
            if not isinstance(value, Mapping):
                raise ExpressionFailed(f"The value before “{name}” has no fields.", value)
            value = value.get(name)
        return value

    def _run(self, record: Mapping[str, Any], lookup: Find) -> Any:
        assert self._code is not None  # noqa: S101  # only a plain path has none
        variables: dict[str, Any] = {FIND_SLOT: lookup, EFFORT_SLOT: [MAX_EFFORT], **self._numbers}
        for slot, name in self._variables:
            variables[slot] = record.get(name)
        context = new_context(variables)
        try:
            for _ in self._code(context):
                pass
        except ExpressionFailed:
            raise
        except TypeError:
            raise ExpressionFailed("It compares values of different kinds; “number” and “default” help.") from None
        except ArithmeticError:
            raise ExpressionFailed("It gives a number that is too large, or no number.") from None
        except (TemplateError, ValueError, LookupError, RecursionError):
            raise ExpressionFailed("It cannot be worked out for this record.") from None
        return context.vars[RESULT]

    def _demand_fields(self, record: Mapping[str, Any]) -> None:
        for _, name in self._variables:
            if name not in record:
                raise ExpressionFailed(f"There is no field “{name}” in the record.")


_compiled: Callable[[str, frozenset[str] | None], Expression] = functools.lru_cache(maxsize=2048)(Expression)
