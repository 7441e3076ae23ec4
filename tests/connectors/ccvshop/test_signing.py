"""Signatures agree with vectors that were computed apart from this code."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.answers import Answer
from connectors.authentication import UntrustedAnswerError
from connectors.ccvshop.signing import KeyPair, signature

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "hmac-vectors.json").read_text())["vectors"]
PUBLIC = "k3y-public-0001"


def parts(vector: dict[str, Any]) -> list[str]:
    if "method" in vector:
        return [PUBLIC, vector["method"], vector["uri"], vector["body"], vector["headers"]["x-date"]]
    return [vector["uri"], vector["api_public"] if "api_public" in vector else vector["body"]]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_vector(vector: dict[str, Any]):
    assert "|".join(parts(vector)) == vector["string_to_sign"]
    assert signature(vector["secret"], *parts(vector)) == vector["x_hash"]


async def test_a_request_is_signed_as_it_will_be_sent():
    request = httpx.Request("POST", "https://shop.example.com/api/rest/v1/orders/?q=a%20b", content=b'{"a":1}')
    await KeyPair(PUBLIC, SecretStr("s3cret")).sign(request)

    date = request.headers["x-date"]
    signed = signature("s3cret", PUBLIC, "POST", "/api/rest/v1/orders/?q=a%20b", b'{"a":1}', date)
    assert request.headers["x-public"] == PUBLIC
    assert request.headers["x-hash"] == signed
    assert len(date) == len("2026-01-15T09:30:00Z")


def answer(body: bytes, **headers: str) -> Answer:
    return Answer(200, headers, body, None, readable=True)


async def test_answers_are_verified():
    vector = next(vector for vector in VECTORS if vector["name"].startswith("response"))
    keys = KeyPair(PUBLIC, SecretStr(vector["secret"]))
    request = httpx.Request("GET", "https://demo.example" + vector["uri"])
    headers = {"x-date": vector["headers"]["x-date"], "x-hash": vector["x_hash"]}
    body = vector["body"].encode()

    await keys.verify(request, answer(body, **headers))
    await keys.verify(request, answer(body))
    with pytest.raises(UntrustedAnswerError):
        await keys.verify(request, answer(body.replace(b"Doos", b"Zak"), **headers))
    with pytest.raises(UntrustedAnswerError):
        await keys.verify(request, answer(body, **headers | {"x-hash": "é"}))
