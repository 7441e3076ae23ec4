from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from commerce.problems import Problem, ProblemCode
from connectors.errors import ConnectionRefused, RateLimited, Temporary
from connectors.oauth import Tokens
from connectors.protocols import AccountIdentity
from store import BindingRecord, ConnectionState
from tests.api.books import ACCESS_TOKEN, GOOD_CODE, REFRESH_TOKEN
from tests.api.conftest import ADDRESS
from tests.api.scene import BOOKS_SECRET, SHOP_SECRET, Scene


async def test_secrets_go_in_and_never_come_out(scene: Scene, sqlite_url: str):
    path = f"/api/v1/connections/{scene.shop_id}"
    shown = (await scene.client.get(path)).json()
    assert shown["secrets"] == {"secret_key": "set"}
    assert "secret_key" not in shown["settings"]
    assert shown["settings"]["public_key"] == "public"
    assert shown["state"] == "new"
    listed = await scene.client.get("/api/v1/connections")
    assert [entry["system"] for entry in listed.json()] == ["ccvshop", "books"]
    assert SHOP_SECRET not in listed.text
    kept = await scene.store.connections.get(scene.workspace_id, scene.shop_id)
    assert kept.secrets == {"secret_key": SHOP_SECRET}
    file = Path(sqlite_url.removeprefix("sqlite+aiosqlite:///"))
    for part in (file, file.with_name(f"{file.name}-wal")):
        assert SHOP_SECRET.encode() not in part.read_bytes()


async def test_settings_are_checked_by_the_system_and_never_quoted(scene: Scene):
    body = {"system": "books", "name": "B", "settings": {"client_id": "", "client_secret": "short", "canary": "typed"}}
    answer = await scene.client.post("/api/v1/connections", json=body)
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json()["errors"]} == {"client_id", "client_secret", "canary"}
    assert "short" not in answer.text.replace("too_short", "")
    assert "typed" not in answer.text


