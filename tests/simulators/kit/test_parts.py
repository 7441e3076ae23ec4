"""Exact JSON and the sliding window."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.kit import Clock, RateLimiter, exactjson


def test_amounts_keep_their_digits_both_ways() -> None:
    text = '{"price":16.7983193277311,"count":2,"total":55.00}'
    assert exactjson.dumps(exactjson.loads(text)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_any_amount_survives(amount: Decimal) -> None:
    assert Decimal(exactjson.dumps(amount)) == amount


def test_floats_are_refused() -> None:
    with pytest.raises(TypeError, match="Decimal"):
        exactjson.dumps({"price": 1.1})


def test_slashes_and_other_letters_are_escaped_like_php_does() -> None:
    assert exactjson.dumps("a/é", escape_slashes=True) == '"a\\/\\u00e9"'


def test_window_slides_on_the_vendor_clock() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    assert [limiter.admit("k", 2).allowed for _ in range(3)] == [True, True, False]
    refused = limiter.admit("k", 2)
    assert 59 <= refused.seconds_left <= 60
    clock.advance(61)
    assert limiter.admit("k", 2).allowed
    assert limiter.admit("other", 1).allowed
    assert limiter.refusals == {"k": 2}
    assert limiter.peaks == {"k": 4, "other": 1}


def test_clock_set_back_does_not_lock_the_window() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    clock.advance(3600)
    assert limiter.admit("k", 1).allowed
    clock.reset()
    assert limiter.admit("k", 1).allowed
