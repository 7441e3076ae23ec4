"""The OData-like `$filter` language of the vendor.

Understood: `eq ne gt ge lt le`, `and`, `or`, `not`, parentheses, `contains(Field,'x')`, `startswith`, `endswith`, rows
by `Rows/any(r: contains(r/Text,'x'))`. Strings in single quotes with a quote doubled; GUIDs, numbers, booleans, null
and timestamps bare. Text is compared without regard to capitals; whether the vendor does so is not published.
An unknown or unfilterable member is refused with 6000, a malformed date with 6001.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from simulators.eaccounting.errors import BAD_DATE, BAD_FILTER, Refusal
from simulators.eaccounting.models import Record, members, moment

Test = Callable[[Record], bool]

_TOKEN: Final = re.compile(r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<mark>[(),])|(?P<word>[^\s(),']+))")
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_TEXT_FUNCTIONS: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


def parse_filter(text: str, model: str, unfilterable: Collection[str] = ()) -> Test:
    """Compile a filter for records of a model.

    Raises:
        Refusal: 400 with 6000 for a bad expression or member, 6001 for a bad date.
    """
    parser = _Parser(_tokens(text), model, unfilterable)
    test = parser.either()
    parser.end()
    return test


class Equals:
    """A member that has one of some values; a list of numbers joined by `or` becomes one of these.

    Args:
        field: The member.
        member: Its entry in the model.
        wanted: The values in the form they are compared in; never null.
    """

    def __init__(self, field: str, member: dict[str, Any], wanted: frozenset[Any]) -> None:
        self.field = field
        self.member = member
        self.wanted = wanted

    def __call__(self, record: Record) -> bool:
        """Tell whether the record has one of the values."""
        return comparable(self.member, record.get(self.field)) in self.wanted


class Both:
    """Several conditions that all hold."""

    def __init__(self, tests: list[Test]) -> None:
        self.tests = tests

    def __call__(self, record: Record) -> bool:
        """Tell whether the record meets all conditions."""
        return all(test(record) for test in self.tests)


def equalities(test: Test) -> list[Equals]:
    """Give the equalities every record that passes must meet; an index on one of them spares a scan."""
    tests = test.tests if isinstance(test, Both) else [test]
    return [part for part in tests if isinstance(part, Equals)]


def comparable(member: dict[str, Any], value: Any) -> Any:
    """Give a stored value in the form it is compared and sorted in."""
    if value is None:
        return None
    if member["type"] in ("date", "timestamp"):
        return moment(value)
    return value.casefold() if isinstance(value, str) else value


def scalar_member(model: str, name: str, unfilterable: Collection[str] = ()) -> dict[str, Any]:
    """Look up a member that can stand in `$filter`, `$orderby` or `$select`.

    Raises:
        Refusal: 400 with 6000 when the model has no such member or it can not be filtered on.
    """
    member = members(model).get(name)
    if member is None or member["type"] in ("array", "object") or name in unfilterable:
        raise _bad(f"'{name}' can not be used in a filter on {model}.")
    return member


def _bad(message: str) -> Refusal:
    return Refusal(BAD_FILTER, message)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position = 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise _bad(f"Unexpected character at position {position}.")
        kind = match.lastgroup or ""
        token = match.group(kind)
        found.append(_Token(kind, token[1:-1].replace("''", "'") if kind == "string" else token))
        position = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[_Token], model: str, unfilterable: Collection[str], variable: str = "") -> None:
        self.tokens = tokens
        self.position = 0
        self.model = model
        self.unfilterable = unfilterable
        self.variable = variable

    def either(self) -> Test:
        tests = [self._both()]
        while self._word("or"):
            tests.append(self._both())
        if len(tests) == 1:
            return tests[0]
        equal = [test for test in tests if isinstance(test, Equals)]
        if len(equal) == len(tests) and len({test.field for test in equal}) == 1:
            wanted = frozenset[Any]().union(*(test.wanted for test in equal))
            return Equals(equal[0].field, equal[0].member, wanted)
        return lambda record: any(test(record) for test in tests)

    def end(self) -> None:
        if self.position != len(self.tokens):
            raise _bad(f"Unexpected '{self.tokens[self.position].text}'.")

    def _both(self) -> Test:
        tests = [self._one()]
        while self._word("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else Both(tests)

    def _one(self) -> Test:
        if self._word("not"):
            inner = self._one()
            return lambda record: not inner(record)
        if self._mark("("):
            inner = self.either()
            self._expect(")")
            return inner
        name = self._take("word").text
        if name.lower() in _TEXT_FUNCTIONS:
            return self._text_function(name.lower())
        if name.endswith("/any"):
            return self._any_row(name.removesuffix("/any"))
        return self._comparison(name)

    def _text_function(self, function: str) -> Test:
        self._expect("(")
        name = self._take("word").text
        self._expect(",")
        wanted = self._take("string").text.casefold()
        self._expect(")")
        field, _ = self._field(name)
        check = _TEXT_FUNCTIONS[function]
        return lambda record: check(str(record.get(field) or "").casefold(), wanted)

    def _any_row(self, name: str) -> Test:
        member = members(self.model).get(name)
        if member is None or "model" not in member:
            raise _bad(f"'{name}' is not a list of {self.model}.")
        self._expect("(")
        variable = self._take("word").text
        if not variable.endswith(":"):
            raise _bad("A variable and a colon are expected after any(.")
        inner = _Parser(self.tokens, member["model"], (), variable.removesuffix(":"))
        inner.position = self.position
        test = inner.either()
        self.position = inner.position
        self._expect(")")
        return lambda record: any(test(row) for row in record.get(name) or [])

    def _comparison(self, name: str) -> Test:
        field, member = self._field(name)
        compare = _COMPARE.get(self._take("word").text.lower())
        if compare is None:
            raise _bad(f"A comparison is expected after '{name}'.")
        wanted = self._literal(member)
        if wanted is None and compare not in (operator.eq, operator.ne):
            raise _bad("null can only be compared with eq and ne.")
        if compare is operator.eq and wanted is not None:
            return Equals(field, member, frozenset({wanted}))

        def test(record: Record) -> bool:
            value = comparable(member, record.get(field))
            if value is None or wanted is None:
                return compare is operator.ne if value != wanted else compare is operator.eq
            return compare(value, wanted)

        return test

    def _field(self, name: str) -> tuple[str, dict[str, Any]]:
        if self.variable:
            prefix, _, name = name.partition("/")
            if prefix != self.variable:
                raise _bad(f"'{prefix}' is not the variable of this any().")
        return name, scalar_member(self.model, name, self.unfilterable)

    def _literal(self, member: dict[str, Any]) -> Any:
        if self.position >= len(self.tokens):
            raise _bad("A value is expected at the end.")
        token = self.tokens[self.position]
        self.position += 1
        kind = member["type"]
        if token.kind == "word" and token.text == "null":
            return None
        if kind == "string":
            if token.kind != "string":
                raise _bad(f"Text must stand in single quotes: {token.text}.")
            return token.text.casefold()
        if token.kind != "word":
            raise _bad(f"'{token.text}' is not a valid {kind}.")
        return _bare(kind, token.text)

    def _take(self, kind: str) -> _Token:
        if self.position >= len(self.tokens) or self.tokens[self.position].kind != kind:
            raise _bad(f"A {kind} is expected at part {self.position + 1} of the expression.")
        self.position += 1
        return self.tokens[self.position - 1]

    def _word(self, text: str) -> bool:
        return self._accept(_Token("word", text))

    def _mark(self, text: str) -> bool:
        return self._accept(_Token("mark", text))

    def _accept(self, token: _Token) -> bool:
        if self.position < len(self.tokens) and self.tokens[self.position] == token:
            self.position += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._mark(mark):
            raise _bad(f"'{mark}' is expected at part {self.position + 1} of the expression.")


def _bare(kind: str, text: str) -> bool | str | Decimal | datetime:
    if kind == "boolean":
        if text not in ("true", "false"):
            raise _bad(f"'{text}' is not true or false.")
        return text == "true"
    if kind in ("date", "timestamp"):
        try:
            return moment(text)
        except ValueError:
            raise Refusal(BAD_DATE, f"'{text}' is not a valid date.") from None
    try:
        return str(UUID(text)) if kind == "uuid" else Decimal(text)
    except (ValueError, InvalidOperation):
        raise _bad(f"'{text}' is not a valid {kind}.") from None
