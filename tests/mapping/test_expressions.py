"""What an expression reads, what is refused when it is saved, and how the refusal is worded."""

from decimal import Decimal
from typing import Any

import pytest

from mapping.expressions import MAX_EXPRESSION, Expression, ExpressionFailed, ExpressionRefused
from mapping.filters import RecordFilter

KNOWN = frozenset({"price", "name", "raw", "customer"})


def nothing(table: str, value: str) -> str | None:
    return None


def refusal(text: str) -> str:
    with pytest.raises(ExpressionRefused) as refused:
        Expression.compile(text, KNOWN)
    return refused.value.reason


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("price", {"price"}),
        ("raw.Name", {"raw.Name"}),
        ('raw["Old name"]', {"raw.Old name"}),
        ("customer.address.city | upper", {"customer.address.city"}),
        ("price if raw.active else 0", {"price", "raw.active"}),
        ("price.x + price", {"price", "price.x"}),
        ("raw.rows[0].name", {"raw.rows"}),
        ("raw[name].x", {"raw", "name"}),
        ("concat(name, raw.a ~ raw.b)", {"name", "raw.a", "raw.b"}),
        ("upper(name)", {"name"}),
        ('"text"', set()),
    ],
)
def test_names_are_the_paths_it_reads(text: str, names: set[str]) -> None:
    assert Expression.compile(text, KNOWN).names == names


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "It is empty"),
        ("prise", "There is no field “prise” in the record. Did you mean “price”?"),
        ("zzz", "Fields are written without quotes, texts with."),
        ("name | uper", "There is no function “uper”. Did you mean “upper”?"),
        ("name | map('x')", "There is no function “map”"),
        ("name |", "It cannot be read"),
        ("name price", "“price” does not go with what stands before it"),
        ("name }} {{ price", "It "),
        ("name | truncate", "“truncate” is written: text | truncate(length"),
        ("name | upper(1)", "“upper” is written: text | upper."),
        ("name | truncate(length=3)", "given in order"),
        ("name | concat(*raw)", "given in order"),
        ("name | concat(**raw)", "given in order"),
        ("name.upper()", "Only the documented functions can be called"),
        ("name[0:2]", "there are truncate, split and pick"),
        ("price ** 2", "multiply instead"),
        ("price is sameas(1)", "“is sameas” is unknown"),
        ("price is number(1)", "takes no arguments"),
        ("name in raw in customer", "put brackets around it"),
        ("{price: 1}", "texts in quotes"),
        ("0x10", "is no number of at most 30 digits"),
        ("1e9", "is no number of at most 30 digits"),
        ("9" * 31, "is no number of at most 30 digits"),
        ("name.__class__", "cannot start with an underscore"),
        ('name["__class__"]', "cannot start with an underscore"),
        ('raw["\uff3f\uff3fclass__"]', "cannot start with an underscore"),
        ("_v0", "cannot start with an underscore"),
        ("name | attr('__class__')", "There is no function “attr”"),
        ("range(10)", "There is no function “range”"),
        ("self", "There is no field “self”"),
        ("loop", "There is no field “loop”"),
        ("cycler", "There is no field “cycler”"),
        ("x" * (MAX_EXPRESSION + 1), "at most 2000"),
        ("(" * 900 + "1" + ")" * 900, "nested too deep"),
        ("not " * 300 + "price", "nested too deep"),
        ("+".join(["1"] * 60), "nested too deep"),
        ("~".join(["1"] * 400), "too many parts"),
    ],
)
def test_refusal_is_a_sentence(text: str, sentence: str) -> None:
    assert sentence in refusal(text)


def test_absent_fields_stay_absent() -> None:
    for text in ("price", "raw.Name", "raw.Name.first", 'raw["x"] | upper', "price * 2", "-price", "raw.list[3]"):
        assert Expression.compile(text, KNOWN).evaluate({"raw": {"list": []}}, nothing) is None


def test_a_field_nobody_vouched_for_must_be_in_the_record() -> None:
    expression = Expression.compile("price * 2")
    assert expression.evaluate({"price": Decimal(2)}, nothing) == 4
    with pytest.raises(ExpressionFailed, match="no field “price”"):
        expression.evaluate({}, nothing)


def test_keys_are_read_and_never_attributes() -> None:
    class Loud(dict[str, Any]):
        secret = "attribute"

    record: dict[str, Any] = {"raw": Loud(items="key")}
    assert Expression.compile("raw.items", KNOWN).evaluate(record, nothing) == "key"
    assert Expression.compile("raw.secret", KNOWN).evaluate(record, nothing) is None
    assert Expression.compile("raw.secret ~ raw.keys", KNOWN).evaluate(record, nothing) == ""
    assert Expression.compile("raw[name]", KNOWN).evaluate(record | {"name": "__class__"}, nothing) is None


def test_groups_and_lists_can_be_built() -> None:
    built = Expression.compile('[{"name": name, "price": price * 2}]', KNOWN)
    assert built.evaluate({"name": "Mug", "price": Decimal(2)}, nothing) == [{"name": "Mug", "price": Decimal(4)}]


def test_failure_text_never_quotes_the_record() -> None:
    with pytest.raises(ExpressionFailed) as failed:
        Expression.compile("name | number", KNOWN).evaluate({"name": "jan@example.nl"}, nothing)
    assert "jan" not in str(failed.value)
    assert failed.value.value == "jan@example.nl"


def test_filter_takes_records_by_its_answer() -> None:
    dear = RecordFilter.compile("price > 10 and name is not empty", KNOWN)
    assert dear.passes({"price": Decimal(11), "name": "Mug"}, nothing)
    assert not dear.passes({"price": Decimal(10), "name": "Mug"}, nothing)
    assert dear.names == {"price", "name"}
    assert RecordFilter.compile("  ").passes({}, nothing)
    assert not RecordFilter.compile("raw.active", KNOWN).passes({"raw": {}}, nothing)
    assert not RecordFilter.compile("raw.active", KNOWN).passes({"raw": {"active": 0}}, nothing)
    with pytest.raises(ExpressionFailed, match="answers with yes or no, and this answer is a text"):
        RecordFilter.compile("raw.active", KNOWN).passes({"raw": {"active": "false"}}, nothing)
    with pytest.raises(ExpressionRefused, match="prise"):
        RecordFilter.compile("prise > 1", KNOWN)
