import httpx
import pytest
import pytest_asyncio
from temporalio.api.common.v1 import Payload

from settings import Settings
from store import KeyRing
from tests.api.scene import as_json
from workflows.converter import ENCODING, EncryptionCodec

UI = "http://temporal.example.com:8233"
GOOD = "/codec/secret-part-of-the-codec/decode"


@pytest_asyncio.fixture
async def sealed(codec: EncryptionCodec) -> dict[str, object]:
    [payload] = await codec.encode([Payload(metadata={"encoding": b"json/plain"}, data=b'"a sentence"')])
    return {"payloads": [as_json(payload)]}


PLAIN = {"payloads": [as_json(Payload(metadata={"encoding": b"json/plain"}, data=b'"a sentence"'))]}


async def test_the_ui_decodes_with_the_secret_address(anonymous: httpx.AsyncClient, sealed: dict[str, object]):
    headers = {"Origin": UI, "X-Namespace": "default"}
    answer = await anonymous.post(GOOD, json=sealed, headers=headers)
    assert answer.json() == PLAIN
    assert answer.headers["access-control-allow-origin"] == UI


async def test_a_session_or_token_decodes_at_the_plain_address(client: httpx.AsyncClient, sealed: dict[str, object]):
    assert (await client.post("/codec/decode", json=sealed)).json() == PLAIN


async def test_another_address_decodes_nothing(anonymous: httpx.AsyncClient, sealed: dict[str, object]):
    for path in ("/codec/guess/decode", "/codec//decode"):
        answer = await anonymous.post(path, json=sealed)
        assert answer.status_code == 404
        assert "sentence" not in answer.text
        assert "guess" not in answer.text


async def test_the_preflight_names_the_uis_origin_only(anonymous: httpx.AsyncClient):
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-namespace"}
    allowed = await anonymous.options(GOOD, headers={"Origin": UI, **asked})
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == UI
    assert "x-namespace" in allowed.headers["access-control-allow-headers"]
    foreign = await anonymous.options(GOOD, headers={"Origin": "https://evil.example.com", **asked})
    assert foreign.status_code == 404
    assert "access-control-allow-origin" not in foreign.headers
    wrong = await anonymous.options("/codec/guess/decode", headers={"Origin": UI, **asked})
    assert wrong.status_code == 404


@pytest.mark.parametrize("body", [{"payloads": "x"}, {"payloads": [{"data": 1}]}, {"payloads": [{"metadata": 1}]}])
async def test_what_is_no_payload_is_refused(anonymous: httpx.AsyncClient, body: dict[str, object]):
    assert (await anonymous.post(GOOD, json=body)).status_code == 422


async def test_what_was_sealed_elsewhere_is_refused(anonymous: httpx.AsyncClient):
    plain = Payload(metadata={"encoding": b"json/plain"}, data=b"canary")
    [foreign] = await EncryptionCodec(KeyRing.generate()).encode([plain])
    broken = Payload(metadata={"encoding": ENCODING}, data=b"canary")
    for payload in (foreign, broken):
        answer = await anonymous.post(GOOD, json={"payloads": [as_json(payload)]})
        assert answer.status_code == 422
        assert "secret-part" not in answer.text


class TestWithoutCodecToken:
    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(_env_file=None)

    async def test_no_secret_address_answers(self, anonymous: httpx.AsyncClient, sealed: dict[str, object]):
        for path in ("/codec/x/decode", "/codec//decode"):
            assert (await anonymous.post(path, json=sealed)).status_code == 404
