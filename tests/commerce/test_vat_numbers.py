"""VAT numbers: right and wrong ones, however they are typed."""

import pytest

from commerce.vat_numbers import compact_vat_number, is_plausible_vat_number


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("NL 0044.95.445.B01", "NL"),
        ("nl004495445b01", ""),
        ("004495445B01", "NL"),
        ("BE0697449992", "BE"),
        ("697449992", "BE"),
        ("DE 136,695 976", "DE"),
        ("EL 094259216", "GR"),
        ("094259216", "GR"),
        ("GB 980 7806 84", "GB"),
        ("CHE-107.787.577 IVA", "CH"),
        ("NO 995 525 828 MVA", "NO"),
        ("DE136695976", "NL"),
        ("12-3456789", "US"),
    ],
)
def test_a_number_that_can_be_right_is_taken(number: str, country: str):
    assert is_plausible_vat_number(number, country)


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("NL004495446B01", "NL"),
        ("004495445", "NL"),
        ("BE0697449993", "BE"),
        ("DE136695978", "DE"),
        ("GB 802311781", "GB"),
        ("CHE-107.787.578 IVA", "CH"),
        ("n.v.t.", "NL"),
        ("-", "NL"),
        ("", ""),
    ],
)
def test_a_number_that_cannot_be_right_is_not(number: str, country: str):
    assert not is_plausible_vat_number(number, country)


@pytest.mark.parametrize(
    ("number", "country", "compact"),
    [
        ("nl 0044.95.445.b01", "NL", "NL004495445B01"),
        ("004495445B01", "NL", "NL004495445B01"),
        ("094259216", "GR", "EL094259216"),
        ("B-58378431", "ES", "ESB58378431"),
        ("DE136695976", "NL", "DE136695976"),
        ("136695976", "", "136695976"),
        (" . ", "NL", ""),
    ],
)
def test_a_number_is_stored_in_one_form(number: str, country: str, compact: str):
    assert compact_vat_number(number, country) == compact
