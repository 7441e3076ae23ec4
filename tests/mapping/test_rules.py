"""Mapping tables: merging, saving, applying, and keeping absent, zero and empty apart."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from mapping.fields import Field, FieldKind
from mapping.rules import Mapped, MappingFailed, MappingRefused, Rule, RuleSet, ValueNotMapped, When, merged

SOURCE = (
    Field("sku", "SKU"),
    Field("name", "Name"),
    Field("price", "Price", FieldKind.MONEY),
    Field("customer.email", "E-mail"),
)
TARGET = (
    Field("Code", "Article code", max_length=10, required=True),
    Field("Description", "Description", max_length=12),
    Field("Price", "Sales price", FieldKind.MONEY, places=2),
    Field("Weight", "Weight", FieldKind.NUMBER),
    Field("Active", "Active", FieldKind.BOOLEAN),
    Field("Since", "For sale since", FieldKind.MOMENT),
    Field("Labels", "Labels", FieldKind.LIST),
    Field("Extra", "Extra", FieldKind.MAPPING),
    Field("TaxCode", "Tax code"),
)
RECORD: dict[str, Any] = {"sku": "A-1", "name": "Mug", "price": Decimal("10.00"), "raw": {}}


def no_tables(table: str, value: str) -> str | None:
    return None


def rules(**expressions: str) -> RuleSet:
    given = [
        Rule(target=target, expression=expression) for target, expression in ({"Code": "sku"} | expressions).items()
    ]
    return RuleSet.compile(given, source_fields=SOURCE, target_fields=TARGET)


def mapped(record: dict[str, Any] | None = None, /, **expressions: str) -> Mapped:
    return rules(**expressions).apply(RECORD | (record or {}), no_tables, creating=True)


def failure(record: dict[str, Any] | None = None, /, **expressions: str) -> MappingFailed:
    with pytest.raises(MappingFailed) as failed:
        mapped(record, **expressions)
    return failed.value


def test_a_change_replaces_the_default_of_its_field_and_others_are_added() -> None:
    code, description = Rule(target="Code", expression="sku"), Rule(target="Description", expression="name")
    changed, added = Rule(target="Code", expression="raw.EAN"), Rule(target="Price", expression="price")
    assert merged([code, description], [added, changed]) == (changed, description, added)
    assert merged([code, description], []) == (code, description)


def test_two_rules_for_one_field_are_refused() -> None:
    twice = [Rule(target="Code", expression="sku"), Rule(target="Code", expression="name")]
    for table in (lambda: merged(twice, []), lambda: merged([], twice)):
        with pytest.raises(MappingRefused, match="“Code” is refused: The field has a rule already"):
            table()
    with pytest.raises(MappingRefused, match="has a rule already"):
        RuleSet.compile(twice, source_fields=SOURCE, target_fields=TARGET)


def test_refusal_names_row_expression_and_reason_for_every_row() -> None:
    table = [
        Rule(target="Code", expression="sku | uper"),
        Rule(target="Description", expression="name"),
        Rule(target="Colour", expression="name"),
        Rule(target="Price", expression="prise"),
        Rule(target="Weight", expression="(", active=False),
    ]
    with pytest.raises(MappingRefused) as refused:
        RuleSet.compile(table, source_fields=SOURCE, target_fields=TARGET)
    first = refused.value
    assert (first.row, first.expression) == ("Code", "sku | uper")
    assert first.reason == "There is no function “uper”. Did you mean “upper”?"
    assert str(first) == f"The rule for “Code” is refused: {first.reason} The expression is: sku | uper"
    assert [(other.row, other.expression) for other in first.others] == [("Colour", "name"), ("Price", "prise")]
    assert "no such field" in first.others[0].reason
    assert "Did you mean “price”?" in first.others[1].reason


def test_rule_is_plain_data() -> None:
    rule = Rule.model_validate({"target": "Code", "expression": "sku", "when": "create"})
    assert (rule.when, rule.active) == (When.CREATE, True)
    with pytest.raises(ValidationError):
        Rule.model_validate({"target": "Code", "expression": "sku", "whn": "create"})


def test_values_arrive_in_the_kind_of_the_field() -> None:
    result = mapped(
        {"raw": {"weight": "1.25", "on": "1", "since": "2026-03-31T09:30:00+02:00"}},
        Price="price * 1.21",
        Weight="raw.weight",
        Active="raw.on",
        Since="raw.since",
        Labels='sku | split("-")',
        Extra='{"colour": name}',
        Description="price",
    )
    assert result.values == {
        "Code": "A-1",
        "Price": Decimal("12.10"),
        "Weight": Decimal("1.25"),
        "Active": True,
        "Since": datetime(2026, 3, 31, 7, 30, tzinfo=UTC),
        "Labels": ["A", "1"],
        "Extra": {"colour": "Mug"},
        "Description": "10.00",
    }
    assert str(result.values["Price"]) == "12.10"
    assert result.notes == ()


@pytest.mark.parametrize("net", ["10.00", "0.01", "3.33", "99.99", "8.26", "1234.56"])
def test_money_is_rounded_half_up_once_and_exactly(net: str) -> None:
    price = mapped({"price": Decimal(net)}, Price="price | with_tax(21)").values["Price"]
    hundredths = (int(Decimal(net) * 100) * 121 * 10 + 500) // 1000
    assert price * 100 == hundredths


def test_absent_is_left_alone_empty_empties_and_zero_is_a_value() -> None:
    texts = {"Description": "raw.text", "Price": "raw.price"}
    assert mapped({"raw": {}}, **texts).values == {"Code": "A-1"}
    assert mapped({"raw": {"text": None, "price": None}}, **texts).values == {"Code": "A-1"}
    assert mapped({"raw": {"text": "", "price": 0}}, **texts).values == {
        "Code": "A-1",
        "Description": "",
        "Price": Decimal("0.00"),
    }
    assert "cannot be emptied" in failure({"raw": {"price": ""}}, **texts).reason


def test_a_field_can_be_for_creation_or_for_updates_only() -> None:
    table = [
        Rule(target="Code", expression="sku"),
        Rule(target="Description", expression="name", when=When.CREATE),
        Rule(target="Price", expression="price", when=When.UPDATE),
        Rule(target="Weight", expression="price", active=False),
    ]
    compiled = RuleSet.compile(table, source_fields=SOURCE, target_fields=TARGET)
    assert set(compiled.apply(RECORD, no_tables, creating=True).values) == {"Code", "Description"}
    assert set(compiled.apply(RECORD, no_tables, creating=False).values) == {"Code", "Price"}
    assert compiled.targets == {"Code", "Description", "Price"}


def test_long_text_is_cut_visibly_and_noted() -> None:
    result = mapped({"name": "A very long name"}, Description="name")
    assert result.values["Description"] == "A very long…"
    assert len(result.values["Description"]) == 12
    assert result.notes == ("“Description” takes 12 characters; the text had 16 and was cut.",)
    assert mapped({"name": "Twelve chars"}, Description="name").notes == ()


def test_required_field_is_demanded_of_a_new_record_and_never_emptied() -> None:
    for nothing in (None, ""):
        failed = failure({"sku": nothing})
        assert "“Article code” is required for a new record, and its rule gave no value." in failed.sentence
        assert (failed.target, failed.expression) == ("Code", "sku")
    assert "Code" not in rules().apply(RECORD | {"sku": None}, no_tables, creating=False).values
    with pytest.raises(MappingFailed, match="“Article code” is required, and its rule gave no value"):
        rules().apply(RECORD | {"sku": ""}, no_tables, creating=False)
    without = RuleSet.compile([], source_fields=SOURCE, target_fields=TARGET)
    with pytest.raises(MappingFailed, match="no rule fills it"):
        without.apply(RECORD, no_tables, creating=True)


def test_failure_names_field_reason_value_and_rule_and_its_text_is_safe_to_log() -> None:
    failed = failure({"name": "jan@example.nl"}, Price="name | times(2)")
    assert (failed.target, failed.expression, failed.value) == ("Price", "name | times(2)", "jan@example.nl")
    assert failed.sentence.startswith("The rule for “Price” failed: A number is needed")
    assert failed.sentence.endswith("The value is “jan@example.nl”. The rule is: name | times(2)")
    assert "jan" not in str(failed)


@pytest.mark.parametrize(
    ("target", "value", "sentence"),
    [
        ("Price", "12,10", "decimal comma"),
        ("Price", True, "a yes or no"),
        ("Price", 0.1, "unknown kind"),
        ("Active", "perhaps", "yes or no is needed"),
        ("Since", "2026-03-31", "no offset"),
        ("Since", "0001-01-01T00:00:00+14:00", "outside the years"),
        ("Since", "soon", "written like"),
        ("Labels", "a", "A list is needed"),
        ("Extra", ["a"], "A group of fields is needed"),
        ("Description", ["a"], "A text is needed"),
    ],
)
def test_value_that_does_not_fit_the_field_fails(target: str, value: Any, sentence: str) -> None:
    assert sentence in failure({"raw": {"value": value}}, **{target: "raw.value"}).reason


def test_missing_row_of_a_value_table_is_named() -> None:
    compiled = rules(TaxCode='raw.rate | lookup("tax codes")')
    assert compiled.tables == {"tax codes"}

    def only_high(table: str, value: str) -> str | None:
        return "1" if (table, value) == ("tax codes", "21") else None

    high, low = ({"raw": {"rate": Decimal(rate)}} for rate in (21, 9))
    assert compiled.apply(RECORD | high, only_high, creating=True).values["TaxCode"] == "1"
    with pytest.raises(ValueNotMapped) as failed:
        compiled.apply(RECORD | low, only_high, creating=True)
    assert (failed.value.table, failed.value.value, failed.value.target) == ("tax codes", "9", "TaxCode")
    assert "The table “tax codes” has no row for this value: add the row. The value is “9”." in failed.value.sentence


def test_reads_tells_what_a_rule_looks_at() -> None:
    compiled = rules(Description="name ~ customer.email ~ raw.Note")
    assert compiled.reads("Description") == {"name", "customer.email", "raw.Note"}
    assert compiled.reads("Price") == frozenset()


def test_applying_leaves_the_record_as_it_was() -> None:
    record = RECORD | {"raw": {"labels": ["a"]}}
    labels = rules(Labels="raw.labels").apply(record, no_tables, creating=True).values["Labels"]
    labels.append("b")
    assert record["raw"] == {"labels": ["a"]}
