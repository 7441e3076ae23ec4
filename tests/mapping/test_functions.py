"""Every documented function: its example, its edges, and what it says when a value does not suit."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapping.catalogue import Function
from mapping.errors import ExpressionFailed, ExpressionRefused
from mapping.expressions import Expression
from mapping.functions import FUNCTIONS
from mapping.values import MAX_TEXT


def find(table: str, value: str) -> str | None:
    """What the examples look up."""
    return "VAT high" if (table, value) == ("tax code", "21") else None


def worked_out(expression: str, /, **record: Any) -> Any:
    return Expression.compile(expression, frozenset(record)).evaluate(record, find)


def reason_of(expression: str, /, **record: Any) -> str:
    with pytest.raises(ExpressionFailed) as failed:
        worked_out(expression, **record)
    return failed.value.reason


@pytest.mark.feature("MAP-03")
def test_functions_promised_to_merchants_exist_and_do_what_their_examples_say() -> None:
    promised = {
        "concat",
        "replace",
        "upper",
        "lower",
        "trim",
        "round",
        "plus",
        "times",
        "default",
        "date",
        "lookup",
        "when",
    }
    assert promised <= set(FUNCTIONS)
    for function in FUNCTIONS.values():
        assert worked_out(function.example) == function.example_result, function.name


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_function_is_documented(function: Function) -> None:
    assert function.description.endswith(".")
    assert f"| {function.name}" in function.signature
    assert f"{function.name}" in function.example
    assert type(worked_out(function.example)) is type(function.example_result)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
def test_too_few_arguments_are_refused_with_the_way_it_is_written(function: Function) -> None:
    few = f"{function.name}()"
    with pytest.raises(ExpressionRefused, match="is written") as refused:
        Expression.compile(few)
    assert function.signature in refused.value.reason


@pytest.mark.parametrize(
    "name", sorted(name for name, function in FUNCTIONS.items() if not function.takes_absent and function.most != 0)
)
def test_absent_stays_absent(name: str) -> None:
    arguments = ", ".join(["nothing", *['"1"'] * (FUNCTIONS[name].fewest - 1)])
    assert worked_out(f"{name}({arguments})", nothing=None) is None


def test_pipe_and_call_are_the_same() -> None:
    assert (
        worked_out('name | replace("a", "b")', name="aha") == worked_out('replace(name, "a", "b")', name="aha") == "bhb"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"10.00" | with_tax(21)', "12.1000"),
        ('"10.00" | with_tax(21) | round(2)', "12.10"),
        ('"0.10" | plus("0.20")', "0.30"),
        ("0.1 + 0.2", "0.3"),
        ("1 / 3", "0.333333333333333333333333333333"),
        ("1.005 | round(2)", "1.01"),
        ("-1.005 | round(2)", "-1.01"),
        ("2.5 | round", "3"),
        ('"121" | without_tax("21")', "100"),
        ("7 // 2", "3"),
        ("7 % 2", "1"),
        ("1.12345678901234567890 * 1", "1.12345678901234567890"),
    ],
)
def test_arithmetic_is_exact(text: str, expected: str) -> None:
    result = worked_out(text)
    assert isinstance(result, Decimal)
    assert str(result) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1.234.567", "1234567"),
        ("1 234,5", "1234.5"),
        ("1'234.50", "1234.50"),
        ("12,10", "12.10"),
        ("12.10", "12.10"),
        ("-0,5", "-0.5"),
        (" 7 ", "7"),
        ("0", "0"),
    ],
)
@pytest.mark.parametrize("blank", [" ", "\u00a0"])
def test_number_reads_what_people_write(written: str, expected: str, blank: str) -> None:
    assert str(worked_out("price | number", price=written.replace(" ", blank))) == expected


@pytest.mark.parametrize(
    "written", ["", "abc", "1,2,3", "12,34,56.7", "1.2.3,4,5", "€ 5", "1e5", "٣", "--1", "1_000", "NaN"]
)
def test_number_says_when_it_cannot_read(written: str) -> None:
    with pytest.raises(ExpressionFailed, match="cannot read this as a number") as failed:
        worked_out("price | number", price=written)
    assert failed.value.value == written


def test_number_takes_the_named_decimal_sign() -> None:
    assert worked_out('price | number(".")', price="1,234") == 1234
    assert worked_out('price | number(",")', price="1.234") == 1234
    assert worked_out("price | number", price="1.234") == Decimal("1.234")
    assert worked_out("price | number", price=Decimal("3.5")) == Decimal("3.5")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One</p><p>Two</p>", "One Two"),
        ("a<b>b</b>c", "abc"),
        ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
        ("Tea &amp; coffee &euro;5 &#233; &#xe9;", "Tea & coffee €5 é é"),
        ("&unknown; &#0; &#xD800; &", "&unknown; &#0; &#xD800; &"),
        ("<script>if (a < b) alert('x')</script>Mug<style>p {}</style>", "Mug"),
        ("Mug <!-- <b>hidden</b> --> red", "Mug red"),
        ("Mug <!-- never closed <p>red", "Mug"),
        ("arrow --> here", "arrow --> here"),
        ("&lt;b&gt;", "<b>"),
    ],
)
def test_html_becomes_plain_text(html: str, expected: str) -> None:
    assert worked_out("text | strip_html", text=html) == expected


def test_text_functions_at_their_edges() -> None:
    assert worked_out("text | truncate(5)", text="12345") == "12345"
    assert worked_out("text | truncate(5)", text="123456") == "1234…"
    assert worked_out('text | truncate(5, "")', text="123456") == "12345"
    assert worked_out('text | truncate(2, "....")', text="123456") == ".."
    assert worked_out("text | title", text="don't STOP") == "Don't Stop"
    assert worked_out("text | slug", text="  Ünïcode / 100% ") == "unicode-100"
    assert worked_out("first ~ ' ' ~ last", first="Jan", last=None) == "Jan "
    assert worked_out("price ~ ''", price=Decimal("1E+2")) == "100"
    assert worked_out("yes ~ ''", yes=True) == "true"


def test_lists_are_split_picked_and_joined() -> None:
    assert worked_out('text | split(";") | pick(-1)', text="a;b") == "b"
    assert worked_out('text | split(";") | pick(2)', text="a;b") is None
    assert worked_out('group | pick("Old name")', group={"Old name": "x"}) == "x"
    assert worked_out('parts | join("-")', parts=["a", None, Decimal("1.50")]) == "a-1.50"
    assert worked_out('"b" in parts', parts=["a", "b"]) is True
    assert worked_out('"b" not in text', text="abc") is False
    assert worked_out("parts[1]", parts=["a", "b"]) == "b"


def test_default_is_for_what_is_absent_and_zero_is_not() -> None:
    assert worked_out('price | default("x")', price=Decimal(0)) == 0
    assert worked_out('name | default("x")', name="") == ""
    assert worked_out('name | default("x", true)', name="") == "x"
    assert worked_out('price | default("x", true)', price=Decimal(0)) == 0
    assert worked_out('name | default("x")', name=None) == "x"


def test_date_is_written_from_a_moment_or_its_text() -> None:
    moment = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
    assert worked_out('at | date("%d-%m-%Y %H:%M")', at=moment) == "31-03-2026 23:30"
    assert worked_out("at | date", at="2026-04-01T01:30:00+02:00") == "2026-03-31"
    assert worked_out("at | date", at="2026-04-01") == "2026-04-01"
    assert worked_out('at | date("100%%")', at=moment) == "100%"


@pytest.mark.parametrize("form", ["%c", "%9999999d", "%-d", "%", "%s", "%E", "a" * 101])
def test_date_refuses_other_forms(form: str) -> None:
    assert "form of a date" in reason_of("at | date(form)", at="2026-04-01", form=form)


def test_lookup_finds_or_says_what_is_missing() -> None:
    assert worked_out('rate | lookup("tax code")', rate=Decimal(21)) == "VAT high"
    assert worked_out('rate | lookup("tax code", "other")', rate=Decimal(9)) == "other"
    assert worked_out('rate | lookup("tax code")', rate=None) is None
    assert worked_out('rate | lookup("tax code", "none")', rate=None) == "none"
    assert "“tax code” has no row" in reason_of('rate | lookup("tax code")', rate=Decimal(9))
    assert Expression.compile('rate | lookup("tax code")').tables == {"tax code"}


def test_conditions() -> None:
    assert worked_out('stock | when("yes", "no")', stock=Decimal(0)) == "no"
    assert worked_out('when(stock > 2, "yes")', stock=Decimal(1)) is None
    assert worked_out('"yes" if stock else "no"', stock=Decimal(3)) == "yes"
    assert worked_out('"yes" if stock', stock=None) is None
    assert worked_out("name is absent", name=None) is True
    assert worked_out("name is not empty and name is text", name="x") is True


@pytest.mark.parametrize(
    ("text", "record", "sentence"),
    [
        ("price | times(2)", {"price": "12,10"}, "the text is none; “number” reads one"),
        ("price | times(2)", {"price": ["a"]}, "the value is a list"),
        ("price * 2", {"price": "12"}, "one side is a text: “number” makes a number"),
        ("price + 1", {"price": True}, "one side is a yes or no"),
        ("price / 0", {"price": Decimal(1)}, "divides by zero"),
        ("price // 0", {"price": Decimal(1)}, "no number"),
        ("price > 2", {"price": "1"}, "compares values of different kinds"),
        ("price > 2", {"price": None}, "compares values of different kinds"),
        ("name.first", {"name": "Jan"}, "has no fields"),
        ("(name ~ '').first", {"name": "Jan"}, "has no field “first”"),
        ("name | upper", {"name": {"a": 1}}, "the value is a group of fields"),
        ("name | truncate(2.5)", {"name": "abc"}, "whole number"),
        ("name | truncate(-1)", {"name": "abc"}, "0 or more"),
        ("price | round(11)", {"price": Decimal(1)}, "at most 10 decimals"),
        ("name | replace('', 'x')", {"name": "abc"}, "it is empty"),
        ("name | split('')", {"name": "abc"}, "it is empty"),
        ("name | pick(0)", {"name": "abc"}, "needs a list or a group"),
        ("at | date", {"at": "soon"}, "written like"),
        ("price | times(2)", {"price": Decimal("NaN")}, "number is needed"),
        ("price | times(2)", {"price": Decimal("1E+50")}, "too large"),
        ("price | times(price)", {"price": Decimal("1E+39")}, "too large"),
        ("price | round(10)", {"price": Decimal("1E+39")}, "too large"),
        ("price | times(2)", {"price": 0.5}, "of an unknown kind"),
    ],
)
def test_failure_is_a_sentence(text: str, record: dict[str, Any], sentence: str) -> None:
    assert sentence in reason_of(text, **record)


@pytest.mark.parametrize(
    "text",
    [
        "long ~ long",
        "long + long",
        "long | replace('x', 'yy')",
        "[long, long] | join",
        "concat(long, long)",
        "longer | upper",
        "longer ~ ''",
        "many | split(',')",
        "parts | join",
    ],
)
def test_large_texts_and_lists_are_stopped(text: str) -> None:
    record = {"long": "x" * MAX_TEXT, "longer": "x" * (MAX_TEXT + 1), "many": "," * 5_000, "parts": ["x"] * 1_001}
    assert any(bound in reason_of(text, **record) for bound in ("100000", "1000"))
