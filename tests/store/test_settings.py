"""Workspaces, connections, integrations, flows and value tables keep what people set."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from commerce.problems import Problem, ProblemCode
from store import BindingRecord, ConnectionState, IntegrationState, ItemState, NotFoundError, Store
from store.records import NewFlow
from store.repository import locked
from store.tables import AccessToken, Integration
from tests.store.shop import NOW, Shop, entry, make_shop
from tests.store.test_items import UNMAPPED, park
from tests.waiting import eventually

WAITING_FOR_LOCKS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
EXPIRED = Problem(
    code=ProblemCode.CONNECTION_EXPIRED, field="connection", value="", sentence="Consent has ended. Reconnect it."
)


async def test_a_token_opens_its_workspace_and_is_kept_as_a_hash(store: Store):
    assert await store.workspaces.first() is None
    workspace_id = await store.workspaces.create("Shop")
    token = await store.workspaces.issue_token(workspace_id, "dashboard")
    assert await store.workspaces.by_token(token) == workspace_id
    assert await store.workspaces.by_token(token + "x") is None
    await store.workspaces.create("Second")
    assert await store.workspaces.first() == workspace_id
    async with store.database.reading() as session:
        kept = (await session.exec(select(AccessToken))).one()
    assert token not in repr(kept)


async def test_a_connection_keeps_settings_and_secrets_apart(shop: Shop):
    connections, workspace_id = shop.store.connections, shop.workspace_id
    connection_id = await connections.create(
        workspace_id, system="ccvshop", name="Main", settings={"host": "shop.example.com"}, secrets={"key": "s3cret"}
    )
    made = await connections.get(workspace_id, connection_id)
    assert (made.settings, made.secrets, made.state) == (
        {"host": "shop.example.com"},
        {"key": "s3cret"},
        ConnectionState.NEW,
    )
    assert "s3cret" not in repr(made)
    await connections.update(workspace_id, connection_id, secrets={"key": "n3w"})
    await connections.update(workspace_id, connection_id, settings={"host": "other.example.com"}, name="Second")
    changed = await connections.get(workspace_id, connection_id)
    assert (changed.name, changed.secrets, changed.secrets_version) == ("Second", {"key": "n3w"}, 2)
    assert changed.settings == {"host": "other.example.com"}
    assert [one.secrets for one in await connections.list(workspace_id)] == [{}, {}, {}]


async def test_only_one_of_many_calls_breaks_a_connection(shop: Shop):
    connections, workspace_id = shop.store.connections, shop.workspace_id
    first = await asyncio.gather(*(connections.mark_broken(workspace_id, shop.target_id, EXPIRED) for _ in range(20)))
    assert sum(first) == 1
    broken = await connections.get(workspace_id, shop.target_id)
    assert (broken.state, broken.problem) == (ConnectionState.BROKEN, EXPIRED)
    assert await connections.mark_connected(workspace_id, shop.target_id)
    assert not await connections.mark_connected(workspace_id, shop.target_id)
    whole = await connections.get(workspace_id, shop.target_id)
    assert (whole.state, whole.problem) == (ConnectionState.CONNECTED, None)
    assert whole.connected_at is not None


async def test_an_integration_keeps_its_settings_and_state(shop: Shop, store: Store):
    integrations, workspace_id = store.integrations, shop.workspace_id
    await integrations.update(workspace_id, shop.integration_id, name="Renamed", settings={"language": "nl"})
    assert await integrations.set_state(workspace_id, shop.integration_id, IntegrationState.RUNNING)
    assert not await integrations.set_state(workspace_id, shop.integration_id, IntegrationState.RUNNING)
    assert await integrations.set_paused(workspace_id, shop.integration_id, paused=True)
    (kept,) = await integrations.list(workspace_id)
    assert (kept.name, kept.settings, kept.state, kept.paused) == (
        "Renamed",
        {"language": "nl"},
        IntegrationState.RUNNING,
        True,
    )
    other = await make_shop(store, "Other")
    with pytest.raises(NotFoundError):
        await integrations.create(
            workspace_id, name="x", time_zone="UTC", connection_a_id=shop.source_id, connection_b_id=other.target_id
        )


async def test_every_version_of_a_flows_settings_is_kept(shop: Shop):
    flows, workspace_id = shop.store.flows, shop.workspace_id
    await flows.update_settings(workspace_id, shop.flow_id, {"page_size": 50})
    await flows.update_settings(workspace_id, shop.flow_id, {"page_size": 50})
    await shop.store.value_maps.set_value(workspace_id, shop.flow_id, "payment_method", "iDEAL", "7")
    await shop.store.value_maps.remove_value(workspace_id, shop.flow_id, "payment_method", "iDEAL")
    versions = [await flows.version(workspace_id, shop.flow_id, number) for number in range(1, 5)]
    assert [(one.version, one.settings["page_size"], one.value_tables) for one in versions] == [
        (1, 100, {}),
        (2, 50, {}),
        (3, 50, {"payment_method": {"iDEAL": "7"}}),
        (4, 50, {}),
    ]
    with pytest.raises(NotFoundError):
        await flows.version(workspace_id, shop.flow_id, 5)
    await flows.set_schedule(workspace_id, shop.flow_id, "0 * * * *")
    await flows.set_enabled(workspace_id, shop.flow_id, enabled=False)
    await flows.set_paused(workspace_id, shop.flow_id, paused=True)
    (flow,) = await flows.list(workspace_id, shop.integration_id)
    assert (flow.schedule, flow.enabled, flow.paused, flow.settings_version) == ("0 * * * *", False, True, 4)


async def test_an_integration_has_one_flow_of_a_kind_from_a_source(shop: Shop):
    with pytest.raises(IntegrityError):
        await shop.store.flows.create(
            shop.workspace_id, shop.integration_id, NewFlow("orders", shop.source_id, shop.target_id, "*/5 * * * *", {})
        )


async def test_an_integration_is_kept_with_all_of_its_flows_or_not_at_all(shop: Shop):
    integrations, workspace_id = shop.store.integrations, shop.workspace_id
    flow = NewFlow("stock", shop.target_id, shop.source_id, "*/5 * * * *", {})

    async def create(name: str, *flows: NewFlow) -> str:
        ends = {"connection_a_id": shop.source_id, "connection_b_id": shop.target_id}
        return await integrations.create(workspace_id, name=name, time_zone="UTC", settings={}, flows=flows, **ends)

    with pytest.raises(IntegrityError):
        await create("Doubled", flow, flow)
    assert [kept.id for kept in await integrations.list(workspace_id)] == [shop.integration_id]
    assert [kept.id for kept in await shop.store.flows.list(workspace_id)] == [shop.flow_id]
    (kept_flow,) = await shop.store.flows.list(workspace_id, await create("Whole", flow))
    assert (kept_flow.kind, kept_flow.source_connection_id, kept_flow.enabled) == ("stock", shop.target_id, True)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_flow_that_is_made_while_shared_settings_change_begins_with_the_new_ones(shop: Shop):
    shared = {"language": "nl"}
    async with shop.store.database.writing() as session:
        changing = await locked(session, Integration, shop.workspace_id, shop.integration_id, "integration")
        changing.settings = {shop.source_id: shared}
        await session.flush()
        making = asyncio.create_task(
            shop.store.flows.create(
                shop.workspace_id,
                shop.integration_id,
                NewFlow("stock", shop.source_id, shop.target_id, "*/5 * * * *", {}),
            )
        )

        async def made_or_waiting() -> bool:
            async with shop.store.database.reading() as asking:
                waiting = (await (await asking.connection()).execute(text(WAITING_FOR_LOCKS))).scalar_one()
            return making.done() or bool(waiting)

        await eventually(made_or_waiting)
    version = await shop.store.flows.version(shop.workspace_id, await making, 1)
    assert version.settings["shared"] == {"source": shared}


async def test_saving_a_value_releases_all_that_wait_for_it_and_nothing_else(shop: Shop):
    workspace_id, flow_id = shop.workspace_id, shop.flow_id
    await shop.list_orders(*(entry(str(number)) for number in range(501)))
    problem_id = await shop.store.problems.raise_(workspace_id, flow_id, UNMAPPED)
    for item in (await shop.store.items.search(workspace_id, limit=500)).items:
        await shop.store.items.park(workspace_id, item.id, problem_id, NOW)
    await park(shop, await shop.item_id("0"), UNMAPPED.model_copy(update={"value": "PayPal"}))

    causes = await shop.store.problems.open(workspace_id, flow_id)
    assert {one.problem.value: one.items for one in causes} == {"iDEAL": 500, "PayPal": 1}
    assert await shop.store.value_maps.set_value(workspace_id, flow_id, "payment_method", "iDEAL", "7") == 500
    assert await shop.store.value_maps.set_value(workspace_id, flow_id, "payment_method", "iDEAL", "7") == 0
    assert await shop.store.value_maps.values(workspace_id, flow_id) == {"payment_method": {"iDEAL": "7"}}
    assert (await shop.store.flows.get(workspace_id, flow_id)).settings_version == 2
    counts = await shop.store.items.counts(workspace_id, flow_id)
    assert (counts.ready, counts.parked, counts.released) == (500, 1, 500)

    assert await shop.store.problems.resolve_empty(workspace_id, flow_id) == 1
    (left,) = await shop.store.problems.open(workspace_id, flow_id)
    assert left.problem.value == "PayPal"


async def test_removing_an_unknown_value_changes_nothing(shop: Shop):
    assert not await shop.store.value_maps.remove_value(shop.workspace_id, shop.flow_id, "payment_method", "x")
    assert (await shop.store.flows.get(shop.workspace_id, shop.flow_id)).settings_version == 1


async def test_one_cause_is_one_problem_and_opens_again(shop: Shop):
    problems, workspace_id = shop.store.problems, shop.workspace_id
    ids = await asyncio.gather(*(problems.raise_(workspace_id, shop.flow_id, UNMAPPED) for _ in range(10)))
    assert len(set(ids)) == 1
    assert await problems.resolve_empty(workspace_id, shop.flow_id) == 1
    assert await problems.open(workspace_id) == ()
    assert await problems.raise_(workspace_id, shop.flow_id, UNMAPPED) == ids[0]
    again = await problems.get(workspace_id, ids[0])
    assert (again.problem, again.state) == (UNMAPPED, "open")
    assert await problems.open(workspace_id, codes=[ProblemCode.EMPTY_ORDER]) == ()


async def test_parking_for_a_problem_that_was_just_resolved_opens_it(shop: Shop):
    workspace_id = shop.workspace_id
    item_id = await shop.ready_item()
    problem_id = await shop.store.problems.raise_(workspace_id, shop.flow_id, UNMAPPED)
    await shop.store.problems.resolve_empty(workspace_id, shop.flow_id)
    await shop.store.items.begin(workspace_id, item_id)
    await shop.store.items.park(workspace_id, item_id, problem_id, NOW)
    (cause,) = await shop.store.problems.open(workspace_id)
    assert cause.items == 1


async def test_customers_are_found_again_without_their_address_being_kept(shop: Shop):
    bindings, workspace_id, flow_id = shop.store.bindings, shop.workspace_id, shop.flow_id
    made = await bindings.find(workspace_id, flow_id, "customer", ["jo@example.com"])
    assert made == {}
    await remember(shop, "c1")
    await remember(shop, "c2")
    found = await bindings.find(workspace_id, flow_id, "customer", ["jo@example.com", "al@example.com"])
    assert {key: one.target_id for key, one in found.items()} == {"jo@example.com": "c2"}


async def test_a_customer_is_forgotten_by_all_flows_into_its_account_and_by_no_other(shop: Shop):
    store, bindings, workspace_id = shop.store, shop.store.bindings, shop.workspace_id
    back = NewFlow("orders", shop.target_id, shop.source_id, "*/5 * * * *", {})
    elsewhere = await store.flows.create(workspace_id, shop.integration_id, back)
    for flow_id in (shop.flow_id, elsewhere):
        for email, target_id in (("jo@example.com", "c1"), ("jo@example.org", "c1"), ("al@example.com", "c2")):
            await bindings.put(workspace_id, flow_id, BindingRecord("customer", email, target_id, "10", "hash"))
    await bindings.put(workspace_id, shop.flow_id, BindingRecord("customers", "7", "c1", "10", "hash"))
    for _ in range(2):
        await bindings.forget_customer(workspace_id, shop.target_id, "c1")
    emails = ["jo@example.com", "jo@example.org", "al@example.com"]
    assert set(await bindings.find(workspace_id, shop.flow_id, "customer", emails)) == {"al@example.com"}
    assert set(await bindings.find(workspace_id, elsewhere, "customer", emails)) == set(emails)
    assert set(await bindings.find(workspace_id, shop.flow_id, "customers", ["7"])) == {"7"}


async def remember(shop: Shop, target_id: str) -> None:
    """Bind a customer to a target record."""
    record = BindingRecord("customer", "jo@example.com", target_id, "10", "hash")
    await shop.store.bindings.put(shop.workspace_id, shop.flow_id, record)


async def test_pages_finishing_and_releasing_at_the_same_time_do_not_block_each_other(shop: Shop):
    items, workspace_id, flow_id = shop.store.items, shop.workspace_id, shop.flow_id
    page = [entry(str(number)) for number in range(30)]
    await shop.list_orders(*page)
    ids = {item.source_id: item.id for item in (await items.search(workspace_id, limit=100)).items}
    problem_id = await shop.store.problems.raise_(workspace_id, flow_id, UNMAPPED)

    async def work_on(source_id: str) -> None:
        item_id = ids[source_id]
        await items.begin(workspace_id, item_id)
        await items.park(workspace_id, item_id, problem_id, NOW)
        await items.release(workspace_id, problem_id=problem_id, by="a person")
        await items.begin(workspace_id, item_id)
        await items.finish(workspace_id, item_id, state=ItemState.DONE, target_id=f"t{source_id}")

    changed = [replace(one, fingerprint="b") for one in reversed(page)]
    await asyncio.gather(
        *(work_on(source_id) for source_id in ids),
        *(shop.list_orders(*entries) for entries in (page, changed, page)),
        *(shop.store.value_maps.set_value(workspace_id, flow_id, "payment_method", "iDEAL", str(n)) for n in range(3)),
    )
    counts = await items.counts(workspace_id, flow_id)
    assert (counts.done, counts.listed) == (30, 30)