async def test_a_secret_in_a_validators_own_words_is_left_out(scene: Scene):
    settings = {"base_url": "http://canary-pasted-key", "public_key": "p", "secret_key": "canary-pasted-key"}
    body = {"system": "ccvshop", "name": "S", "settings": settings}
    answer = await scene.client.post("/api/v1/connections", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "base_url"
    assert "canary" not in answer.text


async def test_an_unknown_system_is_named_with_those_that_exist(scene: Scene):
    answer = await scene.client.post("/api/v1/connections", json={"system": "nothing", "name": "N"})
    assert answer.status_code == 404
    assert "ccvshop" in answer.json()["detail"]


async def test_a_change_keeps_what_it_does_not_name(scene: Scene):
    path = f"/api/v1/connections/{scene.books_id}"
    changed = await scene.client.patch(path, json={"name": "Ledger", "settings": {"division": "second"}})
    assert changed.status_code == 200
    assert changed.json()["name"] == "Ledger"
    kept = await scene.store.connections.get(scene.workspace_id, scene.books_id)
    assert kept.settings == {"client_id": "client", "division": "second"}
    assert kept.secrets == {"client_secret": BOOKS_SECRET}
    assert kept.secrets_version == 1
    await scene.client.patch(path, json={"settings": {"client_secret": "another-secret", "division": None}})
    kept = await scene.store.connections.get(scene.workspace_id, scene.books_id)
    assert kept.settings == {"client_id": "client"}
    assert kept.secrets == {"client_secret": "another-secret"}


async def test_a_refused_change_changes_nothing(scene: Scene):
    path = f"/api/v1/connections/{scene.books_id}"
    answer = await scene.client.patch(path, json={"name": "New", "settings": {"client_id": None}})
    assert answer.status_code == 422
    assert (await scene.client.get(path)).json()["name"] == "Books"


ANOTHER_SHOP = {"base_url": "https://live.example.com", "secret_key": "of-the-live-shop"}


@pytest.mark.parametrize("bound", [True, False], ids=["a linked record", "a record in the ledger"])
@pytest.mark.parametrize(("method", "suffix"), [("PATCH", ""), ("POST", "/reconnect")])
async def test_a_connection_that_carries_records_stays_one_account(scene: Scene, bound: bool, method: str, suffix: str):
    if bound:
        link = BindingRecord("product", "1", target_id="A1", target_number="A1", content_hash="", details={})
        await scene.store.bindings.put(scene.workspace_id, scene.flow_id, link)
    else:
        await scene.list_orders(["1"])
    path = f"/api/v1/connections/{scene.shop_id}"
    answer = await scene.client.request(method, path + suffix, json={"settings": ANOTHER_SHOP})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == ["base_url"]
    assert "Host of the shop" in answer.json()["detail"]
    assert "Make a new connection" in answer.json()["detail"]
    kept = await scene.store.connections.get(scene.workspace_id, scene.shop_id)
    assert kept.settings["base_url"] == "https://shop.example.com"
    assert kept.secrets == {"secret_key": SHOP_SECRET}
    assert scene.accounts.opened == []


@pytest.mark.parametrize(
    "same",
    ["https://SHOP.Example.com", "https://shop.example.com/", "shop.example.com", "https://shop.example.com:443"],
)
async def test_the_same_address_may_be_written_otherwise_and_keys_replaced(scene: Scene, same: str):
    await scene.list_orders(["1"])
    wish = {"settings": {"base_url": same, "public_key": "p2", "secret_key": "a-new-secret"}}
    answer = await scene.client.patch(f"/api/v1/connections/{scene.shop_id}", json=wish)
    assert answer.status_code == 200
    kept = await scene.store.connections.get(scene.workspace_id, scene.shop_id)
    assert (kept.settings["public_key"], kept.secrets) == ("p2", {"secret_key": "a-new-secret"})


async def test_a_connection_that_carried_nothing_yet_may_become_another_account(scene: Scene):
    answer = await scene.client.patch(f"/api/v1/connections/{scene.shop_id}", json={"settings": ANOTHER_SHOP})
    assert answer.status_code == 200
    assert answer.json()["settings"]["base_url"] == "https://live.example.com"


async def test_a_passed_test_repairs_the_connection_and_wakes_what_waits(running: Scene):
    problem = Problem(code=ProblemCode.CONNECTION_REFUSED, field="connection", value="", sentence="Refused.")
    await running.store.connections.mark_broken(running.workspace_id, running.shop_id, problem)
    broken = (await running.client.get(f"/api/v1/connections/{running.shop_id}")).json()
    assert broken["problem"] == {"code": "connection_refused", "sentence": "Refused."}
    tested = await running.client.post(f"/api/v1/connections/{running.shop_id}/test")
    assert tested.json() == {"ok": True, "code": "", "sentence": "Connected to the shop Example."}
    repaired = (await running.client.get(f"/api/v1/connections/{running.shop_id}")).json()
    assert repaired["state"] == "connected"
    assert repaired["problem"] is None
    assert await running.heard() == ["poke"]


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (ConnectionRefused(ProblemCode.CONNECTION_REFUSED, "The keys are refused."), "connection_refused"),
        (RateLimited("Too many calls.", retry_after=timedelta(seconds=30)), "rate_limited"),
        (Temporary("The shop did not answer."), "no_answer"),
    ],
)
async def test_a_failed_test_is_an_answer_not_an_error(scene: Scene, failure: Exception, code: str):
    scene.accounts.failure = lambda: failure
    tested = await scene.client.post(f"/api/v1/connections/{scene.shop_id}/test")
    assert tested.status_code == 200
    assert tested.json() == {"ok": False, "code": code, "sentence": str(failure)}
    assert (await scene.client.get(f"/api/v1/connections/{scene.shop_id}")).json()["state"] == "new"


