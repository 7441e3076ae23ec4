"""A day of a small shop, from its orders to the books, on either database."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.durability.support import calls
from tests.shop_orders import shop_order, shop_row
from tests.world import world


@pytest.mark.feature("ORD-01")
async def test_a_dozen_orders_of_which_one_waits_are_in_the_books_to_the_cent(
    tmp_path: Path, temporal_address: str, database_url: str
):
    async with world(tmp_path, temporal_address, database_url) as made:
        await made.integrate()
        orders = [
            shop_order(
                number,
                customer={"email": f"buyer{number % 4}@example.nl"},
                rows=[
                    shop_row("MUG", number % 3 + 1, Decimal("12.10")),
                    shop_row("BOOK", 1, Decimal("10.90"), tax=9),
                ],
                total_shipping=Decimal("4.95"),
            )
            for number in range(1001, 1012)
        ]
        orders.append(shop_order(1012, rows=[shop_row("LAMP", 1, Decimal("30.00"))]))
        await made.shop.load({"orders": orders})
        standing = await made.run()
        assert (standing["listed"], standing["done"], standing["parked"]) == (12, 11, 1)
        await made.stock_up("LAMP")
        standing = await made.run()
        assert (standing["listed"], standing["done"], standing["parked"], standing["released"]) == (12, 12, 0, 1)

        items = await made.items()
        paid = {item["reference"]: Decimal(item["total"]) for item in items}
        booked = {
            document["BuyersOrderReference"]: Decimal(document["total_incl_vat"]) for document in await made.documents()
        }
        assert booked == paid
        assert paid["1001"] == Decimal("52.15")
        assert {item["reference"]: Decimal(item["target_total"]) for item in items} == paid
        assert len(await calls(made.books, "POST", "/v2/orders")) == 12
        assert len((await made.books.state())["customers"]) == 5
        assert await made.problems() == []
