import json
from datetime import UTC, datetime

from commerce.problems import ProblemCode
from store import ExchangeEntry, ItemState
from tests.api.scene import CUSTOMER, Scene

SOURCE_BODY = '{"id": 1, "total": 10.10, "rate": 0.210000000000000000001, "email": "' + CUSTOMER + '"}'


async def sent_order(scene: Scene) -> str:
    items = await scene.list_orders(["1", "2", "3"])
    item_id = items["1"]
    await scene.store.items.begin(scene.workspace_id, item_id)
    await scene.store.items.save_body(scene.workspace_id, item_id, SOURCE_BODY.encode())
    for attempt, (status, response) in enumerate(
        [(502, "<html>Bad gateway</html>"), (201, '{"Id": "d1", "Sum": 10.10}')]
    ):
        await scene.store.exchanges.record(
            scene.workspace_id,
            ExchangeEntry(
                connection_id=scene.books_id,
                flow_id=scene.flow_id,
                item_id=item_id,
                step="create_document",
                operation="create the order",
                method="POST",
                url="https://books.example.com/orders",
                request='{"Reference": "R1", "Sum": 10.10}',
                response=response,
                attempt=attempt + 1,
                status=status,
                outcome="accepted" if status == 201 else "failed",
                duration_ms=12,
                started_at=datetime.now(UTC),
                settings_version=1,
            ),
        )
    await scene.store.items.finish(
        scene.workspace_id, item_id, state=ItemState.DONE, target_kind="order", target_id="d1", target_number="1001"
    )
    return item_id


async def test_what_happened_to_an_order(scene: Scene):
    item_id = await sent_order(scene)
    found = (await scene.client.get("/api/v1/items", params={"reference": "R1"})).json()
    assert [item["id"] for item in found["items"]] == [item_id]
    answer = await scene.client.get(f"/api/v1/items/{item_id}")
    line = answer.json()
    assert line["item"]["state"] == "done"
    assert line["item"]["target_number"] == "1001"
    assert line["source"]["email"] == CUSTOMER
    first, second = line["exchanges"]
    assert (first["status"], first["attempt"], first["response"]) == (502, 1, "<html>Bad gateway</html>")
    assert (second["status"], second["attempt"]) == (201, 2)
    assert second["request"]["Reference"] == "R1"
    assert second["duration_ms"] == 12
    assert second["settings_version"] == 1
    assert line["events"][0]["kind"] == "listed"
    assert line["execution_url"].endswith(f"workflows/order%2F{scene.integration_id}%2F1")
    assert '"rate":0.210000000000000000001' in answer.text
    assert '"Sum":10.10' in answer.text


async def test_the_time_line_is_exported_as_one_file(scene: Scene):
    item_id = await sent_order(scene)
    file = await scene.client.get(f"/api/v1/items/{item_id}/export")
    assert file.headers["content-disposition"] == f'attachment; filename="{item_id}.json"'
    assert json.loads(file.text) == (await scene.client.get(f"/api/v1/items/{item_id}")).json()


async def test_numbers_beyond_any_amount_are_still_shown(scene: Scene):
    items = await scene.list_orders(["1"])
    await scene.store.items.save_body(scene.workspace_id, items["1"], b'{"total": 1.5e400, "rate": 21.0}')
    answer = await scene.client.get(f"/api/v1/items/{items['1']}")
    assert answer.status_code == 200
    assert answer.json()["source"] == {"total": "1.5E+400", "rate": 21.0}


