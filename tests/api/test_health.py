from sqlalchemy.exc import OperationalError

from tests.api.scene import Scene


async def test_health_counts_what_calls_for_a_person(running: Scene):
    items = await running.list_orders(["1", "2"])
    await running.park(items.values())
    answer = await running.client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "ok": True,
        "database": True,
        "temporal": True,
        "integrations_running": 1,
        "connections_broken": 0,
        "problems_open": 1,
        "items_parked": 2,
    }


async def test_a_database_that_is_away_is_said(scene: Scene, monkeypatch):
    async def fail(*_: object) -> None:
        raise OperationalError("select", {}, Exception("away"))

    monkeypatch.setattr(scene.store.integrations, "list", fail)
    answer = await scene.client.get("/health")
    assert answer.status_code == 503
    assert answer.json()["database"] is False


async def test_metrics_carry_ids_and_figures_only(scene: Scene):
    items = await scene.list_orders(["1", "2", "3"])
    await scene.park([items["1"]], value="canary-value")
    text = (await scene.client.get("/metrics")).text
    assert f'longshore_items{{flow="{scene.flow_id}",state="parked"}} 1' in text.splitlines()
    assert f'longshore_items{{flow="{scene.flow_id}",state="ready"}} 2' in text.splitlines()
    assert text.endswith("\n")
    for word in ("canary", "Shop", "Books", "R1"):
        assert word not in text
