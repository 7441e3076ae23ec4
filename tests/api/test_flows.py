import pytest

from connectors.errors import Temporary
from tests.api.scene import Scene


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"orders": {"document_type": "quote"}}, "document_type"),
        ({"orders": {"document_typ": "order"}}, "document_typ"),
        ({"orders": {"statuses": ["999"]}}, "statuses"),
        ({"target": {"ledger_account": "many"}}, "ledger_account"),
        ({"destination": {}}, "destination"),
    ],
)
async def test_settings_that_do_not_fit_are_refused_by_name(scene: Scene, settings: dict[str, object], named: str):
    answer = await scene.client.patch(f"/api/v1/flows/{scene.flow_id}", json={"settings": settings})
    assert answer.status_code == 422
    assert named in answer.json()["detail"]
    kept = (await scene.client.get(f"/api/v1/flows/{scene.flow_id}")).json()
    assert kept["settings_version"] == 1


async def test_a_flow_goes_where_its_systems_can(scene: Scene):
    backwards = scene.flow(source_connection_id=scene.books_id, target_connection_id=scene.shop_id)
    answer = await scene.client.post(scene.path("flows"), json=backwards)
    assert answer.status_code == 422
    assert "Books does not hand out orders" in answer.json()["detail"]
    elsewhere = scene.flow(target_connection_id="con_elsewhere")
    assert (await scene.client.post(scene.path("flows"), json=elsewhere)).status_code == 422
    again = await scene.client.post(scene.path("flows"), json=scene.flow())
    assert again.status_code == 409


@pytest.mark.parametrize("schedule", ["often", "* * * *", "61 * * * *", "0 0 31 2 *"])
async def test_a_schedule_must_come_round(scene: Scene, schedule: str):
    answer = await scene.client.patch(f"/api/v1/flows/{scene.flow_id}", json={"schedule": schedule})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "schedule"


async def test_a_change_gets_a_version_keeps_the_place_and_reaches_the_workflow(running: Scene):
    await running.list_orders(["1"])
    change = {"schedule": "0 * * * *", "settings": {"orders": {"document_type": "invoice"}}}
    answer = (await running.client.patch(f"/api/v1/flows/{running.flow_id}", json=change)).json()
    assert answer["flow"]["settings_version"] == 2
    assert answer["flow"]["cursor"] == "c1"
    assert answer["engine"] == "told"
    again = await running.client.patch(
        f"/api/v1/flows/{running.flow_id}", json={"settings": {"target": {"ledger_account": 8010}}}
    )
    assert again.json()["flow"]["settings"] == {
        "orders": {"document_type": "invoice"},
        "target": {"ledger_account": 8010},
    }
    heard = await running.heard()
    assert heard[-1] == f"reconfigure Europe/Amsterdam {running.flow_id}@0 * * * *"


async def test_a_flow_is_switched_off_and_on(running: Scene):
    off = await running.client.post(f"/api/v1/flows/{running.flow_id}/disable")
    assert off.json()["flow"]["enabled"] is False
    assert (await running.heard())[-1] == "reconfigure Europe/Amsterdam"
    on = await running.client.post(f"/api/v1/flows/{running.flow_id}/enable")
    assert on.json()["flow"]["enabled"] is True


async def test_a_stopped_integration_is_not_told(scene: Scene):
    answer = await scene.client.post(f"/api/v1/flows/{scene.flow_id}/enable")
    assert answer.json()["engine"] == "not_running"


async def test_saving_the_missing_row_releases_all_that_waited(running: Scene):
    items = await running.list_orders(["1", "2", "3"])
    await running.park([items["1"], items["2"]], value="ideal")
    await running.park([items["3"]], value="paypal")
    path = f"/api/v1/flows/{running.flow_id}/values/payment_method"
    row = {"source_value": "ideal", "target_value": "30"}
    saved = await running.client.put(path, json=row)
    assert saved.json() == {"released": 2, "engine": "told"}
    assert await running.heard() == [f"poke {running.flow_id}"]
    again = await running.client.put(path, json=row)
    assert again.json()["released"] == 0
    states = {item: (await running.store.items.get(running.workspace_id, item)).state for item in items.values()}
    assert states == {items["1"]: "ready", items["2"]: "ready", items["3"]: "parked"}
    problems = (await running.client.get("/api/v1/problems")).json()
    [left] = [problem for problem in problems if problem["items"]]
    assert left["value"] == "paypal"


async def test_value_tables_come_with_the_choices_of_both_sides(scene: Scene):
    path = f"/api/v1/flows/{scene.flow_id}/values"
    await scene.client.put(f"{path}/payment_method", json={"source_value": "ideal", "target_value": "30"})
    [plain] = (await scene.client.get(path)).json()
    assert plain["values"] == {"ideal": "30"}
    assert plain["source_choices"] is None
    [full] = (await scene.client.get(path, params={"choices": True})).json()
    assert full["source_choices"] == [{"value": "1", "label": "First of payment_methods"}]
    assert full["target_choices"] == [{"value": "1", "label": "First of payment_terms"}]
    scene.accounts.failure = lambda: Temporary("The shop did not answer.")
    [partly] = (await scene.client.get(path, params={"choices": True})).json()
    assert partly["values"] == {"ideal": "30"}
    assert partly["unavailable"] == ["The shop did not answer."] * 2


async def test_a_row_is_removed_and_unknown_ones_are_named(scene: Scene):
    path = f"/api/v1/flows/{scene.flow_id}/values/payment_method"
    await scene.client.put(path, json={"source_value": "ideal", "target_value": "30"})
    removed = await scene.client.delete(path, params={"source_value": "ideal"})
    assert removed.status_code == 204
    assert (await scene.client.delete(path, params={"source_value": "ideal"})).status_code == 404
    unknown = await scene.client.put(
        f"/api/v1/flows/{scene.flow_id}/values/colour", json={"source_value": "a", "target_value": "b"}
    )
    assert unknown.status_code == 404
    assert "payment_method" in unknown.json()["detail"]


async def test_a_flow_without_a_ledger_is_deleted_when_it_is_off(scene: Scene):
    path = f"/api/v1/flows/{scene.flow_id}"
    await scene.client.put(f"{path}/values/payment_method", json={"source_value": "ideal", "target_value": "30"})
    assert (await scene.client.delete(path)).status_code == 409
    await scene.client.post(f"{path}/disable")
    assert (await scene.client.delete(path)).status_code == 204
    assert (await scene.client.get(path)).status_code == 404
    again = await scene.client.post(scene.path("flows"), json=scene.flow())
    assert again.status_code == 201


async def test_a_flow_with_a_ledger_stays(scene: Scene):
    await scene.list_orders(["1"])
    path = f"/api/v1/flows/{scene.flow_id}"
    await scene.client.post(f"{path}/disable")
    refused = await scene.client.delete(path)
    assert refused.status_code == 409
    assert "ledger" in refused.json()["detail"]
    assert (await scene.client.get(path)).status_code == 200
