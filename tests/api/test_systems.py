import pytest

from connectors.pairs import side_models
from connectors.records import RecordKind
from connectors.registry import CONNECTORS
from docs.generate import capability_table
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


async def test_a_record_sides_schema_has_what_it_declares(scene: Scene):
    path = "/api/v1/systems/eaccounting/flow-schema"
    stock = (await scene.client.get(path, params={"kind": "stock", "side": "source"})).json()
    declared = CONNECTORS["eaccounting"].record_sources[RecordKind.STOCK]
    assert stock["calculations"] == declared.calculations
    assert stock["default_calculation"] in stock["calculations"]
    assert "subtract_orders" in stock["common_schema"]["properties"]
    shop = "/api/v1/systems/ccvshop/flow-schema"
    products = (await scene.client.get(shop, params={"kind": "products", "side": "target"})).json()
    names = {field["name"]: field for field in products["fields"]}
    assert names["name"]["required"] is True
    assert names["price"]["kind"] == "money"
    assert products["identifiers"] == ["ean", "sku"]
    assert "archive" in products["removals"]
    books = "/api/v1/systems/books/flow-schema"
    shipments = await scene.client.get(books, params={"kind": "shipments", "side": "target"})
    assert shipments.status_code == 422


@pytest.mark.feature("WIZ-13")
async def test_the_capability_matrix_is_what_the_connectors_declare(scene: Scene):
    table = (await scene.client.get("/api/v1/capabilities")).json()
    assert table.keys() == CONNECTORS.keys()
    for system, connector in CONNECTORS.items():
        for kind in RecordKind:
            assert table[system][f"{kind}: source"] is (kind in connector.record_sources)
            assert table[system][f"{kind}: target"] is (kind in connector.record_targets)
        assert table[system]["orders: source"] is (connector.order_source is not None)
    page = capability_table(CONNECTORS.values()).splitlines()
    assert len(page) == 2 + len(CONNECTORS)
    [row] = [line for line in page if line.startswith("| Books ")]
    assert row == "| Books | 1 | - | invoice, order | - | - | - | - | - |"


def test_every_live_list_that_is_named_exists():
    for connector in CONNECTORS.values():
        sources, targets = connector.record_sources.values(), connector.record_targets.values()
        tables = [side.value_tables for side in sources] + [side.value_tables for side in targets]
        fields = [side.fields for side in sources] + [side.fields for side in targets]
        named = {name for table in tables for name in table.values()}
        named |= {field.choices for declared in fields for field in declared}
        for side in (connector.order_source, connector.order_target):
            named |= set(side.value_tables.values()) if side else set()
        for model in side_models(connector):
            named |= {setting.get("choices", "") for setting in model.model_json_schema()["properties"].values()}
        assert named - {""} <= connector.choices.keys(), connector.title