async def test_choices_are_read_live(scene: Scene):
    path = f"/api/v1/connections/{scene.shop_id}/choices"
    assert (await scene.client.get(f"{path}/payment_methods")).json() == [
        {"value": "1", "label": "First of payment_methods"}
    ]
    assert scene.accounts.opened == [(scene.workspace_id, scene.shop_id)]
    unknown = await scene.client.get(f"{path}/nothing")
    assert unknown.status_code == 404
    assert "payment_methods" in unknown.json()["detail"]
    scene.accounts.failure = lambda: RateLimited("Too many calls.", retry_after=timedelta(seconds=30))
    refused = await scene.client.get(f"{path}/payment_methods")
    assert refused.status_code == 502
    assert refused.headers["retry-after"] == "30"
    assert refused.json()["detail"] == "Too many calls."


async def test_consent_is_given_once(running: Scene, anonymous: httpx.AsyncClient):
    begun = await running.client.post(f"/api/v1/connections/{running.books_id}/authorize")
    page = urlsplit(begun.json()["authorize_url"])
    asked = parse_qs(page.query)
    assert page.netloc == "books.example.com"
    assert asked["redirect_uri"] == [f"{ADDRESS}/oauth/callback"]
    callback = {"state": asked["state"][0], "code": GOOD_CODE}
    finished = await anonymous.get("/oauth/callback", params=callback)
    assert finished.status_code == 200
    assert "Books is connected" in finished.text
    kept = await running.store.connections.vault(running.workspace_id, running.books_id, Tokens).load()
    assert kept is not None
    assert (kept.access_token, kept.refresh_token) == (ACCESS_TOKEN, REFRESH_TOKEN)
    shown = await running.client.get(f"/api/v1/connections/{running.books_id}")
    assert shown.json()["state"] == ConnectionState.CONNECTED
    assert shown.json()["has_consent"] is True
    assert ACCESS_TOKEN not in shown.text
    assert await running.heard() == ["poke"]
    assert (await anonymous.get("/oauth/callback", params=callback)).status_code == 401


FIRST, SECOND = AccountIdentity("c-1", "First Company"), AccountIdentity("c-2", "Second Company")


async def give_consent(scene: Scene, browser: httpx.AsyncClient) -> httpx.Response:
    begun = await scene.client.post(f"/api/v1/connections/{scene.books_id}/authorize")
    state = parse_qs(urlsplit(begun.json()["authorize_url"]).query)["state"][0]
    return await browser.get("/oauth/callback", params={"state": state, "code": GOOD_CODE})


async def test_consent_for_another_company_is_refused_and_not_kept(running: Scene, anonymous: httpx.AsyncClient):
    running.accounts.identity = FIRST
    assert (await give_consent(running, anonymous)).status_code == 200
    await running.list_orders(["1"])
    vault = running.store.connections.vault(running.workspace_id, running.books_id, Tokens)
    before = await vault.load()
    running.accounts.identity = SECOND
    answer = await give_consent(running, anonymous)
    assert answer.status_code == 409
    assert "“First Company”" in answer.json()["detail"]
    assert "“Second Company”" in answer.json()["detail"]
    assert await vault.load() == before
    shown = (await running.client.get(f"/api/v1/connections/{running.books_id}")).json()
    assert shown["state"] == "connected"
    running.accounts.identity = AccountIdentity("c-1", "First Company renamed")
    assert (await give_consent(running, anonymous)).status_code == 200
    kept = await running.store.connections.get(running.workspace_id, running.books_id)
    assert kept.account_name == "First Company renamed"


async def test_consent_for_another_company_is_taken_while_nothing_was_carried(
    running: Scene, anonymous: httpx.AsyncClient
):
    for company in (FIRST, SECOND):
        running.accounts.identity = company
        assert (await give_consent(running, anonymous)).status_code == 200
        kept = await running.store.connections.get(running.workspace_id, running.books_id)
        assert (kept.account_key, kept.account_name) == (company.key, company.name)


