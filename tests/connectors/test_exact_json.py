"""Numbers pass through JSON without losing a digit."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import exact_json

_AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _AMOUNTS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("dumps", [exact_json.dumps, exact_json.dumps_record])
@given(value=_VALUES)
def test_what_is_written_is_read_back(dumps: Callable[[Any], str], value: Any):
    text = dumps(value)

    assert text.isascii()
    assert exact_json.loads(text) == value


def test_moments_of_a_record_become_text():
    assert exact_json.dumps_record([datetime(2026, 3, 2, tzinfo=UTC)]) == '["2026-03-02T00:00:00+00:00"]'
    with pytest.raises(TypeError):
        exact_json.dumps_record({"a": {1, 2}})


def test_all_digits_of_a_price_are_kept():
    assert exact_json.dumps({"price": Decimal("16.7983193277311")}) == '{"price":16.7983193277311}'
    assert exact_json.loads('{"price": 0.1}')["price"] == Decimal("0.1")
    assert exact_json.dumps(Decimal("1E+2")) == "100"


@pytest.mark.parametrize("value", [1.5, {1: "a"}, {"a": {1, 2}}])
def test_what_has_no_exact_form_is_refused(value: Any):
    with pytest.raises(TypeError):
        exact_json.dumps(value)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E+999999")])
def test_what_is_no_amount_is_refused(value: Decimal):
    with pytest.raises(ValueError, match="decimal"):
        exact_json.dumps(value)


@pytest.mark.parametrize("text", ["", "{", "NaN", "[" * 100_000, '{"items": ['])
def test_what_is_no_json_is_refused(text: str):
    with pytest.raises(ValueError):  # noqa: PT011 - the parser's own words do not matter
        exact_json.loads(text)
