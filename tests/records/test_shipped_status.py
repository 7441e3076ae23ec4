"""The status that a shipment gives the shop's order is the one that was chosen, and it is given once."""

import pytest

from tests.records.test_shipments import look, ship, shipping, shown, told
from tests.world import World

DELIVERED = 6


@pytest.mark.feature("SHP-03")
async def test_the_chosen_status_is_set_exactly_once(small_world: World):
    world = small_world
    flow = await shipping(world, 1001)
    await world.change_flow(flow, "target", shipped_status=str(DELIVERED))
    await world.shop.forget_requests()
    await ship(world, 1001, "Track & trace: PNL 3SABC1")
    await look(world, flow)
    assert await told(world) == [
        {"status": DELIVERED, "track_and_trace_code": "3SABC1", "track_and_trace_carrier": "PNL"}
    ]

    # Another status is chosen later: an order that was shipped before does not go back to it.
    await world.change_flow(flow, "target", shipped_status="5")
    everything = {"flow_id": flow, "everything": True}
    await world.api("POST", f"/integrations/{world.integration_id}/resync", everything)
    await look(world, flow)
    assert await told(world) == []
    assert (await shown(world, 1001))[0] == DELIVERED
