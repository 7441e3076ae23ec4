"""What cannot go on waits in the ledger, and goes on after the fix."""

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Payloads
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey

from tests.durability.support import worker_process
from tests.shop_orders import shop_order, shop_row
from tests.waiting import eventually
from tests.world import World, world

EVERY_SECOND = "* * * * * *"
SAME = {"email": "buyer@example.nl"}


def of_lamps(number: int, **members: Any) -> dict[str, Any]:
    """An order of an article that the books do not have."""
    return shop_order(number, rows=[shop_row("LAMP", 1, Decimal(30))], **members)


async def until(world: World, **counts: int) -> dict[str, Any]:
    """Wait until the flow's figures are these."""

    async def check() -> dict[str, Any] | None:
        standing = await world.standing()
        return standing if all(standing[name] == count for name, count in counts.items()) else None

    return await eventually(check) or {}


async def failure_without_keys(world: World, source_id: str) -> Failure:
    """The last failure of the order's execution, as one sees it who has no keys."""
    client = await Client.connect(world.settings.temporal_address)
    handle = client.get_workflow_handle(world.order_execution(source_id).id)

    async def failed() -> bool:
        return (await handle.describe()).status is WorkflowExecutionStatus.FAILED

    await eventually(failed)
    history = await handle.fetch_history()
    assert all(b"LAMP" not in event.SerializeToString() for event in history.events)
    return history.events[-1].workflow_execution_failed_event_attributes.failure


async def read_through_the_codec(world: World, failure: Failure) -> dict[str, Any]:
    """What the Temporal UI shows of an encoded failure, by way of the codec endpoint."""
    body = MessageToDict(Payloads(payloads=[failure.encoded_attributes]))
    token = world.settings.codec_token.get_secret_value()
    answer = await world.api_client.post(f"/codec/{token}/decode", json=body, headers={"authorization": ""})
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = json.loads(base64.b64decode(answer.json()["payloads"][0]["data"]))
    return shown


@pytest.mark.feature("D4")
async def test_an_unknown_article_parks_its_order_until_the_article_exists(small_world: World):
    """The sentence is readable in Temporal through the codec only; the release needs no click."""
    await small_world.integrate(schedule=EVERY_SECOND)
    await small_world.shop.load({"orders": [of_lamps(1001, customer=SAME), shop_order(1002, customer=SAME)]})
    await until(small_world, listed=2, done=1, parked=1)
    [problem] = await small_world.problems()
    assert (problem["code"], problem["value"], problem["items"]) == ("unknown_product", "LAMP", 1)
    failure = await failure_without_keys(small_world, "1001")
    assert failure.message == "Encoded failure"
    shown = await read_through_the_codec(small_world, failure)
    assert shown["message"] == problem["sentence"]
    assert all(part in problem["sentence"] for part in ("1001", "SKU", "LAMP", "Create it there"))
    described = await small_world.order_execution("1001").describe()
    assert (
        described.typed_search_attributes.get(SearchAttributeKey.for_keyword("LongshoreProblem")) == "unknown_product"
    )

    await small_world.stock_up("LAMP")
    standing = await until(small_world, listed=2, done=2, parked=0)
    assert standing["released"] == 1
    assert sorted(document["BuyersOrderReference"] for document in await small_world.documents()) == ["1001", "1002"]
    kinds = [event["kind"] for event in (await small_world.item("1001"))["events"]]
    assert [kind for kind in kinds if kind in {"parked", "released", "finished"}] == ["parked", "released", "finished"]


async def test_a_parked_order_that_changes_at_the_source_releases_itself(small_world: World):
    await small_world.integrate(schedule=EVERY_SECOND)
    await small_world.shop.load({"orders": [shop_order(1001, address={"city": ""})]})
    await until(small_world, parked=1)
    [problem] = await small_world.problems()
    assert problem["code"] == "missing_field"
    await small_world.shop.patch("orders", 1001, {"customer": {"billingaddress": {"city": "Utrecht"}}})
    await until(small_world, done=1, parked=0)
    assert len(await small_world.documents()) == 1


@pytest.mark.feature("MON-04")
async def test_after_a_setting_is_corrected_a_retry_succeeds_without_a_restart(small_world: World):
    await small_world.integrate(target={"shipping_article": {}})
    await small_world.shop.load({"orders": [shop_order(1001, total_shipping=5)]})
    assert (await small_world.run())["parked"] == 1
    item_id = (await small_world.item("1001"))["item"]["id"]
    retry = f"/items/{item_id}/retry"
    assert (await small_world.api("POST", retry))["released"] == 1
    assert (await small_world.settled())["parked"] == 1

    settings = (await small_world.api("GET", f"/flows/{small_world.flow_id}"))["settings"]
    target = {**settings["target"], "shipping_article": {"21": "SHIPPING21"}}
    await small_world.api("PATCH", f"/flows/{small_world.flow_id}", {"settings": {"target": target}})
    await small_world.api("POST", retry)
    await until(small_world, done=1, parked=0)
    assert len(await small_world.documents()) == 1


async def test_a_skip_needs_a_reason_and_keeps_it(small_world: World):
    await small_world.integrate()
    await small_world.shop.load({"orders": [of_lamps(1001)]})
    assert (await small_world.run())["parked"] == 1
    path = f"/items/{(await small_world.item('1001'))['item']['id']}/skip"
    for body in ({}, {"reason": ""}, {"reason": "  "}):
        await small_world.api("POST", path, body, status=422)
    await small_world.api("POST", path, {"reason": "Settled in cash."})
    standing = await small_world.run()
    assert (standing["listed"], standing["skipped"], standing["parked"]) == (1, 1, 0)
    assert (await small_world.item("1001"))["events"][-1]["text"] == "Settled in cash."
    assert await small_world.documents() == []


@pytest.mark.slow
async def test_five_hundred_orders_parked_for_one_payment_method_are_done_after_one_row(
    tmp_path: Path, temporal_address: str, sqlite_url: str
):
    async with (
        world(tmp_path, temporal_address, sqlite_url, with_worker=False) as made,
        worker_process(made, tmp_path / "worker.log"),
    ):
        await made.integrate(target={"terms_of_payment": ""})
        await made.map_payment("Cash")
        numbers = range(1, 501)
        await made.shop.load({"orders": [shop_order(number, customer=SAME) for number in numbers]})
        standing = await made.run(seconds=300)
        assert (standing["listed"], standing["parked"]) == (500, 500)
        [problem] = await made.problems()
        assert (problem["code"], problem["value"], problem["items"]) == ("unmapped_value", "Ideal", 500)

        assert await made.map_payment("Ideal") == 500
        standing = await made.settled(after_run=standing["runs"], seconds=300)
        assert (standing["listed"], standing["done"], standing["parked"]) == (500, 500, 0)
        references = [int(document["BuyersOrderReference"]) for document in await made.documents()]
        assert sorted(references) == list(numbers)
