"""A connected account proves itself, lists what can be chosen, and keeps its secrets."""

import pytest

from connectors.errors import ConnectionRefused
from connectors.registry import CONNECTORS
from tests.conformance.stand import opened

SYSTEMS = sorted(CONNECTORS)


@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_connection_proves_itself_lists_its_choices_and_records_no_secret(system: str):
    async with opened(system) as place:
        assert (await place.account.test()).endswith(".")
        for name in place.connector.choices:
            choices = await place.account.choices(name)
            assert all(choice.value and choice.label for choice in choices), name
            assert len({choice.value for choice in choices}) == len(choices), name
        with pytest.raises(KeyError):
            await place.account.choices("never_heard_of")
        assert await place.writes() == []
        recorded = "".join(f"{one}{one.request_body}{one.response_body}" for one in place.exchanges.exchanges)
        assert recorded
        assert not [secret for secret in place.stand.secrets if secret in recorded]


@pytest.mark.parametrize("system", SYSTEMS)
async def test_settings_or_the_account_itself_say_which_account_it_is(system: str):
    async with opened(system) as place:
        declared = place.connector.account_settings
        assert set(declared) <= set(place.connector.connection_settings.model_fields)
        identity = await place.account.identify()
        assert identity == await place.account.identify()
        assert declared or identity
        assert identity is None or (identity.key and identity.name)
        assert place.connector.oauth is None or identity, "who gives consent chooses the account"


@pytest.mark.parametrize("system", SYSTEMS)
async def test_wrong_credentials_refuse_the_connection_with_a_sentence(system: str):
    async with opened(system, refused=True) as place:
        with pytest.raises(ConnectionRefused) as refusal:
            await place.account.test()
        assert refusal.value.problem.sentence.endswith(".")
