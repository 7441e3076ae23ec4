"""A flow goes only while nothing depends on its memory."""

import pytest

from commerce.problems import Problem, ProblemCode
from store import KeyRing, NotFoundError, PageEntry, Store, migrate
from store.records import NewFlow


@pytest.mark.parametrize("listed", [False, True])
async def test_only_a_flow_without_a_ledger_is_removed(database_url: str, listed: bool):
    await migrate(database_url)
    store = await Store.open(database_url, KeyRing.generate())
    try:
        workspace = await store.workspaces.create("Test")
        ends = [
            await store.connections.create(workspace, system="s", name=name, settings={}, secrets={})
            for name in ("a", "b")
        ]
        integration = await store.integrations.create(
            workspace, name="i", time_zone="UTC", connection_a_id=ends[0], connection_b_id=ends[1]
        )
        flow = await store.flows.create(workspace, integration, NewFlow("orders", ends[0], ends[1], "* * * * *", {}))
        await store.value_maps.set_value(workspace, flow, "payment_method", "ideal", "1")
        problem = Problem(code=ProblemCode.SETTING_MISSING, field="f", value="", sentence="Set f.")
        await store.problems.raise_(workspace, flow, problem)
        if listed:
            entry = PageEntry("1", "R1", "f1", header=b"{}", placed_at=None, currency=None, total=None)
            await store.items.save_page(workspace, flow, [entry], next_page=None, cursor=None, settings_version=1)
        assert await store.flows.remove(workspace, flow) is not listed
        if listed:
            assert (await store.flows.get(workspace, flow)).id == flow
        else:
            with pytest.raises(NotFoundError):
                await store.flows.get(workspace, flow)
    finally:
        await store.close()
