"""Jinja2's immutable sandbox, made smaller: expressions over plain data, with our functions and nothing else.

Only trees that `mapping.syntax` has checked and rewritten are run here. What remains at run time (fields, operators,
function calls) goes through `Sandbox`, which never touches an attribute of a Python object, and stops an evaluation
that has done its share.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NoReturn

from jinja2 import nodes, pass_context
from jinja2.lexer import TOKEN_FLOAT, TOKEN_INTEGER, Lexer, Token
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mapping.catalogue import Function
from mapping.errors import ExpressionFailed, ExpressionRefused
from mapping.functions import FUNCTIONS, divide, minus, plus, times
from mapping.values import ARITHMETIC, as_number, bounded, kind_of

MAX_EFFORT = 1_000_000
"""What one evaluation may cost, in characters copied."""
MAX_DIGITS = 30
"""Of a number that is written in an expression."""

EFFORT_SLOT = "_effort"
FIND_SLOT = "_find"
RESULT = "result"

TESTS: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        "absent": lambda value: value is None,
        "none": lambda value: value is None,
        "defined": lambda value: value is not None,
        "empty": lambda value: value is None or value == "" or value == [] or value == {},
        "number": lambda value: kind_of(value) == "a number",
        "text": lambda value: isinstance(value, str),
    }
)
"""What can be asked with ``is``."""

_OPERATORS: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = MappingProxyType(
    {
        "+": plus,
        "-": minus,
        "*": times,
        "/": divide,
        "//": ARITHMETIC.divide_int,
        "%": ARITHMETIC.remainder,
    }
)


class _Lexer(Lexer):
    """Reads numbers as exact decimals, from their digits."""

    def wrap(
        self, stream: Iterable[tuple[int, str, str]], name: str | None = None, filename: str | None = None
    ) -> Iterator[Token]:
        for line, kind, text in stream:
            if kind in {TOKEN_FLOAT, TOKEN_INTEGER}:
                yield Token(line, kind, _literal(text))  # type: ignore[arg-type]  # the parser takes numbers here
            else:
                yield from super().wrap([(line, kind, text)], name, filename)


def _literal(text: str) -> Decimal:
    """A number as written in an expression: digits, a point, digits.

    Raises:
        ExpressionRefused: When it is anything else, or too long.
    """
    digits = text.replace("_", "")
    if not digits.replace(".", "", 1).isdecimal() or not digits.isascii() or len(digits) > MAX_DIGITS:
        raise ExpressionRefused(f"“{text[:40]}” is no number of at most {MAX_DIGITS} digits.")
    return Decimal(digits)


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of all expressions: field access is key access, operators are exact, calls are our functions."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    intercepted_unops = frozenset({"+", "-"})

    def __init__(self) -> None:
        super().__init__(autoescape=False, optimized=False, cache_size=0)
        self.globals.clear()
        self.filters.clear()
        self.filters.update({name: _callable(function) for name, function in FUNCTIONS.items()})
        self.tests.clear()
        self.tests.update(TESTS)

    @functools.cached_property
    def lexer(self) -> Lexer:
        """Our reader of numbers."""
        return _Lexer(self)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field of a group; never an attribute."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A field of a group, or an entry of a list; absent when there is none of that name or place."""
        if obj is None or argument is None:
            return None
        if isinstance(obj, Mapping) and isinstance(argument, str):
            return None if argument.startswith("_") else obj.get(argument)
        if isinstance(obj, list | tuple) and isinstance(argument, Decimal | int) and argument == int(argument):
            return obj[int(argument)] if -len(obj) <= argument < len(obj) else None
        if isinstance(argument, str):
            raise ExpressionFailed(f"The value is {kind_of(obj)}, and has no field “{argument[:40]}”.")
        raise ExpressionFailed(f"The value is {kind_of(obj)}, and has no numbered entries.")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operator on exact numbers; ``+`` also on two texts. With an absent side the result is absent."""
        if left is None or right is None:
            return None
        spend(context, 100)
        if isinstance(left, str) and isinstance(right, str) and operator == "+":
            spend(context, len(left) + len(right))
            return bounded(left + right)
        return _OPERATORS[operator](_operand(operator, left), _operand(operator, right))

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:
        """A sign before a number."""
        if arg is None:
            return None
        spend(context, 100)
        number = _operand(operator, arg)
        return -number if operator == "-" else number

    def call(self, *_: Any, **__: Any) -> NoReturn:
        """Nothing is called this way: calls of our functions were rewritten, and others were refused."""
        raise ExpressionFailed("Only the documented functions can be called.")


def _operand(operator: str, value: Any) -> Decimal:
    if isinstance(value, str | bool):
        advice = "“number” makes a number of a text, “~” joins texts" if isinstance(value, str) else "use “when”"
        raise ExpressionFailed(f"“{operator}” needs numbers, and one side is {kind_of(value)}: {advice}.", value)
    return as_number(value)


def spend(context: Context, effort: int) -> None:
    """Take from what this evaluation may still do.

    Raises:
        ExpressionFailed: When that is used up.
    """
    left: list[int] = context.parent[EFFORT_SLOT]
    left[0] -= effort
    if left[0] < 0:
        raise ExpressionFailed("The expression works through too much text; make it simpler.")


def _callable(function: Function) -> Callable[..., Any]:
    """A function as the environment calls it."""

    @pass_context
    def call(context: Context, *arguments: Any) -> Any:
        spend(context, function.effort_of(arguments))
        try:
            return function.call(context.parent[FIND_SLOT], arguments)
        except ArithmeticError:
            raise ExpressionFailed(f"“{function.name}” gives a number that is too large or no number.") from None

    return call


SANDBOX = Sandbox()


def compiled(tree: nodes.Expr) -> Callable[[Context], Iterator[str]]:
    """The code of a rewritten tree; run over a context, it leaves its value there under `RESULT`."""
    body: list[nodes.Node] = [nodes.Assign(nodes.Name(RESULT, "store"), tree, lineno=1)]
    template = nodes.Template(body, lineno=1)
    template.set_lineno(1)
    template.set_environment(SANDBOX)
    return SANDBOX.from_string(template).root_render_func


def new_context(variables: dict[str, Any]) -> Context:
    """What a compiled tree runs over."""
    return Context(SANDBOX, variables, None, {})
