"""Previews, back-tests and differences as the API gives them, and retries that choose their settings."""

import json
from decimal import Decimal

from httpx import AsyncClient

from tests.api.scene import Scene


async def test_a_preview_says_per_record_what_a_run_would_do(client: AsyncClient, scene: Scene):
    answer = await client.post(f"/api/v1/flows/{scene.flow_id}/preview", json={"since": "2026-11-15T00:00:00+01:00"})
    assert answer.status_code == 200
    made = json.loads(answer.text, parse_float=Decimal)
    assert (made["summary"], made["next_page"]) == ({"create": 1, "problem": 1}, "2")
    created, refused = made["records"]
    assert created["body"] == {
        "Price": Decimal("1.10"),
        "ShippedAt": "2026-11-20T10:11:00+00:00",
        "Labels": ["a", "b"],
    }
    assert created["differences"] == {"Price": {"at_target": None, "would_become": Decimal("1.10")}}
    assert created["calls"][0]["path"] == "/records"
    assert refused["problems"][0]["sentence"] == "Record B has no SKU."


async def test_a_preview_is_of_one_kind(client: AsyncClient, scene: Scene):
    path = f"/api/v1/flows/{scene.flow_id}/preview"
    for wish in (
        {"source_id": "1", "since": "2026-11-15T00:00:00Z"},
        {"page": "2"},
        {"limit": 101},
        {"reference": ""},
    ):
        answer = await client.post(path, json=wish)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (await client.post("/api/v1/flows/flw_0/preview", json={})).status_code == 404


async def test_a_back_test_shows_what_differs_and_counts_the_rest(client: AsyncClient, scene: Scene):
    path = f"/api/v1/flows/{scene.flow_id}/back-test"
    made = (await client.post(path, json={"mapping": [{"target": "Price", "expression": "none"}]})).json()
    assert (made["alike"], made["unread"]) == (1, 3)
    assert [item["differences"] for item in made["items"]] == [{"Price": {"before": 1.10, "after": None}}]
    refused = await client.post(path, json={"mapping": [{"target": "unknown", "expression": "none"}]})
    assert (refused.status_code, "unknown" in refused.json()["detail"]) == (422, True)


async def test_a_retry_chooses_its_settings(client: AsyncClient, scene: Scene):
    items = await scene.list_orders(["1", "2"])
    await scene.park(items.values())
    store, workspace = scene.services.store, scene.workspace_id
    then = (await store.flows.get(workspace, scene.flow_id)).settings_version
    await store.flows.update_settings(workspace, scene.flow_id, {"orders": {"only_paid": True}})
    await scene.park(items.values())
    difference = (await client.get(f"/api/v1/items/{items['1']}/difference")).json()
    assert (difference["as_it_was"], difference["item"]["differences"]) == (
        then,
        {"Name": {"before": "a", "after": "b"}},
    )
    for item_id, wish in ((items["1"], {"settings": "as_it_was"}), (items["2"], None)):
        released = await client.post(f"/api/v1/items/{item_id}/retry", json=wish)
        assert released.json()["released"] == 1
    pinned = {name: (await store.items.get(workspace, item_id)).pinned_version for name, item_id in items.items()}
    assert pinned == {"1": then, "2": None}
    unknown = await client.post(f"/api/v1/items/{items['1']}/retry", json={"settings": "tomorrow"})
    assert unknown.status_code == 422
