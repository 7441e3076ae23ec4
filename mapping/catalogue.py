"""How a documented function is described: from its signature, its docstring and one example that is tested."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeVar, get_type_hints

from mapping.errors import ExpressionFailed
from mapping.values import MAX_ITEMS, as_boolean, as_date, as_list, as_number, as_text, as_whole, bounded

Find = Callable[[str, str], str | None]
"""Value table and value → the mapped value, or none."""

_Body = TypeVar("_Body", bound=Callable[..., Any])

NOT_GIVEN: Any = object()
"""Stands for an argument left out, where leaving it out differs from giving an absent value."""

CONVERSIONS: Mapping[Any, Callable[[Any], Any]] = MappingProxyType(
    {str: as_text, Decimal: as_number, int: as_whole, bool: as_boolean, list[Any]: as_list, datetime: as_date}
)
"""Annotation of a parameter → what makes an argument fit it. An argument for ``Any`` is taken as it is."""


@dataclass(frozen=True)
class Function:
    """One function that expressions may call, as ``value | name(…)`` or as ``name(value, …)``."""

    name: str
    signature: str
    description: str
    example: str
    example_result: Any
    fewest: int
    """Arguments, the value before the pipe included."""
    most: int | None
    """None when any number will do."""
    takes_absent: bool
    """Whether it is called with absent arguments; otherwise one absent argument makes the result absent."""
    finds: bool
    """Whether it looks into the value tables."""
    effort: int
    """Cost per character of its arguments, in the cost of a simple copy."""
    _body: Callable[..., Any]
    _conversions: tuple[Callable[[Any], Any] | None, ...]

    def effort_of(self, arguments: tuple[Any, ...]) -> int:
        """What a call will cost at most: the whole of all arguments, and a fixed part for the call itself."""
        return 100 + self.effort * sum([len(one) for one in arguments if isinstance(one, str | list | dict)])

    def call(self, find: Find, arguments: tuple[Any, ...]) -> Any:
        """Call it with arguments as they come from a record.

        Raises:
            ExpressionFailed: When an argument does not suit, or the result would be too large.
        """
        if not self.takes_absent and any(argument is None for argument in arguments):
            return None
        last = len(self._conversions) - 1
        fitting = []
        for position, argument in enumerate(arguments):
            conversion = self._conversions[min(position, last)]
            fitting.append(argument if conversion is None else conversion(argument))
        result = self._body(find, *fitting) if self.finds else self._body(*fitting)
        return bounded(result) if isinstance(result, str) else result


class Catalogue:
    """The functions there are, in the order they are documented."""

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}

    @property
    def functions(self) -> Mapping[str, Function]:
        """Name → function."""
        return MappingProxyType(self._functions)

    def add(
        self, example: str, result: Any, *, takes_absent: bool = False, finds: bool = False, effort: int = 1
    ) -> Callable[[_Body], _Body]:
        """Decorate a function to add it: its name without a trailing underscore, and its docstring to describe it."""

        def register(body: _Body) -> _Body:
            name = body.__name__.rstrip("_")
            hints = get_type_hints(body)
            parameters = list(inspect.signature(body).parameters.values())[1 if finds else 0 :]
            repeated = parameters[-1].kind is inspect.Parameter.VAR_POSITIONAL
            required = [
                one
                for one in parameters
                if one.default is one.empty and one.kind is not inspect.Parameter.VAR_POSITIONAL
            ]
            self._functions[name] = Function(
                name=name,
                signature=_signature(name, parameters),
                description=(inspect.getdoc(body) or "").split("\n\n")[0].replace("\n", " "),
                example=example,
                example_result=result,
                fewest=len(required),
                most=None if repeated else len(parameters),
                takes_absent=takes_absent,
                finds=finds,
                effort=effort,
                _body=body,
                _conversions=tuple(CONVERSIONS.get(hints[one.name]) for one in parameters),
            )
            return body

        return register


def _signature(name: str, parameters: list[inspect.Parameter]) -> str:
    """As a person writes it: ``text | truncate(length, end="…")``."""
    shown = []
    for one in parameters:
        if one.kind is inspect.Parameter.VAR_POSITIONAL:
            shown.append(f"{one.name}, …")
        elif one.default is one.empty:
            shown.append(one.name)
        elif one.default is NOT_GIVEN or one.default is None:
            shown.append(f"[{one.name}]")
        else:
            default = f'"{one.default}"' if isinstance(one.default, str) else str(one.default).lower()
            shown.append(f"{one.name}={default}")
    rest = f"({', '.join(shown[1:])})" if shown[1:] else ""
    return f"{shown[0]} | {name}{rest}"


def few_enough(count: int) -> int:
    """The number of entries a result will have.

    Raises:
        ExpressionFailed: When that is more than ``MAX_ITEMS``.
    """
    if count > MAX_ITEMS:
        raise ExpressionFailed(f"The list would have {count} entries; expressions work with at most {MAX_ITEMS}.")
    return count
