"""Orders on their way: side by side, within a window, never in the way of the next run."""

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from tests.workflows.edge import problem, refused
from tests.workflows.rig import FLOW, Rig, plan
from workflows.messages import FlowProgress, FlowTarget, OrderStep


def many(count: int) -> list[str]:
    """That many source ids."""
    return [str(number) for number in range(count)]


async def test_no_more_orders_are_on_their_way_than_the_window_holds(rig: Rig):
    rig.edge.pages.extend([many(40)[:20], many(40)[20:]])
    rig.edge.hold(*many(40))
    await rig.start(plan(window=10))
    await rig.until(lambda: rig.edge.count("in_flight") == 10)
    assert (await rig.flow()).in_flight == 40
    rig.edge.let_go(*many(40))
    await rig.until(lambda: rig.edge.count("done") == 40)
    assert rig.edge.most_at_once["orders"] == 10
    await rig.idle()
    await rig.signal("run_now", FlowTarget())
    flow = await rig.idle(after_run=2)
    assert (flow.listed, flow.done, flow.in_flight) == (40, 40, 0)


async def test_counts_add_up_at_every_moment(rig: Rig):
    rig.edge.pages.append(many(8))
    rig.edge.script["find_order", "0"] = OrderStep(outcome="skipped")
    rig.edge.script["ensure_products", "1"] = problem()
    rig.edge.script["ensure_customer", "2"] = refused()
    rig.edge.hold("3")
    await rig.start(plan())
    seen: list[FlowProgress] = []
    while not seen or seen[-1].done < 4:
        flow = await rig.flow()
        seen.append(flow)
        assert flow.listed == flow.done + flow.skipped + flow.parked + flow.in_flight
    await rig.until(lambda: rig.edge.count("parked") == 1)
    rig.edge.script.clear()
    rig.edge.let_go("3")
    await rig.until(lambda: rig.edge.count("done") == 5)
    await rig.idle()
    await rig.signal("run_now", FlowTarget(flow_id=FLOW))
    flow = await rig.idle(after_run=2)
    await rig.until(lambda: rig.edge.count("done") == 6)
    assert (flow.listed, flow.skipped, flow.parked) == (8, 1, 1)


async def test_a_slow_order_does_not_hold_up_the_next_tick(temporal_address: str):
    client = await Client.connect(temporal_address, data_converter=pydantic_data_converter)
    rig = Rig(client)
    rig.edge.pages.append(["slow"])
    rig.edge.hold("slow")
    async with rig.working():
        await rig.start(plan(schedule="* * * * * *"))
        await rig.until(lambda: len(rig.edge.runs) >= 4)
        assert rig.edge.count("in_flight") == 1
        assert rig.edge.steps == [("find_order", "slow")]
        rig.edge.let_go("slow")
        await rig.until(lambda: rig.edge.count("done") == 1)
        await rig.integration.terminate()


async def test_an_order_whose_earlier_run_has_not_ended_is_started_later(rig: Rig):
    rig.edge.pages.append(["1", "2"])
    rig.edge.hold("1")
    await rig.start(plan("first"))
    await rig.until(lambda: rig.edge.count("in_flight") == 1)
    await rig.signal("stop")
    await rig.integration.result()
    rig.edge.states["1"] = "ready"
    await rig.start(plan("again"))
    await rig.until(lambda: rig.edge.count("done") == 1)
    assert [step for step in rig.edge.steps if step[1] == "1"] == [("find_order", "1")]
    rig.edge.script["find_order", "1"] = OrderStep(outcome="postponed")
    rig.edge.let_go("1")
    await rig.order("1").result()
    rig.edge.states["1"] = "ready"
    rig.edge.script.clear()
    await rig.until(lambda: rig.edge.count("done") == 2)
