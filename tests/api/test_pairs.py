"""What a pair of systems is offered: what both declare, and nothing else."""

from typing import Any

import httpx
import pytest

from connectors.records import RecordKind
from connectors.registry import CONNECTORS
from tests.api.scene import Scene

PAIR = "/api/v1/systems/{}/pairs/{}"


async def offered(client: httpx.AsyncClient, system: str, other: str) -> set[tuple[str, str, str]]:
    answer = await client.get(PAIR.format(system, other))
    assert answer.status_code == 200, answer.text
    return {(flow["kind"], flow["source"], flow["target"]) for flow in answer.json()}


async def schema(client: httpx.AsyncClient, source: str, target: str, kind: str) -> dict[str, Any]:
    answer = await client.get(PAIR.format(source, target) + "/flow-schema", params={"kind": kind})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.feature("B2B-05", "SHP-04")
@pytest.mark.parametrize("kind", ["prices", "shipments"])
async def test_a_flow_is_offered_only_when_both_connectors_declare_it(scene: Scene, kind: str):
    assert await offered(scene.client, "ccvshop", "books") == {("orders", "ccvshop", "books")}
    refused = await scene.client.get(PAIR.format("ccvshop", "books") + "/flow-schema", params={"kind": kind})
    assert refused.status_code == 422
    assert (kind, "eaccounting", "ccvshop") in await offered(scene.client, "ccvshop", "eaccounting")
    for source, target in (("ccvshop", "eaccounting"), ("eaccounting", "ccvshop")):
        given = RecordKind(kind) in CONNECTORS[source].record_sources
        taken = RecordKind(kind) in CONNECTORS[target].record_targets
        assert ((kind, source, target) in await offered(scene.client, source, target)) is (given and taken)
    assert kind in refused.json()["detail"]
    for ends in ((scene.shop_id, scene.books_id), (scene.books_id, scene.shop_id)):
        wish = {"kind": kind, "source_connection_id": ends[0], "target_connection_id": ends[1]}
        answer = await scene.client.post(scene.path("flows"), json=wish)
        assert answer.status_code == 422, answer.text
        assert kind in answer.json()["detail"]


async def test_every_pair_is_offered_with_all_that_it_needs(scene: Scene):
    for system in CONNECTORS:
        for other in CONNECTORS:
            for kind, source, target in await offered(scene.client, system, other):
                told = await schema(scene.client, source, target, kind)
                rows = {row["target"] for row in told["mapping"]}
                assert rows <= {field["name"] for field in told["target_fields"]} or kind == "orders"


async def test_a_pairs_choices_are_those_of_its_sides(scene: Scene):
    stock = await schema(scene.client, "eaccounting", "ccvshop", "stock")
    common = stock["common_schema"]["properties"]
    source = CONNECTORS["eaccounting"].record_sources
    calculations = next(side.calculations for kind, side in source.items() if kind == "stock")
    assert common["calculation"]["enum"] == ["", *calculations]
    assert "create" not in common, "stock is never created"
    assert "quantity" in {field["name"] for field in stock["source_fields"]}
    orders = await schema(scene.client, "ccvshop", "books", "orders")
    assert orders["common_schema"]["properties"]["document_type"]["enum"] == ["invoice", "order"]
    products = await schema(scene.client, "eaccounting", "ccvshop", "products")
    assert products["flow"]["mandatory"] == ["Package"]


@pytest.mark.feature("PRD-22")
async def test_pictures_are_no_subject_where_a_side_has_none(scene: Scene):
    told = await schema(scene.client, "eaccounting", "ccvshop", "products")
    assert "largest_photo_mb" not in told["target_schema"]["properties"]
    assert "photos" not in {field["name"] for field in told["target_fields"]}
    assert "photos" not in {row["target"] for row in told["mapping"]}
    back = await schema(scene.client, "ccvshop", "eaccounting", "products")
    assert "images" not in {field["name"] for field in back["source_fields"]}
    both = await schema(scene.client, "ccvshop", "ccvshop", "products")
    assert "largest_photo_mb" in both["target_schema"]["properties"]
    assert "photos" in {field["name"] for field in both["target_fields"]}
