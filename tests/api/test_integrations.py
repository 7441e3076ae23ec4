import asyncio
from collections import Counter
from urllib.parse import quote

import pytest
from temporalio.client import Client

from api.services import Services
from tests.api.scene import Scene
from workflows.messages import integration_workflow_id


async def test_starting_fifty_times_starts_one(scene: Scene, worker: None, services: Services):
    answers = await asyncio.gather(*(scene.client.post(scene.path("start")) for _ in range(50)))
    assert Counter(answer.status_code for answer in answers) == {200: 50}
    assert answers[0].json()["state"] == "running"
    runs = {
        run.run_id
        async for run in services.temporal.list_workflows(
            f'WorkflowId = "{integration_workflow_id(scene.integration_id)}"'
        )
    }
    assert len(runs) <= 1, "the visibility store may lag, but never shows two"
    described = await services.temporal.get_workflow_handle(integration_workflow_id(scene.integration_id)).describe()
    assert described.status is not None
    assert described.status.name == "RUNNING"


async def test_every_message_reaches_the_workflow(running: Scene):
    one = {"flow_id": running.flow_id}
    for action, body in (
        ("pause", None),
        ("resume", None),
        ("pause", one),
        ("resume", one),
        ("run", None),
        ("run", one),
        ("poke", {}),
    ):
        answer = await running.client.post(running.path(action), json=body)
        assert answer.status_code in {200, 202}, answer.text
        assert answer.json()["engine"] == "told"
    flow = running.flow_id
    assert await running.heard() == [
        "pause",
        "resume",
        f"pause {flow}",
        f"resume {flow}",
        "run_now",
        f"run_now {flow}",
        "poke",
    ]


async def test_a_pause_is_remembered(running: Scene):
    await running.client.post(running.path("pause"))
    paused = await running.client.post(running.path("pause"), json={"flow_id": running.flow_id})
    assert paused.json()["integration"]["paused"] is True
    assert paused.json()["integration"]["flows"][0]["paused"] is True
    resumed = await running.client.post(running.path("resume"))
    assert resumed.json()["integration"]["paused"] is False
    assert resumed.json()["integration"]["flows"][0]["paused"] is True


@pytest.mark.parametrize(
    ("wish", "heard"),
    [
        ({"since": "2025-03-01T00:00:00+01:00"}, '"since":"2025-02-28T23:00:00Z"'),
        ({"source_ids": ["a", "b"]}, '"source_ids":["a","b"]'),
        ({"everything": True}, '"everything":true'),
    ],
)
async def test_resync_says_what_to_read_again(running: Scene, wish: dict[str, object], heard: str):
    answer = await running.client.post(running.path("resync"), json={"flow_id": running.flow_id, **wish})
    assert answer.status_code == 202
    assert await running.heard() == [f'resync {{"flow_id":"{running.flow_id}",{heard}}}']


@pytest.mark.parametrize("wish", [{}, {"everything": True, "source_ids": ["a"]}, {"since": "2025-03-01T00:00:00"}])
async def test_an_unclear_resync_is_refused(running: Scene, wish: dict[str, object]):
    answer = await running.client.post(running.path("resync"), json={"flow_id": running.flow_id, **wish})
    assert answer.status_code == 422
    assert "resync" not in "".join(await running.heard())


async def test_stopping_keeps_every_cursor_and_starting_goes_on(running: Scene):
    await running.list_orders(["1"])
    stopped = await running.client.post(running.path("stop"))
    assert stopped.json()["integration"]["state"] == "stopped"
    handle = running.services.temporal.get_workflow_handle(integration_workflow_id(running.integration_id))
    await handle.result()
    assert stopped.json()["integration"]["flows"][0]["cursor"] == "c1"
    poked = await running.client.post(running.path("poke"))
    assert poked.json() == {"engine": "not_running"}
    refused = await running.client.post(running.path("resync"), json={"flow_id": running.flow_id, "everything": True})
    assert refused.status_code == 409
    again = await running.client.post(running.path("stop"))
    assert again.json()["engine"] == "not_running"
    await running.start()
    assert (await running.client.get(running.path("progress"))).json()["live"] is True


