"""What is another account, and what the same one written otherwise."""

import pytest

from connectors.accounts import comparable_address, settings_of_another_account
from connectors.eaccounting import CONNECTOR

SHOP = "https://shop.example.com"


@pytest.mark.parametrize(
    "same", ["HTTPS://Shop.Example.COM", " https://shop.example.com/ ", "shop.example.com", f"{SHOP}:443", f"{SHOP}./"]
)
def test_an_address_is_the_same_however_it_is_written(same: str):
    assert comparable_address(same) == comparable_address(SHOP)


@pytest.mark.parametrize(
    "other", ["https://live.example.com", f"{SHOP}:8443", f"{SHOP}/second", "http://shop.example.com", "https://[x", ""]
)
def test_another_host_port_or_path_is_another_address(other: str):
    assert comparable_address(other) != comparable_address(SHOP)


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ({}, {}, []),
        ({}, {"api_url": "https://EACCOUNTINGAPI.vismaonline.com/"}, []),
        ({}, {"api_url": "https://sandbox.example.com"}, ["api_url"]),
        ({"api_url": "https://sandbox.example.com"}, {}, ["api_url"]),
        ({"client_id": "another"}, {}, []),
    ],
)
def test_settings_left_at_their_defaults_are_compared_as_well(
    before: dict[str, str], after: dict[str, str], moved: list[str]
):
    settings = CONNECTOR.connection_settings.model_validate({"client_id": "c", "client_secret": "s", **after})
    assert settings_of_another_account(CONNECTOR, before, settings) == moved
