from tests.api.scene import Scene


async def test_systems_tell_what_they_need_and_can(scene: Scene):
    listed = {entry["system"]: entry for entry in (await scene.client.get("/api/v1/systems")).json()}
    books = listed["books"]
    assert books["authentication"] == "oauth"
    assert books["flows"] == [{"kind": "orders", "side": "target", "document_types": ["invoice", "order"]}]
    assert listed["ccvshop"]["authentication"] == "secrets"
    assert listed["ccvshop"]["prerequisites"]


async def test_secrets_are_marked_in_the_settings_schema(scene: Scene):
    schema = (await scene.client.get("/api/v1/systems/ccvshop/settings-schema")).json()
    assert schema["properties"]["secret_key"]["writeOnly"] is True
    assert "writeOnly" not in schema["properties"]["base_url"]
    assert (await scene.client.get("/api/v1/systems/nothing/settings-schema")).status_code == 404


async def test_a_flow_schema_offers_what_the_side_declares(scene: Scene):
    path = "/api/v1/systems/books/flow-schema"
    target = (await scene.client.get(path, params={"kind": "orders", "side": "target"})).json()
    assert target["document_types"] == ["invoice", "order"]
    assert "ledger_account" in target["settings_schema"]["properties"]
    assert "only_paid" in target["common_schema"]["properties"]
    assert target["value_tables"] == {"payment_method": "payment_terms"}
    wrong = await scene.client.get(path, params={"kind": "orders", "side": "source"})
    assert wrong.status_code == 422
    assert "Books" in wrong.json()["detail"]


async def test_capabilities_are_one_table(scene: Scene):
    table = (await scene.client.get("/api/v1/capabilities")).json()
    assert table["books"]["orders: target, order"] is True
    assert table["books"]["orders: source"] is False