async def test_progress_joins_the_workflows_word_with_the_ledgers_figures(running: Scene):
    items = await running.list_orders(["1", "2", "3"])
    await running.park([items["1"]])
    answer = (await running.client.get(running.path("progress"))).json()
    assert answer["live"] is True
    flow = answer["flows"][0]
    assert (flow["state"], flow["runs"], flow["cursor"]) == ("waiting", 7, "c1")
    assert (flow["listed"], flow["parked"], flow["in_flight"], flow["done"]) == (3, 1, 2, 0)
    assert flow["lag_seconds"] > 0


async def test_without_a_worker_the_ledger_answers_alone(scene: Scene):
    await scene.list_orders(["1"])
    stopped = (await scene.client.get(scene.path("progress"))).json()
    assert stopped["live"] is False
    assert stopped["flows"][0]["state"] == "stopped"
    await scene.start()
    silent = (await scene.client.get(scene.path("progress"))).json()
    assert silent["live"] is False
    assert silent["flows"][0]["state"] == "unknown"
    assert silent["flows"][0]["listed"] == 1


async def test_the_execution_is_found_in_the_temporal_ui(scene: Scene):
    answer = (await scene.client.get(scene.path("execution"))).json()
    workflow_id = quote(f"integration/{scene.integration_id}", safe="")
    assert answer["url"] == f"http://temporal.example.com:8233/namespaces/default/workflows/{workflow_id}"


async def test_a_change_of_time_zone_reaches_the_workflow(running: Scene):
    path = f"/api/v1/integrations/{running.integration_id}"
    answer = await running.client.patch(path, json={"time_zone": "Europe/Lisbon"})
    assert answer.json()["engine"] == "told"
    heard = await running.heard()
    assert heard[-1] == f"reconfigure Europe/Lisbon {running.flow_id}@*/5 * * * *"


async def test_an_integration_is_refused_as_a_whole(scene: Scene):
    body = {"name": "Second", "connection_a_id": scene.shop_id, "connection_b_id": scene.books_id}
    wrong = [scene.flow(settings={"target": {"ledger_account": 0}})]
    answer = await scene.client.post("/api/v1/integrations", json={**body, "flows": wrong})
    assert answer.status_code == 422
    assert "ledger_account" in answer.json()["detail"]
    doubled = await scene.client.post("/api/v1/integrations", json={**body, "flows": [scene.flow(), scene.flow()]})
    assert doubled.status_code == 422
    same = {"connection_a_id": scene.shop_id, "connection_b_id": scene.shop_id}
    assert (await scene.client.post("/api/v1/integrations", json={**body, **same})).status_code == 422
    zone = await scene.client.post("/api/v1/integrations", json={**body, "time_zone": "Mars/Olympus"})
    assert zone.status_code == 422
    assert zone.json()["errors"][0]["field"] == "time_zone"
    assert len((await scene.client.get("/api/v1/integrations")).json()) == 1


async def test_without_a_flow_there_is_nothing_to_start(scene: Scene):
    await scene.client.post(f"/api/v1/flows/{scene.flow_id}/disable")
    assert (await scene.client.post(scene.path("start"))).status_code == 409


class TestWithoutTemporal:
    @pytest.fixture
    def temporal(self, absent_temporal: Client) -> Client:
        return absent_temporal

    async def test_what_must_reach_the_workflow_fails_and_changes_nothing(self, scene: Scene):
        for action in ("start", "stop", "pause"):
            answer = await scene.client.post(scene.path(action))
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"
        kept = (await scene.client.get(f"/api/v1/integrations/{scene.integration_id}")).json()
        assert (kept["state"], kept["paused"]) == ("stopped", False)

    async def test_releases_stay_in_the_ledger(self, scene: Scene):
        items = await scene.list_orders(["1"])
        problem_id = await scene.park(items.values())
        answer = await scene.client.post(f"/api/v1/problems/{problem_id}/release")
        assert answer.status_code == 202
        assert answer.json()["released"] == 1
        assert answer.json()["engine"] == {scene.integration_id: "unreachable"}
        assert (await scene.store.items.get(scene.workspace_id, items["1"])).state == "ready"

    async def test_health_says_which_part_is_away(self, scene: Scene):
        answer = await scene.client.get("/health")
        assert answer.status_code == 503
        assert answer.json()["database"] is True
        assert answer.json()["temporal"] is False
