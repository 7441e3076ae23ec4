from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from tests.shop_orders import shop_order
from tests.temporal_server import TIME_SKIPPING, temporal_server
from tests.waiting import eventually
from tests.world import World, world

FIVE_MINUTES = timedelta(minutes=5)
SHORTLY = timedelta(seconds=5)
ONLY_THE_INTEGRATION = TimeSkippingConfig(disable_propagation=True)


@pytest.mark.feature("ORD-37")
async def test_orders_are_picked_up_every_five_minutes_unless_told_otherwise(tmp_path: Path, sqlite_url: str):
    with temporal_server(*TIME_SKIPPING) as address:
        async with world(tmp_path, address, sqlite_url) as merchant:
            await merchant.ready(schedule=None)
            flow = await merchant.api("GET", f"/flows/{merchant.flow_id}")
            assert flow["schedule"] == "*/5 * * * *"
            execution = merchant.integration_execution()
            skipper = TimeSkipper(merchant.temporal, config=ONLY_THE_INTEGRATION)
            # From shortly after one moment of the schedule, so that five minutes hold exactly one more.
            to_the_next = await due(merchant) - await skipper.get_current_time(execution)
            before = (await merchant.standing())["runs"]
            await skipper.fast_forward(execution, to_the_next + SHORTLY)
            await merchant.settled(after_run=before)

            for number in (1001, 1002, 1003):
                # Nobody asks for a run: the order only stands in the shop.
                await merchant.shop.load({"orders": [shop_order(number)]})
                before = (await merchant.standing())["runs"]
                assert await skipper.fast_forward(execution, FIVE_MINUTES)
                standing = await merchant.settled(after_run=before)
                assert standing["runs"] == before + 1
                references = [document["BuyersOrderReference"] for document in await merchant.documents()]
                assert references[-1] == str(number)

            await merchant.api("PATCH", f"/flows/{merchant.flow_id}", {"schedule": "17 4 * * *"})

            async def hears() -> bool:
                wanted = (await due(merchant)).astimezone(ZoneInfo("Europe/Amsterdam"))
                return (wanted.hour, wanted.minute) == (4, 17)

            await eventually(hears)


async def due(merchant: World) -> datetime:
    """When the flow means to run next."""

    async def known() -> str:
        return (await merchant.standing())["next_run"] or ""

    return datetime.fromisoformat(await eventually(known))
