import re

import httpx
import pytest
from fastapi import FastAPI

from api.authentication import SESSION_COOKIE
from api.problem_documents import MEDIA_TYPE
from store import Store
from tests.api.conftest import ADDRESS
from tests.api.scene import Scene

HIDDEN = [
    ("get", "/"),
    ("get", "/docs"),
    ("get", "/openapi.json"),
    ("get", "/redoc"),
    ("get", "/nothing-here"),
    ("post", "/codec/decode"),
    ("options", "/codec/decode"),
]


async def test_nothing_answers_without_a_token(app: FastAPI, anonymous: httpx.AsyncClient):
    documented = [
        (method, re.sub(r"\{[^}]*\}", "x_1", path))
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    ]
    assert len(documented) > 40
    for method, path in [*documented, *HIDDEN]:
        answer = await anonymous.request(method, path, params={"state": "guess"} if path == "/oauth/callback" else None)
        assert answer.status_code == 401, (method, path)
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["status"] == 401


@pytest.mark.parametrize("authorization", ["Bearer wrong", "Bearer ", "Basic eDp5", "Bearer"])
async def test_another_token_is_no_token(anonymous: httpx.AsyncClient, authorization: str):
    answer = await anonymous.get("/api/v1/systems", headers={"Authorization": authorization})
    assert answer.status_code == 401


async def test_the_link_sets_a_session_and_leaves_the_token_behind(anonymous: httpx.AsyncClient, token: str):
    entered = await anonymous.get("/", params={"token": token})
    assert entered.status_code == 303
    assert entered.headers["location"] == "/docs"
    cookie = entered.headers["set-cookie"]
    assert cookie.startswith(f"{SESSION_COOKIE}=")
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert (await anonymous.get("/docs")).status_code == 200
    assert (await anonymous.get("/api/v1/systems")).status_code == 200


async def test_a_wrong_link_sets_nothing(anonymous: httpx.AsyncClient):
    answer = await anonymous.get("/", params={"token": "wrong"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, False),
        ({"Origin": "https://evil.example.com"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "https://evil.example.com", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": ADDRESS}, True),
    ],
)
async def test_changes_by_session_come_from_this_site_only(
    scene: Scene, anonymous: httpx.AsyncClient, token: str, headers: dict[str, str], allowed: bool
):
    await anonymous.get("/", params={"token": token})
    path = f"/api/v1/integrations/{scene.integration_id}"
    answer = await anonymous.patch(path, json={"name": "Renamed"}, headers=headers)
    assert answer.status_code == (200 if allowed else 403)
    name = (await scene.client.get(path)).json()["name"]
    assert (name == "Renamed") is allowed


async def test_one_workspace_sees_nothing_of_another(scene: Scene, anonymous: httpx.AsyncClient, store: Store):
    items = await scene.list_orders(["1"])
    problem_id = await scene.park(items.values())
    other = await store.workspaces.create("Other")
    headers = {"Authorization": f"Bearer {await store.workspaces.issue_token(other, 'test')}"}
    for path in (
        f"/api/v1/connections/{scene.shop_id}",
        f"/api/v1/integrations/{scene.integration_id}",
        f"/api/v1/integrations/{scene.integration_id}/progress",
        f"/api/v1/flows/{scene.flow_id}",
        f"/api/v1/flows/{scene.flow_id}/values",
        f"/api/v1/items/{items['1']}",
        f"/api/v1/problems/{problem_id}",
    ):
        assert (await anonymous.get(path, headers=headers)).status_code == 404, path
    for path in (
        f"/api/v1/connections/{scene.shop_id}/test",
        f"/api/v1/connections/{scene.books_id}/authorize",
        f"/api/v1/integrations/{scene.integration_id}/start",
        f"/api/v1/integrations/{scene.integration_id}/stop",
        f"/api/v1/integrations/{scene.integration_id}/poke",
        f"/api/v1/flows/{scene.flow_id}/disable",
        f"/api/v1/items/{items['1']}/retry",
        f"/api/v1/problems/{problem_id}/release",
    ):
        assert (await anonymous.post(path, headers=headers)).status_code == 404, path
    for listing in ("connections", "integrations", "problems"):
        assert (await anonymous.get(f"/api/v1/{listing}", headers=headers)).json() == []
    assert (await anonymous.get("/api/v1/items", headers=headers)).json()["items"] == []
    assert scene.flow_id not in (await anonymous.get("/metrics", headers=headers)).text
