import logging

import httpx
import pytest

from api.problem_documents import MEDIA_TYPE
from tests.api.scene import CUSTOMER, Scene

MEMBERS = {"type", "title", "status", "detail", "instance", "errors"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing-here", None, 404),
        ("DELETE", "/api/v1/systems", None, 405),
        ("GET", "/api/v1/connections/con_0", None, 404),
        ("GET", "/api/v1/connections/NOT-AN-ID", None, 422),
        ("POST", "/api/v1/connections", {"canary": CUSTOMER}, 422),
        ("POST", "/api/v1/connections", [CUSTOMER], 422),
        ("POST", "/api/v1/integrations", {"name": {"canary": CUSTOMER}, "time_zone": CUSTOMER}, 422),
        ("GET", f"/api/v1/items?since={CUSTOMER}&state={CUSTOMER}&limit={CUSTOMER}", None, 422),
        ("GET", "/api/v1/items?reference=%00", None, 422),
    ],
)
async def test_every_error_is_a_problem_document_without_the_values(
    client: httpx.AsyncClient, method: str, path: str, body: object, status: int
):
    answer = await client.request(method, path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == MEDIA_TYPE
    document = answer.json()
    assert set(document) == MEMBERS
    assert document["status"] == status
    assert document["instance"] == path.partition("?")[0]
    assert CUSTOMER not in answer.text


async def test_a_body_that_is_not_json_is_not_quoted(client: httpx.AsyncClient):
    answer = await client.post(
        "/api/v1/connections", content=f'{{"secret": "{CUSTOMER}', headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert CUSTOMER not in answer.text


async def test_the_last_resort_quotes_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"unexpected order of {CUSTOMER}")

    monkeypatch.setattr(scene.store.items, "search", fail)
    with caplog.at_level(logging.DEBUG):
        answer = await scene.client.get("/api/v1/items", params={"reference": CUSTOMER})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert set(answer.json()) == MEMBERS
    assert CUSTOMER not in answer.text
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("api"))
    assert "RuntimeError" in logged
    assert CUSTOMER not in logged