async def test_items_are_filtered_and_paged(scene: Scene):
    items = await scene.list_orders([str(number) for number in range(7)])
    problem_id = await scene.park([items["3"]])
    parked = (await scene.client.get("/api/v1/items", params={"state": "parked", "flow_id": scene.flow_id})).json()
    assert [item["source_id"] for item in parked["items"]] == ["3"]
    of_problem = (await scene.client.get("/api/v1/items", params={"problem_id": problem_id})).json()
    assert of_problem["items"] == parked["items"]
    seen: list[str] = []
    after: str | None = None
    while True:
        params = {"limit": "3", "integration_id": scene.integration_id, **({"after": after} if after else {})}
        page = (await scene.client.get("/api/v1/items", params=params)).json()
        seen += [item["source_id"] for item in page["items"]]
        after = page["after"]
        if after is None:
            break
    assert sorted(seen) == [str(number) for number in range(7)]
    later = await scene.client.get("/api/v1/items", params={"since": "2025-03-02T00:00:00Z"})
    assert later.json()["items"] == []
    assert (await scene.client.get("/api/v1/items", params={"limit": 201})).status_code == 422


async def test_retry_releases_pokes_and_is_harmless_twice(running: Scene):
    items = await running.list_orders(["1"])
    await running.park(items.values())
    first = await running.client.post(f"/api/v1/items/{items['1']}/retry")
    assert first.status_code == 202
    assert first.json() == {"released": 1, "engine": {running.integration_id: "told"}, "note": ""}
    second = await running.client.post(f"/api/v1/items/{items['1']}/retry")
    assert second.json()["released"] == 0
    assert "ready" in second.json()["note"]
    assert await running.heard() == [f"poke {running.flow_id}"] * 2


async def test_many_are_released_by_id_or_by_what_they_share(running: Scene):
    items = await running.list_orders(["1", "2", "3", "4"])
    await running.park([items["1"], items["2"]])
    other = await running.park([items["3"], items["4"]], value="paypal")
    path = "/api/v1/items/retry"
    by_id = await running.client.post(path, json={"item_ids": [items["1"], items["1"]]})
    assert by_id.json()["released"] == 1
    by_problem = await running.client.post(path, json={"filter": {"problem_id": other}})
    assert by_problem.json()["released"] == 2
    by_flow = await running.client.post(path, json={"filter": {"flow_id": running.flow_id}})
    assert by_flow.json()["released"] == 1
    both = {"item_ids": [items["1"]], "filter": {"flow_id": running.flow_id}}
    nothing: dict[str, object] = {}
    for unclear in (nothing, {"filter": nothing}, both):
        assert (await running.client.post(path, json=unclear)).status_code == 422


async def test_a_skip_needs_a_reason_that_stays(scene: Scene):
    items = await scene.list_orders(["1"])
    await scene.park(items.values())
    path = f"/api/v1/items/{items['1']}/skip"
    for empty in ({}, {"reason": ""}, {"reason": "   "}):
        assert (await scene.client.post(path, json=empty)).status_code == 422
    skipped = await scene.client.post(path, json={"reason": "Paid in the shop."})
    assert skipped.json()["state"] == "skipped"
    assert skipped.json()["reason"] == "skipped_by_person"
    events = (await scene.client.get(f"/api/v1/items/{items['1']}")).json()["events"]
    assert events[-1]["text"] == "Paid in the shop."
    again = await scene.client.post(path, json={"reason": "Once more."})
    assert again.status_code == 409
    assert "skipped" in again.json()["detail"]


async def test_problems_are_causes_with_a_number(running: Scene):
    items = await running.list_orders(["1", "2", "3"])
    problem_id = await running.park([items["1"], items["2"], items["3"]])
    [problem] = (await running.client.get("/api/v1/problems")).json()
    assert problem["id"] == problem_id
    assert problem["items"] == 3
    assert problem["code"] == ProblemCode.UNMAPPED_VALUE
    assert "Map it" in problem["sentence"]
    line = (await running.client.get(f"/api/v1/items/{items['1']}")).json()
    assert line["problem"]["sentence"] == problem["sentence"]
    released = await running.client.post(f"/api/v1/problems/{problem_id}/release")
    assert released.json()["released"] == 3
    assert (await running.client.get(f"/api/v1/problems/{problem_id}")).json()["items"] == 0
    assert await running.heard() == [f"poke {running.flow_id}"]
