"""Consent, tokens, and their refresh by exactly one of many."""

import asyncio
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from commerce.problems import ProblemCode
from connectors.answers import AnswerTable
from connectors.client import VendorClient
from connectors.errors import ConnectionRefused, RateLimited, Temporary, VendorError
from connectors.oauth import BearerTokens, OAuthClient, OAuthEndpoints, authorization_url, exchange_code, refresh_tokens
from tests.connectors.support import KeptExchanges, LocalBudget, MemoryVault, tokens

ENDPOINTS = OAuthEndpoints(
    authorize_url="https://identity.example.com/connect/authorize",
    token_url="https://identity.example.com/connect/token",
    revocation_url="https://identity.example.com/connect/revocation",
    scopes=("api", "offline_access"),
    authorize_parameters={"prompt": "select_account"},
)


class IdentityServer:
    """Hands out numbered pairs; every refresh token works once."""

    def __init__(self, answer: httpx.Response | None = None) -> None:
        self.answer = answer
        self.forms: list[dict[str, list[str]]] = []
        self.requests: list[httpx.Request] = []
        self.current = "refresh-0"
        self.rotates = True

    def __call__(self, request: httpx.Request) -> httpx.Response:
        form = parse_qs(request.content.decode())
        self.requests.append(request)
        self.forms.append(form)
        if self.answer is not None:
            return self.answer
        if form["grant_type"] == ["refresh_token"] and form["refresh_token"] != [self.current]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        pair = {"access_token": f"access-{len(self.forms)}", "token_type": "Bearer", "expires_in": 3600}
        if self.rotates:
            self.current = f"refresh-{len(self.forms)}"
            pair["refresh_token"] = self.current
        return httpx.Response(200, json=pair)

    def client(self, endpoints: OAuthEndpoints = ENDPOINTS) -> OAuthClient:
        return OAuthClient("Ledger", endpoints, "app", "s3cret", transport=httpx.MockTransport(self))


def calls(server: IdentityServer, vault: MemoryVault, api: httpx.MockTransport) -> VendorClient:
    return VendorClient(
        "https://api.example.com/v2",
        authentication=BearerTokens(server.client(), vault),
        answers=AnswerTable(),
        budget=LocalBudget(),
        recorder=KeptExchanges(),
        transport=api,
    )


def test_the_consent_page_gets_scopes_state_and_the_vendors_own_parameters():
    url = authorization_url(IdentityServer().client(), redirect_uri="https://hub.example.com/back", state="abc")

    assert url.startswith("https://identity.example.com/connect/authorize?")
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": ["app"],
        "redirect_uri": ["https://hub.example.com/back"],
        "scope": ["api offline_access"],
        "state": ["abc"],
        "prompt": ["select_account"],
    }


def test_endpoints_can_be_moved_to_another_host():
    moved = ENDPOINTS.at("http://127.0.0.1:8000/")

    assert moved.authorize_url == "http://127.0.0.1:8000/connect/authorize"
    assert moved.token_url == "http://127.0.0.1:8000/connect/token"
    assert moved.revocation_url == "http://127.0.0.1:8000/connect/revocation"


async def test_tokens_are_not_asked_for_in_clear():
    with pytest.raises(ConnectionRefused, match="not encrypted"):
        await exchange_code(
            IdentityServer().client(ENDPOINTS.at("http://identity.example.com")), code="c", redirect_uri="r"
        )


@pytest.mark.parametrize("basic", [True, False])
async def test_a_code_becomes_tokens(basic: bool):
    server = IdentityServer()
    endpoints = OAuthEndpoints(**{**vars(ENDPOINTS), "basic_credentials": basic})
    first = await exchange_code(server.client(endpoints), code="c0de", redirect_uri="https://hub.example.com/back")

    assert (first.access_token, first.refresh_token) == ("access-1", "refresh-1")
    assert timedelta(minutes=59) < first.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    form = server.forms[0]
    assert form["code"] == ["c0de"]
    assert form["redirect_uri"] == ["https://hub.example.com/back"]
    sent = server.requests[0].headers.get("authorization")
    assert sent == ("Basic " + b64encode(b"app:s3cret").decode() if basic else None)
    assert form.get("client_secret") == (None if basic else ["s3cret"])
    assert "access-1" not in repr(first)


async def test_a_refresh_without_a_new_refresh_token_keeps_the_old_one():
    server = IdentityServer()
    server.rotates = False
    renewed = await refresh_tokens(server.client(), tokens())

    assert (renewed.access_token, renewed.refresh_token, renewed.version) == ("access-1", "refresh-0", 1)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(500, json={}), Temporary),
        (httpx.Response(200, html="<html>"), Temporary),
        (httpx.Response(429, headers={"retry-after": "5"}), RateLimited),
        (httpx.Response(400, json={"error": "invalid_client"}), ConnectionRefused),
        (httpx.Response(200, json={"token_type": "Bearer"}), ConnectionRefused),
    ],
)
async def test_what_the_token_endpoint_says_has_a_consequence(answer: httpx.Response, expected: type[VendorError]):
    with pytest.raises(expected):
        await refresh_tokens(IdentityServer(answer).client(), tokens())


async def test_an_ended_consent_asks_for_reconnecting():
    answer = httpx.Response(400, json={"error": "invalid_grant"})
    with pytest.raises(ConnectionRefused, match="Reconnect it") as caught:
        await refresh_tokens(IdentityServer(answer).client(), tokens())

    assert caught.value.problem.code is ProblemCode.CONNECTION_EXPIRED


async def test_twenty_workers_at_expiry_make_one_refresh():
    server, vault = IdentityServer(), MemoryVault(tokens(life=timedelta(seconds=30)))
    seen: list[str] = []

    def api(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={})

    workers = [calls(server, vault, httpx.MockTransport(api)) for _ in range(20)]
    await asyncio.gather(*(worker.read("GET", "/orders", operation="list orders") for worker in workers))
    await asyncio.gather(*(worker.aclose() for worker in workers))

    assert len(server.forms) == 1
    assert seen == ["Bearer access-1"] * 20


async def test_twenty_workers_with_a_withdrawn_token_make_one_refresh():
    server, vault = IdentityServer(), MemoryVault(tokens())

    def api(request: httpx.Request) -> httpx.Response:
        fresh = request.headers["authorization"] == "Bearer access-1"
        return httpx.Response(200 if fresh else 401, json={})

    workers = [calls(server, vault, httpx.MockTransport(api)) for _ in range(20)]
    await asyncio.gather(*(worker.write("POST", "/orders", {}, operation="create an order") for worker in workers))
    await asyncio.gather(*(worker.aclose() for worker in workers))

    assert len(server.forms) == 1
    assert vault.held.version == 1


async def test_a_token_that_stays_refused_parks_the_connection_after_few_refreshes():
    server, vault = IdentityServer(), MemoryVault(tokens())
    async with calls(server, vault, httpx.MockTransport(lambda _: httpx.Response(401, json={}))) as client:
        with pytest.raises(ConnectionRefused):
            await client.write("POST", "/orders", {}, operation="create an order")

    assert len(server.forms) == 3
