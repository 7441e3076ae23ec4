"""What may stand in an expression: its text is read by Jinja2, and its tree is checked here against a list.

The tree is rewritten before it is compiled: every variable and number becomes a numbered slot, every call one of our
functions. So no name that a person typed reaches the generated code.
"""

import difflib
import itertools
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.parser import Parser

from mapping.errors import ExpressionRefused
from mapping.functions import FUNCTIONS, concat, contains
from mapping.sandbox import SANDBOX, TESTS

MAX_EXPRESSION = 2_000
"""Characters of an expression's text."""
MAX_DEPTH = 40
MAX_NODES = 300


@dataclass
class Slots:
    """What stands behind the numbered names of the rewritten tree."""

    names: dict[str, str] = field(default_factory=dict)
    """Variable → slot."""
    numbers: dict[str, Decimal] = field(default_factory=dict)
    """Slot → number as written."""
    tables: set[str] = field(default_factory=set)
    """Value tables that are named in the text."""


def parse(text: str) -> nodes.Expr:
    """Read an expression.

    Raises:
        ExpressionRefused: When it is too long, nested too deep, or no expression.
    """
    if len(text) > MAX_EXPRESSION:
        raise ExpressionRefused(f"It has {len(text)} characters; an expression has at most {MAX_EXPRESSION}.")
    if not text.strip():
        raise ExpressionRefused("It is empty; write the name of a field, or a text in quotes.")
    try:
        parser = Parser(SANDBOX, text, state="variable")
        tree = parser.parse_expression()
        rest = None if parser.stream.eos else parser.stream.current
    except TemplateSyntaxError as error:
        raise ExpressionRefused(f"It cannot be read: {error.message}.") from None
    except RecursionError:
        raise ExpressionRefused("It is nested too deep.") from None
    except ExpressionRefused:
        raise
    except (TemplateError, ValueError):
        raise ExpressionRefused("It cannot be read.") from None
    if rest is not None:
        raise ExpressionRefused(f"It has more than one value: “{rest.value}” does not go with what stands before it.")
    return tree


class Rewriter:
    """Checks a tree against what is allowed, and rewrites it to slots and our functions."""

    def __init__(self, known: frozenset[str] | None) -> None:
        self.slots = Slots()
        self._known = known
        self._count = itertools.count(1)

    def rewrite(self, node: nodes.Expr, depth: int = 0) -> nodes.Expr:
        """The tree to compile.

        Raises:
            ExpressionRefused: At the first thing that is not allowed.
        """
        if depth > MAX_DEPTH:
            raise ExpressionRefused(f"It is nested too deep; at most {MAX_DEPTH} levels.")
        if next(self._count) > MAX_NODES:
            raise ExpressionRefused(f"It has too many parts; at most {MAX_NODES}.")
        way = _WAYS.get(type(node))
        if way is None:
            raise ExpressionRefused(_REFUSALS.get(type(node), "It has a part that expressions cannot have."))
        return way(self, node, depth + 1)

    def _all(self, many: Iterable[nodes.Expr], depth: int) -> list[nodes.Expr]:
        return [self.rewrite(one, depth) for one in many]

    def const(self, node: nodes.Const, _: int) -> nodes.Expr:
        """A text, a number, true, false or none."""
        if not isinstance(node.value, Decimal):
            return node
        slot = f"_n{len(self.slots.numbers)}"
        self.slots.numbers[slot] = node.value
        return nodes.Name(slot, "load")

    def name(self, node: nodes.Name, _: int) -> nodes.Expr:
        """A field of the record."""
        _visible(node.name)
        if self._known is not None and node.name not in self._known:
            advice = _meant(node.name, self._known, "Fields are written without quotes, texts with.")
            raise ExpressionRefused(f"There is no field “{node.name}” in the record. {advice}")
        return nodes.Name(self.slots.names.setdefault(node.name, f"_v{len(self.slots.names)}"), "load")

    def member(self, node: nodes.Getattr | nodes.Getitem, depth: int) -> nodes.Expr:
        """A field of a field."""
        argument: nodes.Expr
        if isinstance(node, nodes.Getattr):
            argument = nodes.Const(_visible(node.attr))
        else:
            argument = self.rewrite(node.arg, depth)
            if isinstance(argument, nodes.Const) and isinstance(argument.value, str):
                _visible(argument.value)
        return nodes.Getitem(self.rewrite(node.node, depth), argument, "load")

    def pipe(self, node: nodes.Filter, depth: int) -> nodes.Expr:
        """A function behind a pipe."""
        if node.node is None:
            raise ExpressionRefused("A function needs a value before the pipe.")
        return self._function(node.name, [node.node, *node.args], node, depth)

    def call(self, node: nodes.Call, depth: int) -> nodes.Expr:
        """A function with its value as the first argument."""
        if not isinstance(node.node, nodes.Name):
            raise ExpressionRefused("Only the documented functions can be called, by their names.")
        return self._function(node.node.name, node.args, node, depth)

    def _function(
        self, name: str, arguments: list[nodes.Expr], node: nodes.Filter | nodes.Call, depth: int
    ) -> nodes.Expr:
        function = FUNCTIONS.get(name)
        if function is None:
            advice = _meant(name, FUNCTIONS, f"Functions are: {', '.join(FUNCTIONS)}.")
            raise ExpressionRefused(f"There is no function “{name}”. {advice}")
        if node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
            raise ExpressionRefused(f"Arguments of “{name}” are given in order, without names: {function.signature}.")
        if len(arguments) < function.fewest or (function.most is not None and len(arguments) > function.most):
            raise ExpressionRefused(f"“{name}” is written: {function.signature}.")
        if function.finds and isinstance(arguments[1], nodes.Const):
            self.slots.tables.add(str(arguments[1].value))
        return _apply(name, self._all(arguments, depth))

    def concat(self, node: nodes.Concat, depth: int) -> nodes.Expr:
        """Texts joined by ``~``."""
        return _apply(concat.__name__, self._all(node.nodes, depth))

    def compare(self, node: nodes.Compare, depth: int) -> nodes.Expr:
        """A comparison; ``in`` becomes our function, which is bounded."""
        left = self.rewrite(node.expr, depth)
        sides = [(one.op, self.rewrite(one.expr, depth)) for one in node.ops]
        if not any(operator in {"in", "notin"} for operator, _ in sides):
            return nodes.Compare(left, [nodes.Operand(operator, side) for operator, side in sides])
        if len(sides) > 1:
            raise ExpressionRefused("“in” cannot stand in a chain of comparisons; put brackets around it.")
        operator, side = sides[0]
        found = _apply(contains.__name__, [side, left])
        return found if operator == "in" else nodes.Not(found)

    def test(self, node: nodes.Test, depth: int) -> nodes.Expr:
        """A question with ``is``."""
        if node.name not in TESTS:
            raise ExpressionRefused(f"“is {node.name}” is unknown; there are: {', '.join(TESTS)}.")
        if node.args or node.kwargs or node.dyn_args is not None or node.dyn_kwargs is not None:
            raise ExpressionRefused(f"“is {node.name}” takes no arguments.")
        return nodes.Test(self.rewrite(node.node, depth), node.name, [], [], None, None)

    def choice(self, node: nodes.CondExpr, depth: int) -> nodes.Expr:
        """``a if b else c``; without ``else`` the value is absent."""
        otherwise = nodes.Const(None) if node.expr2 is None else self.rewrite(node.expr2, depth)
        return nodes.CondExpr(self.rewrite(node.test, depth), self.rewrite(node.expr1, depth), otherwise)

    def entries(self, node: nodes.List | nodes.Tuple, depth: int) -> nodes.Expr:
        """A list."""
        return nodes.List(self._all(node.items, depth))

    def group(self, node: nodes.Dict, depth: int) -> nodes.Expr:
        """A group of fields, with names in quotes."""
        pairs = []
        for pair in node.items:
            if not isinstance(pair.key, nodes.Const) or not isinstance(pair.key.value, str):
                raise ExpressionRefused("The names in a group of fields are texts in quotes.")
            pairs.append(nodes.Pair(nodes.Const(_visible(pair.key.value)), self.rewrite(pair.value, depth)))
        return nodes.Dict(pairs)

    def two(self, node: nodes.BinExpr, depth: int) -> nodes.Expr:
        """An operator between two sides."""
        return type(node)(self.rewrite(node.left, depth), self.rewrite(node.right, depth))

    def one(self, node: nodes.UnaryExpr, depth: int) -> nodes.Expr:
        """An operator before one side."""
        return type(node)(self.rewrite(node.node, depth))


