"""Hostile expressions: none reaches an attribute with an underscore or the file system, or takes over 100 ms."""

import codecs
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mapping.expressions import Expression, ExpressionFailed, ExpressionRefused
from mapping.functions import FUNCTIONS
from mapping.values import MAX_TEXT

LIMIT = 0.1
"""Seconds of this process's own computing, so that a busy machine does not count."""

UNTRACED = tuple(phase for phase in Phase if phase is not Phase.explain)
"""Explaining a failure traces every line, which would count as computing."""

SECRET = "reached an attribute"
FORBIDDEN_EVENTS = ("open", "os.", "subprocess.", "socket.", "shutil.", "ctypes.", "import")

watching = [False]
events: list[str] = []
"""What was audited while watching; an audit hook cannot be taken off again, so it is switched."""


def _audit(event: str, _: tuple[Any, ...]) -> None:
    if watching[0] and event.startswith(FORBIDDEN_EVENTS):
        events.append(event)


sys.addaudithook(_audit)

# Python loads the codec of quoted texts from its library when it meets the first one.
codecs.lookup("unicode-escape")


class Spied(dict[str, Any]):
    """A group of fields that remembers which underscored attributes were asked of it."""

    _hidden = SECRET
    shown = SECRET
    asked: list[str] = []  # noqa: RUF012  # one list for all, read by the test

    def __getattribute__(self, name: str) -> Any:
        # Every isinstance() against an abstract class asks for the class; nothing comes of it.
        if name.startswith("_") and name != "__class__":
            Spied.asked.append(name)
        return super().__getattribute__(name)


