"""How long a change of a customer or a group price takes to arrive when nobody asks for a run."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from simulators.eaccounting.account import fixed_id
from tests.records.goods import article, product
from tests.records.registers import debtors, move, to_books, user
from tests.temporal_server import TIME_SKIPPING, temporal_server
from tests.waiting import eventually
from tests.world import world

PRO = 5
FIVE_MINUTES = timedelta(minutes=5)
SHORTLY = timedelta(seconds=5)


@pytest.mark.feature("CUS-13", "B2B-03")
async def test_customers_and_group_prices_follow_within_five_minutes(tmp_path: Path, sqlite_url: str):
    with temporal_server(*TIME_SKIPPING) as address:
        async with world(tmp_path, address, sqlite_url) as merchant:
            await merchant.connect()
            await merchant.books.settings({"product_variant": PRO})
            price = {"price_list": "Dealers", "ArticleNumber": "MUG", "NetPrice": 8}
            await merchant.books.load(
                {
                    "articles": [article("MUG")],
                    "salespricelists": [{"Name": "Dealers"}],
                    "salespricelistrows": [price],
                }
            )
            await merchant.shop.load(
                {
                    "products": [product(900, "MUG")],
                    "usergroups": [{"id": 4, "groupname": "Dealer"}],
                    "users": [user(7, "jan@example.nl")],
                }
            )
            target_settings = await to_books(merchant)
            customers = await merchant.add_flow(
                "customers", source="shop", schedule=None, target_settings=target_settings
            )
            prices = await merchant.add_flow("prices", schedule=None)
            row = {"source_value": fixed_id("salespricelists", "Dealers"), "target_value": "4"}
            await merchant.api("PUT", f"/flows/{prices}/values/customer_group", row)
            for flow in (customers, prices):
                assert (await merchant.api("GET", f"/flows/{flow}"))["schedule"] == "*/5 * * * *"
            await merchant.start()
            for flow in (customers, prices):
                await merchant.settled(flow)

            async def due() -> str:
                return (await merchant.standing(prices))["next_run"] or ""

            execution = merchant.integration_execution()
            skipper = TimeSkipper(merchant.temporal, config=TimeSkippingConfig(disable_propagation=True))
            next_run = datetime.fromisoformat(await eventually(due))
            before = {flow: (await merchant.standing(flow))["runs"] for flow in (customers, prices)}
            await skipper.fast_forward(execution, next_run - await skipper.get_current_time(execution) + SHORTLY)
            for flow, runs in before.items():
                await merchant.settled(flow, after_run=runs)
            for telephone, net in (("0201112223", 6), ("0203334445", 7)):
                await move(merchant, 7, telephone=telephone)
                await merchant.books.load({"salespricelistrows": [{**price, "NetPrice": net}]})
                before = {flow: (await merchant.standing(flow))["runs"] for flow in (customers, prices)}
                assert await skipper.fast_forward(execution, FIVE_MINUTES)
                for flow, runs in before.items():
                    await merchant.settled(flow, after_run=runs)
                assert (await debtors(merchant))["jan@example.nl"]["Telephone"] == telephone
                held = (await merchant.shop.state("usergroupproductadjustments"))["usergroupproductadjustments"]
                assert [one["price"] for one in held] == [net * Decimal("1.21")]
