"""Authorisation code flow, rotation, expiry, revocation."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.simulators.eaccounting.conftest import Company

CALLBACK = "https://localhost:44300/callback"
AUTHORIZE = {
    "client_id": "sandbox-client",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "ea:api offline_access ea:sales",
    "state": "s-1",
}


async def redirected(company: Company, **changes: str) -> dict[str, str]:
    answer = await company.client.get("/connect/authorize", params={**AUTHORIZE, **changes})
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def token(company: Company, **form: str) -> tuple[int, Any]:
    answer = await company.client.post("/connect/token", data=form, auth=("sandbox-client", "sandbox-secret"))
    return answer.status_code, answer.json()


async def exchanged(company: Company, code: str, **form: str) -> tuple[int, Any]:
    return await token(company, grant_type="authorization_code", code=code, redirect_uri=CALLBACK, **form)


async def refreshed(company: Company, refresh_token: str) -> tuple[int, Any]:
    return await token(company, grant_type="refresh_token", refresh_token=refresh_token)


async def reads_units(company: Company, access_token: str) -> int:
    headers = {"authorization": f"Bearer {access_token}"}
    return (await company.client.get("/v2/units", headers=headers)).status_code


async def test_a_consent_gives_a_code_that_buys_tokens_once(company: Company) -> None:
    back = await redirected(company)
    assert back["state"] == "s-1"
    status, tokens = await exchanged(company, back["code"])
    assert status == 200
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert await reads_units(company, tokens["access_token"]) == 200
    assert await exchanged(company, back["code"]) == (400, {"error": "invalid_grant"})


async def test_without_offline_access_there_is_no_refresh_token(company: Company) -> None:
    back = await redirected(company, scope="ea:api ea:sales")
    _, tokens = await exchanged(company, back["code"])
    assert "refresh_token" not in tokens


async def test_client_credentials_may_be_form_fields(company: Company) -> None:
    back = await redirected(company)
    answer = await company.client.post(
        "/connect/token",
        data={
            "grant_type": "authorization_code",
            "code": back["code"],
            "redirect_uri": CALLBACK,
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
        },
    )
    assert answer.status_code == 200


async def test_wrong_secret_is_an_invalid_client(company: Company) -> None:
    answer = await company.client.post(
        "/connect/token",
        data={"grant_type": "refresh_token", "refresh_token": "refresh"},
        auth=("sandbox-client", "wrong"),
    )
    assert answer.json() == {"error": "invalid_client"}


async def test_an_unregistered_redirect_address_is_not_followed(company: Company) -> None:
    answer = await company.client.get(
        "/connect/authorize", params={**AUTHORIZE, "redirect_uri": "https://elsewhere.example.com/"}
    )
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_a_loaded_client_can_be_used(company: Company) -> None:
    company.simulator.load({"clients": [{"client_id": "mine", "client_secret": "s", "redirect_uris": [CALLBACK]}]})
    assert "code" in await redirected(company, client_id="mine")


@pytest.mark.parametrize(("mode", "error"), [("deny", "access_denied")])
async def test_the_merchant_can_say_no(company: Company, mode: str, error: str) -> None:
    company.simulator.change_settings({"authorize": mode})
    assert await redirected(company) == {"error": error, "state": "s-1"}


async def test_the_merchant_can_be_asked(company: Company) -> None:
    company.simulator.change_settings({"authorize": "ask"})
    page = await company.client.get("/connect/authorize", params=AUTHORIZE)
    assert page.status_code == 200
    assert 'id="redirect"' in page.text
    assert "code" in await redirected(company, decision="redirect")


async def test_an_unknown_scope_is_refused(company: Company) -> None:
    assert (await redirected(company, scope="ea:api ea:everything"))["error"] == "invalid_scope"


async def test_pkce_is_checked_when_used(company: Company) -> None:
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    wrong = await redirected(company, **pkce)
    assert (await exchanged(company, wrong["code"], code_verifier="other"))[0] == 400
    right = await redirected(company, **pkce)
    assert (await exchanged(company, right["code"], code_verifier=verifier))[0] == 200


async def test_a_refresh_token_works_once(company: Company) -> None:
    status, pair = await refreshed(company, "refresh")
    assert status == 200
    assert pair["refresh_token"] != "refresh"
    assert await refreshed(company, "refresh") == (400, {"error": "invalid_grant"})
    assert (await refreshed(company, pair["refresh_token"]))[0] == 200
    counters = company.simulator.state()["counters"]
    assert counters["token_refreshes"] == 2
    assert counters["token_refreshes_with_used_token"] == 1


async def test_an_access_token_expires_after_an_hour(company: Company) -> None:
    company.simulator.clock.advance(3590)
    assert await reads_units(company, "access") == 200
    company.simulator.clock.advance(20)
    assert await reads_units(company, "access") == 401


async def test_a_changed_password_kills_refresh_tokens_until_the_next_consent(company: Company) -> None:
    company.simulator.change_settings({"password_changed": True})
    assert await refreshed(company, "refresh") == (400, {"error": "invalid_grant"})
    assert await reads_units(company, "access") == 200
    _, tokens = await exchanged(company, (await redirected(company))["code"])
    assert (await refreshed(company, tokens["refresh_token"]))[0] == 200


async def test_a_revoked_token_is_dead(company: Company) -> None:
    await company.client.post(
        "/connect/revocation", data={"token": "access"}, auth=("sandbox-client", "sandbox-secret")
    )
    assert await reads_units(company, "access") == 401


async def test_discovery_names_the_end_points(company: Company) -> None:
    found = (await company.client.get("/.well-known/openid-configuration")).json()
    assert found["token_endpoint"] == "http://eaccounting.test/connect/token"


async def test_the_token_end_point_wants_a_form(company: Company) -> None:
    answer = await company.client.post("/connect/token", json={"grant_type": "refresh_token"})
    assert answer.json() == {"error": "invalid_request"}