HUGE = "x" * MAX_TEXT
RECORD: Mapping[str, Any] = {
    "price": Decimal("12.10"),
    "name": "{0.__class__} %s %(x)s",
    "at": datetime(2026, 3, 31, tzinfo=UTC),
    "yes": True,
    "nothing": None,
    "huge": HUGE,
    "tags": "<a>" * (MAX_TEXT // 3),
    "broken": "<" * MAX_TEXT,
    "entities": "&aa;" * (MAX_TEXT // 4),
    "words": "a " * (MAX_TEXT // 2),
    "marks": "a" + "\u0301\u0316" * 5_000,
    "hay": "a" * 29_999,
    "needle": "a" * 49 + "b" + "a" * 49,
    "many": ["x" * 100] * 1_000,
    "raw": Spied(rows=[Spied(name="Mug")], format="{0._hidden}", __class__="key"),
}
KNOWN = frozenset(RECORD)

ATOMS = [
    *sorted(KNOWN),
    *("raw.rows", "raw.rows[0]", "raw._hidden", "raw.shown", "raw.format", "raw.keys", "name.format", "self", "loop"),
    *(
        "cycler",
        "joiner",
        "namespace",
        "range",
        "dict",
        "lipsum",
        "config",
        "request",
        "context",
        "environment",
        "caller",
    ),
    *(
        "1",
        "0",
        "99999999999999999999999999999",
        "1e999",
        "0xffff",
        "1_000",
        "0.1",
        "true",
        "none",
        "''",
        "'a' * 9999999",
    ),
    *("'__class__'", "'_' ~ '_class_' ~ '_'", "'%9999999d'", "'{0.__class__.__mro__}'", "'\\u005f\\u005fclass__'"),
    *("__import__", "_v0", "_n0", "_find", "_effort", "()", "[]", "{}", "raw['__class__']", "raw|attr('_hidden')"),
]
WRAPPINGS = [
    *(
        "({0})",
        "-{0}",
        "not {0}",
        "[{0}]",
        "[{0}, {0}]",
        "{{'a': {0}}}",
        "{0} ~ {0}",
        "{0} + {1}",
        "{0} * {1}",
        "{0} ** {1}",
    ),
    *(
        "{0} / {1}",
        "{0} % {1}",
        "{0} // {1}",
        "{0} == {1}",
        "{0} < {1}",
        "{0} in {1}",
        "{0} if {1} else {0}",
        "{0} and {1}",
    ),
    *(
        "{0}.__class__",
        "{0}._hidden",
        "{0}.shown",
        "{0}.mro()",
        "{0}['__globals__']",
        "{0}[{1}]",
        "{0}[1:]",
        "{0}.format({1})",
    ),
    *(
        "{0}({1})",
        "{0}|attr({1})",
        "{0}|map(attribute='_hidden')",
        "{0}|groupby('_hidden')",
        "{0}|tojson",
        "{0}|pprint",
    ),
    *(
        "{0}|format({1})",
        "{0}|batch(99999999)",
        "{0}|center(99999999)",
        "{0}|xmlattr",
        "{0}|list",
        "{0}|select",
        "{0}|sort",
    ),
    *("range({0})", "cycler({0}).__init__", "joiner({0})", "namespace(a={0})", "lipsum(n={0})", "{0} is sameas({1})"),
    *(
        "{0}|replace('x', {1})",
        "{0}|replace('', {1})",
        "{0}|split({1})",
        "{0}|join({1})",
        "{0}|pick({1})",
        "{0}|date({1})",
    ),
    *(
        "{0}|round({1})",
        "{0}|times({0})",
        "{0}|truncate({1}, {0})",
        "{0}|concat({0}, {1})",
        "{0}|lookup({1})",
        "{0}|contains({1})",
    ),
    *(f"{{0}}|{name}" for name in FUNCTIONS),
    *("{0} }}}} {{{{ {1}", "{0} %}} {1}", "{{# {0} #}}", "{0}|upper|upper|upper|upper", "{0}[*{1}]", "{0}|upper(*{1})"),
]


def _wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda form, one, two: form.format(one, two), st.sampled_from(WRAPPINGS), inner, inner)


PERMITTED = [
    *(f"{{0}}|{name}" for name, function in FUNCTIONS.items() if function.fewest == 1),
    *(f"{name}({{0}}, {{1}})" for name, function in FUNCTIONS.items() if function.fewest == 2),
    *(
        "{0}|replace({1}, {0})",
        "{0}|truncate(99, {1})",
        "{0}|lookup({1}, {0})",
        "{0}|default({1})",
        "{0}|split({1})|join({0})",
    ),
    *(
        "({0} ~ {1})",
        "({0} + {1})",
        "({0} * {1})",
        "({0} / {1})",
        "({0} in {1})",
        "({0} == {1})",
        "[{0}, {1}]",
        "{0}[{1}]",
    ),
    *("({0} if {1} else {0})", "({0} and {1})", "({0} or {1})", "(not {0})", "{{'a': {0}}}", "({0} is empty)"),
]
"""Forms that are accepted, so that what is hostile lies in the amount of work."""


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(lambda form, one, two: form.format(one, two), st.sampled_from(PERMITTED), inner, inner)


laborious = st.recursive(
    st.sampled_from([*sorted(KNOWN), "'x'", "''", "' '", "'%Y'", "2", "0", "-1"]), _combined, max_leaves=20
)
hostile = st.recursive(st.sampled_from(ATOMS), _wrapped, max_leaves=12)
noise = st.text(max_size=200) | st.text(alphabet="()[]{}|.,_~'\"*/%+-=<>! \n\\abprice019\uff3f\u02d9", max_size=2_100)
repeated = st.builds(
    lambda part, count: part * count, st.sampled_from([*ATOMS, *"([{-+~.|_'\"", "not ", "1 if "]), st.integers(2, 400)
)


def find(table: str, value: str) -> str | None:
    return "found" if value == "21" else None


@contextmanager
def watched() -> Iterator[None]:
    events.clear()
    Spied.asked.clear()
    watching[0] = True
    try:
        yield
    finally:
        watching[0] = False


def is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(is_plain(one) for one in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(one) for key, one in value.items())
    return value is None or isinstance(value, str | bool | int | Decimal | datetime)


def outcome(text: str) -> str:
    """Compile, past the cache, and evaluate; how it ended."""
    try:
        value = Expression(text, KNOWN).evaluate(RECORD, find)
    except ExpressionRefused:
        return "refused"
    except ExpressionFailed:
        return "failed"
    assert is_plain(value), text
    assert SECRET not in str(value), text
    assert "<class" not in str(value), text
    return "worked out"


def attack(text: str) -> str:
    """How it ended, reaching nothing and within the limit; only what is slow again and again is slow by itself."""
    for left in (2, 1, 0):
        with watched():
            started = time.process_time()
            ended = outcome(text)
            took = time.process_time() - started
        assert not Spied.asked
        assert not events
        if took < LIMIT:
            break
        # Collecting the garbage of a whole test run, or loading a codec, also counts as this process's computing.
        assert left, f"{took * 1000:.0f} ms for {text[:200]!r}"
    return ended


def test_the_watch_sees_what_it_is_for() -> None:
    with watched():
        Path(__file__).open().close()
        getattr(RECORD["raw"], "_hidden")  # noqa: B009  # spelled as an escape would reach it
    assert "open" in events
    assert Spied.asked == ["_hidden"]


def test_hostile_expressions_are_not_all_refused_at_once() -> None:
    ends = {attack(text) for text in ("price * 2", "price * name", "price ** 2")}
    assert ends == {"worked out", "failed", "refused"}


@given(hostile)
@settings(max_examples=1_500, deadline=None, phases=UNTRACED, suppress_health_check=[HealthCheck.too_slow])
def test_hostile_expressions_reach_nothing(text: str) -> None:
    attack(text)


@given(laborious)
@settings(max_examples=1_000, deadline=None, phases=UNTRACED, suppress_health_check=[HealthCheck.too_slow])
def test_accepted_expressions_never_work_long(text: str) -> None:
    attack(text)


@given(noise | repeated)
@settings(max_examples=500, deadline=None, phases=UNTRACED)
def test_random_text_reaches_nothing(text: str) -> None:
    attack(text)


ESCAPES = [
    "''.__class__.__mro__[1].__subclasses__()",
    "raw['__cla' ~ 'ss__'].__init__",
    "raw|attr('__class__')",
    "cycler.__init__.__globals__.os.popen('id').read()",
    "joiner.__init__.__globals__",
    "namespace.__init__",
    "lipsum.__globals__['os']",
    "self._TemplateReference__context",
    "self.__init__.__globals__.__builtins__.open('x')",
    "name.format(raw)",
    "name % raw",
    "'%(a)s' % raw",
    "raw.format.format(raw)",
    "(raw.rows | map(attribute='_hidden'))",
    "upper.__globals__",
    "upper",
    "raw.keys()",
    "at.strftime('%9999999d')",
    "2 ** 99999999",
    "'x' * 99999999",
    "[1] * 99999999",
    "__import__('os')",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_known_escapes_are_refused_or_fail(text: str) -> None:
    assert attack(text) in {"refused", "failed"}


@pytest.mark.parametrize(
    "part",
    [
        *("(tags|strip_html)=='x'", "(broken|strip_html)=='x'", "(entities|strip_html)=='x'", "(words|title)=='x'"),
        *(
            "(marks|slug)=='x'",
            "(huge|replace('x','xx'))=='x'",
            "(huge|replace('x','y'))=='x'",
            "(hay|replace(needle,''))=='x'",
        ),
        *(
            "needle in hay",
            "(many|join)=='x'",
            "(huge|upper)=='x'",
            "(huge~huge)=='x'",
            "(words|split(' '))==1",
            "huge!=huge",
        ),
        *("price*price*price==0", "(at|date('%Y%m%d'))=='x'", "(price|lookup('t','x'))=='y'", "many==1"),
    ],
)
@pytest.mark.parametrize("count", [1, 10, 35])
def test_the_costliest_work_stays_within_the_limit(part: str, count: int) -> None:
    text = " or ".join([part] * count)[:2_000].rpartition(" or ")[0] or part
    assert attack(text) in {"worked out", "failed", "refused"}