_WAYS: Mapping[type[nodes.Node], Callable[[Rewriter, Any, int], nodes.Expr]] = MappingProxyType(
    {
        nodes.Const: Rewriter.const,
        nodes.Name: Rewriter.name,
        nodes.Getattr: Rewriter.member,
        nodes.Getitem: Rewriter.member,
        nodes.Filter: Rewriter.pipe,
        nodes.Call: Rewriter.call,
        nodes.Concat: Rewriter.concat,
        nodes.Compare: Rewriter.compare,
        nodes.Test: Rewriter.test,
        nodes.CondExpr: Rewriter.choice,
        nodes.List: Rewriter.entries,
        nodes.Tuple: Rewriter.entries,
        nodes.Dict: Rewriter.group,
        **dict.fromkeys((nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod), Rewriter.two),
        **dict.fromkeys((nodes.And, nodes.Or), Rewriter.two),
        **dict.fromkeys((nodes.Neg, nodes.Pos, nodes.Not), Rewriter.one),
    }
)

_REFUSALS: Mapping[type[nodes.Node], str] = MappingProxyType(
    {
        nodes.Pow: "Powers (**) cannot be used; multiply instead.",
        nodes.Slice: "Parts of a text or list by [from:to] cannot be used; there are truncate, split and pick.",
    }
)


def path_of(node: nodes.Node) -> tuple[str, ...]:
    """The field names of a plain path such as ``raw.Name``; nothing when it is anything else."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        before = path_of(node.node)
        return (*before, node.attr) if before else ()
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        before = path_of(node.node)
        return (*before, node.arg.value) if before else ()
    return ()


def paths_in(node: nodes.Node) -> Iterator[str]:
    """The dotted paths of everything that is read, the longest of each; names of functions are none."""
    path = path_of(node)
    if path:
        yield ".".join(path)
        return
    for child in node.iter_child_nodes(exclude=("node",) if isinstance(node, nodes.Call) else ()):
        yield from paths_in(child)


def _visible(name: str) -> str:
    """The name of a field, which never starts with an underscore.

    Raises:
        ExpressionRefused: When it does, in any writing of it.
    """
    if unicodedata.normalize("NFKC", name[:1]).startswith("_"):
        raise ExpressionRefused(f"A field cannot start with an underscore, as “{name[:40]}” does.")
    return name


def _meant(name: str, known: Iterable[str], otherwise: str) -> str:
    close = difflib.get_close_matches(name[:100], list(known), n=1)
    return f"Did you mean “{close[0]}”?" if close else otherwise


def _apply(name: str, arguments: list[nodes.Expr]) -> nodes.Expr:
    return nodes.Filter(arguments[0], name, arguments[1:], [], None, None)