async def test_consent_is_not_kept_when_its_company_cannot_be_read(scene: Scene, anonymous: httpx.AsyncClient):
    scene.accounts.failure = lambda: Temporary("The books did not answer.")
    answer = await give_consent(scene, anonymous)
    assert answer.status_code == 502
    assert answer.json()["detail"].startswith("The books did not answer. The consent was not kept")
    assert (await scene.client.get(f"/api/v1/connections/{scene.books_id}")).json()["has_consent"] is False


async def test_a_test_that_meets_another_company_stops_the_connection(running: Scene):
    path = f"/api/v1/connections/{running.books_id}"
    running.accounts.identity = FIRST
    assert (await running.client.post(f"{path}/test")).json()["ok"] is True
    await running.list_orders(["1"])
    running.accounts.identity = SECOND
    tested = (await running.client.post(f"{path}/test")).json()
    assert (tested["ok"], tested["code"]) == (False, "another_account")
    shown = (await running.client.get(path)).json()
    assert shown["state"] == "broken"
    assert shown["problem"] == {"code": "connection_expired", "sentence": tested["sentence"]}
    running.accounts.identity = FIRST
    assert (await running.client.post(f"{path}/test")).json()["ok"] is True
    assert (await running.client.get(path)).json()["state"] == "connected"


async def test_a_refused_code_leaves_the_connection_as_it_was(scene: Scene, anonymous: httpx.AsyncClient):
    begun = await scene.client.post(f"/api/v1/connections/{scene.books_id}/authorize")
    state = parse_qs(urlsplit(begun.json()["authorize_url"]).query)["state"][0]
    answer = await anonymous.get("/oauth/callback", params={"state": state, "code": "canary-stolen-code"})
    assert answer.status_code == 502
    assert "canary" not in answer.text
    assert (await scene.client.get(f"/api/v1/connections/{scene.books_id}")).json()["has_consent"] is False


async def test_refused_consent_is_said(scene: Scene, anonymous: httpx.AsyncClient):
    begun = await scene.client.post(f"/api/v1/connections/{scene.books_id}/authorize")
    state = parse_qs(urlsplit(begun.json()["authorize_url"]).query)["state"][0]
    answer = await anonymous.get("/oauth/callback", params={"state": state, "error": "access_denied"})
    assert answer.status_code == 409
    assert "no consent" in answer.json()["detail"]


async def test_a_system_with_keys_asks_for_no_consent(scene: Scene):
    answer = await scene.client.post(f"/api/v1/connections/{scene.shop_id}/authorize")
    assert answer.status_code == 409


async def test_reconnecting_takes_new_secrets_tests_them_and_goes_on(running: Scene):
    path = f"/api/v1/connections/{running.shop_id}/reconnect"
    answer = await running.client.post(path, json={"settings": {"secret_key": "a-new-secret"}})
    assert answer.json()["test"]["ok"] is True
    assert answer.json()["poked"] == {running.integration_id: "told"}
    kept = await running.store.connections.get(running.workspace_id, running.shop_id)
    assert kept.secrets == {"secret_key": "a-new-secret"}
    assert kept.state is ConnectionState.CONNECTED


async def test_reconnecting_with_consent_begins_it_anew(scene: Scene):
    answer = await scene.client.post(f"/api/v1/connections/{scene.books_id}/reconnect", json={})
    assert answer.json()["authorize_url"].startswith("https://books.example.com/authorize?")
    assert answer.json()["test"] is None


async def test_what_was_parked_for_the_connection_is_released(running: Scene):
    items = await running.list_orders(["1"])
    problem = Problem(code=ProblemCode.CONNECTION_EXPIRED, field="connection", value="", sentence="Reconnect.")
    problem_id = await running.store.problems.raise_(running.workspace_id, running.flow_id, problem)
    await running.store.items.begin(running.workspace_id, items["1"])
    parked_at = (await running.store.items.get(running.workspace_id, items["1"])).updated_at
    await running.store.items.park(running.workspace_id, items["1"], problem_id, parked_at)
    await running.client.post(f"/api/v1/connections/{running.shop_id}/test")
    assert (await running.store.items.get(running.workspace_id, items["1"])).state == "ready"
