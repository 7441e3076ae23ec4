"""Settings of an integration for all its flows, and settings without which a flow stays off."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from store import RecordEntry
from tests.api.scene import Scene

ARTICLES = {"21": "ROUND21", "0": "ROUND0"}


@pytest_asyncio.fixture
async def real(scene: Scene) -> Scene:
    """The scene with eAccounting in the place of the made-up books, and no flow yet."""
    credentials = {"client_id": "client", "client_secret": "canary-secret-9"}
    made = replace(scene, books_id=await scene.connection("eaccounting", "Real books", credentials))
    ends = {"connection_a_id": made.shop_id, "connection_b_id": made.books_id}
    answer = await made.client.post("/api/v1/integrations", json={"name": "Real", **ends})
    made.integration_id = answer.json()["id"]
    return made


async def added(scene: Scene, kind: str, *, back: bool = False, status: int = 201, **changes: Any) -> dict[str, Any]:
    ends = (scene.books_id, scene.shop_id) if back else (scene.shop_id, scene.books_id)
    wish = {"kind": kind, "source_connection_id": ends[0], "target_connection_id": ends[1], **changes}
    answer = await scene.client.post(scene.path("flows"), json=wish)
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body["flow"] if status == 201 else body


async def move(
    scene: Scene, flow_id: str, *, records: int, next_page: str | None, began: datetime | None = None, **options: Any
) -> None:
    """One page of a read, as the engine writes it down."""
    run = await scene.store.flows.begin_run(scene.workspace_id, flow_id, now=began or datetime.now(UTC))
    entries = [
        RecordEntry(source_id=f"{run.page}-{n}", reference="r", fingerprint="f", body=b"{}") for n in range(records)
    ]
    await scene.store.record_pages.save_page(
        scene.workspace_id,
        flow_id,
        entries,
        next_page=next_page,
        cursor="c1",
        whole=True,
        read_number=run.read_number,
        read_at=datetime.now(UTC),
        **options,
    )


@pytest.mark.feature("ORD-33")
async def test_a_flow_with_an_empty_mandatory_setting_stays_off(real: Scene):
    refused = await added(real, "orders", status=422)
    assert "“Rounding article”" in refused["detail"]
    flow = await added(real, "orders", enabled=False)
    path = f"/api/v1/flows/{flow['id']}"
    conflict = await real.client.post(f"{path}/enable")
    assert conflict.status_code == 409
    assert "“Rounding article”" in conflict.json()["detail"]
    assert (await real.client.get(path)).json()["enabled"] is False
    settings = {"target": {"rounding_article": ARTICLES}}
    assert (await real.client.patch(path, json={"settings": settings})).status_code == 200
    assert (await real.client.post(f"{path}/enable")).json()["flow"]["enabled"] is True
    emptied = await real.client.patch(path, json={"settings": {"target": {}}})
    assert emptied.status_code == 422
    assert emptied.json()["errors"] == [{"field": "settings", "detail": "Rounding article is empty."}]


async def test_customers_need_what_the_books_require(real: Scene):
    refused = await added(real, "customers", status=422)
    assert "“Terms of payment”" in refused["detail"]
    await added(real, "customers", settings={"target": {"terms_of_payment": "30"}})


async def test_what_the_integration_says_counts_for_its_flows(real: Scene):
    path = f"/api/v1/integrations/{real.integration_id}"
    shared = {real.books_id: {"terms_of_payment": "30", "rounding_article": ARTICLES, "unit": "7"}}
    changed = await real.client.patch(path, json={"settings": shared})
    assert changed.json()["integration"]["settings"] == shared
    orders = await added(real, "orders")
    products = await added(real, "products", settings={"target": {"unit": "8"}})
    for flow in (orders, products):
        assert (await real.store.flows.get(real.workspace_id, flow["id"])).shared == {"target": shared[real.books_id]}
    emptied = await real.client.patch(path, json={"settings": {real.books_id: {"unit": "9"}}})
    assert emptied.status_code == 422, "the orders flow is on and has no rounding article of its own"
    again = {real.books_id: {**shared[real.books_id], "unit": "9"}}
    for _ in range(2):
        assert (await real.client.patch(path, json={"settings": again})).status_code == 200
    versions = [(await real.client.get(f"/api/v1/flows/{flow['id']}")).json() for flow in (orders, products)]
    assert [flow["settings_version"] for flow in versions] == [2, 2], "the same settings again are no new version"


async def test_shared_settings_reach_the_workflow_and_release_what_waits(running: Scene):
    items = await running.list_orders(["1"])
    await running.park(items.values())
    path = f"/api/v1/integrations/{running.integration_id}"
    answer = await running.client.patch(path, json={"settings": {running.books_id: {"ledger_account": 8010}}})
    assert answer.json()["engine"] == "told"
    assert (await running.heard())[-1] == "poke"
    flow = await running.store.flows.get(running.workspace_id, running.flow_id)
    assert (flow.settings_version, flow.cursor) == (2, "c1"), "orders are not read again"
    assert (await running.store.items.get(running.workspace_id, items["1"])).state == "ready"


async def test_shared_settings_and_the_versions_of_all_flows_are_kept_together_or_not_at_all(
    running: Scene, monkeypatch: pytest.MonkeyPatch
):
    items = await running.list_orders(["1"])
    await running.park(items.values())
    store, workspace_id = running.store, running.workspace_id
    before = await store.integrations.get(workspace_id, running.integration_id)

    async def broken(*_: Any, **__: Any) -> None:
        raise ConnectionResetError

    path, wish = f"/api/v1/integrations/{running.integration_id}", {running.books_id: {"ledger_account": 8010}}
    with monkeypatch.context() as trouble:
        trouble.setattr("store.flows.release_rows", broken)
        failed = await running.client.patch(path, json={"name": "Other", "settings": wish})
    assert failed.status_code == 500
    assert await store.integrations.get(workspace_id, running.integration_id) == before
    assert (await store.flows.get(workspace_id, running.flow_id)).settings_version == 1
    assert (await running.client.patch(path, json={"settings": wish})).status_code == 200
    assert (await store.flows.get(workspace_id, running.flow_id)).settings_version == 2


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"ledger_acount": 8010}, "ledger_acount"), ({"ledger_account": "many"}, "ledger_account")],
)
async def test_shared_settings_that_do_not_fit_are_refused_by_name(scene: Scene, settings: Any, named: str):
    path = f"/api/v1/integrations/{scene.integration_id}"
    answer = await scene.client.patch(path, json={"settings": {scene.books_id: settings}})
    assert answer.status_code == 422
    assert named in answer.json()["detail"]
    elsewhere = await scene.client.patch(path, json={"settings": {"con_elsewhere": {}}})
    assert elsewhere.status_code == 422
    own = await scene.client.patch(f"/api/v1/flows/{scene.flow_id}", json={"settings": {"shared": {}}})
    assert own.status_code == 422
    told = (await scene.client.get("/api/v1/systems/books/shared-schema")).json()
    assert set(told["properties"]) == {"ledger_account"}


async def test_a_new_integration_may_have_shared_settings(scene: Scene):
    ends = {"connection_a_id": scene.shop_id, "connection_b_id": scene.books_id}
    settings = {scene.books_id: {"ledger_account": 8020}}
    made = await scene.client.post("/api/v1/integrations", json={"name": "Second", **ends, "settings": settings})
    assert made.json()["settings"] == settings


async def test_a_flow_without_a_schedule_gets_its_sources(real: Scene):
    flow = await added(real, "stock", back=True)
    told = await real.client.get("/api/v1/systems/eaccounting/flow-schema", params={"kind": "stock", "side": "source"})
    assert flow["schedule"] == told.json()["schedule"]
    own = await added(real, "stock", schedule="0 3 * * *")
    assert own["schedule"] == "0 3 * * *"


async def test_a_row_of_a_flow_in_pages_lets_it_read_again(real: Scene):
    prices = await added(real, "prices", back=True)
    path = f"/api/v1/flows/{prices['id']}"
    await move(real, prices["id"], records=1, next_page=None)
    saved = await real.client.put(f"{path}/values/customer_group", json={"source_value": "p1", "target_value": "2"})
    assert saved.status_code == 200, saved.text
    assert (await real.client.get(path)).json()["cursor"] is None
    tables = (await real.client.get(f"{path}/values", params={"choices": True})).json()
    [groups] = [table for table in tables if table["table"] == "customer_group"]
    assert groups["source_choices"] == [{"value": "1", "label": "First of price_lists"}]
    assert groups["target_choices"] == [{"value": "1", "label": "First of user_groups"}]


async def test_progress_of_a_read_has_total_rate_and_time_left(real: Scene):
    flow = await added(real, "stock", back=True)
    began = datetime.now(UTC) - timedelta(minutes=2)
    await move(real, flow["id"], records=100, next_page="2", total=400, began=began, unsupported={"agreements": 3})
    [standing] = (await real.client.get(real.path("progress"))).json()["flows"]
    reading = standing["reading"]
    assert (reading["records"], reading["total"]) == (100, 400)
    assert reading["per_minute"] == pytest.approx(50, rel=0.2)
    assert reading["seconds_left"] == pytest.approx(360, rel=0.2)
    assert standing["unsupported"] == {"agreements": 3}
    await move(real, flow["id"], records=300, next_page=None)
    [done] = (await real.client.get(real.path("progress"))).json()["flows"]
    assert done["reading"] is None
