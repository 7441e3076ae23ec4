"""Nothing stops a flow for the number of its records: the measurements, run as nightly tests."""

import os

import pytest

from bench import products, stock

LONG = "LONGSHORE_LONG_TESTS"
nightly = pytest.mark.skipif(LONG not in os.environ, reason=f"takes many minutes; set {LONG}=1, as a nightly run does")


@pytest.mark.slow
@nightly
@pytest.mark.feature("PRD-27")
async def test_a_catalogue_of_a_hundred_thousand_articles_completes():
    outcome = await products.run(100_000)
    assert outcome.ok, outcome


@pytest.mark.slow
@nightly
@pytest.mark.feature("STK-09")
async def test_fifty_thousand_stock_changes_in_one_run_all_arrive():
    outcome = await stock.run(50_000)
    assert outcome.ok, outcome
