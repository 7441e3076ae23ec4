from decimal import Decimal

import pytest

from tests.shop_orders import shop_order, shop_row
from tests.world import World

KINDS = {
    "order": "orders",
    "invoice": "customerinvoices",
    "invoice_draft": "customerinvoicedrafts",
    "quote": "quotes",
}


async def counts(world: World) -> dict[str, int]:
    return {kind: len(await world.documents(stored)) for kind, stored in KINDS.items()}


@pytest.mark.feature("ORD-02", "ORD-03", "ORD-04", "ORD-05")
async def test_an_order_becomes_the_document_its_flow_names(small_world: World):
    world = small_world
    offered = await world.api("GET", "/systems/eaccounting/flow-schema?kind=orders&side=target")
    assert sorted(offered["document_types"]) == sorted([*KINDS, "transaction"])

    await world.ready()
    expected = dict.fromkeys(KINDS, 0)
    for number, (kind, stored) in enumerate(KINDS.items(), start=1001):
        await world.change(document_type=kind)
        rows = [shop_row("MUG", 2, Decimal("12.10")), shop_row("BOOK", 1, Decimal("21.80"), 9)]
        standing = await world.deliver(shop_order(number, rows=rows))
        assert standing["parked"] == 0, await world.problems()
        expected[kind] += 1
        assert await counts(world) == expected
        document = (await world.documents(stored))[-1]
        priced = [(row["ArticleNumber"], row["Quantity"]) for row in document["Rows"] if row["ArticleId"]]
        assert priced == [("MUG", 2), ("BOOK", 1)]
        assert document["total_incl_vat"] == "46.00"
        item = (await world.item(str(number)))["item"]
        assert (item["target_kind"], item["target_id"]) == (kind, document["Id"])

    refusal = await world.api(
        "PATCH", f"/flows/{world.flow_id}", {"settings": {"orders": {"document_type": "receipt"}}}, status=422
    )
    assert "document_type" in refusal["detail"]
    assert "invoice_draft" in refusal["detail"]
    flow = await world.api("GET", f"/flows/{world.flow_id}")
    assert flow["settings"]["orders"]["document_type"] == "quote"

    # A shop takes orders and nothing else.
    offered = await world.api("GET", "/systems/ccvshop/flow-schema?kind=orders&side=target")
    assert offered["document_types"] == ["order"]
    back = await world.add_flow("orders")
    refusal = await world.api(
        "PATCH", f"/flows/{back}", {"settings": {"orders": {"document_type": "invoice"}}}, status=422
    )
    assert "invoice" in refusal["detail"]
