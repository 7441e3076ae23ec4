"""Webhook records and signed deliveries to a listener on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest

from simulators.kit import Simulator, VendorAnswer, VendorRequest
from simulators.serve import RunningSimulator
from tests.simulators.ccvshop.shop_client import ShopClient, open_shop, signature


class Listener(Simulator):
    """Takes deliveries and hands them to the test."""

    name: ClassVar[str] = "listener"

    def __init__(self) -> None:
        super().__init__()
        self.received: asyncio.Queue[VendorRequest] = asyncio.Queue()

    async def answer(self, request: VendorRequest) -> VendorAnswer:
        self.received.put_nowait(request)
        return VendorAnswer(200)

    def error_answer(self, kind: str) -> VendorAnswer:
        return VendorAnswer(500)

    def state(self) -> dict[str, Any]:
        return {}

    def load(self, body: dict[str, Any]) -> dict[str, Any]:
        return {}

    def clear_records(self) -> None:
        return None

    async def next(self) -> VendorRequest:
        return await asyncio.wait_for(self.received.get(), timeout=10)


@contextlib.asynccontextmanager
async def listened(way: str = "normal") -> AsyncIterator[tuple[ShopClient, Listener, str]]:
    listener = Listener()
    async with RunningSimulator(listener) as host, open_shop(webhook_delivery=way) as shop:
        yield shop, listener, f"{host.base_url}/hooks"


def new_order(shop: ShopClient, **order: Any) -> None:
    shop.simulator.load({"orders": [{"orderrows": [{"product_name": "Mug", "price": 10}], **order}], "notify": True})


async def test_delivery_is_a_signed_summary() -> None:
    async with listened() as (shop, listener, address):
        webhook = await shop.made("/webhooks/", {"event": "orders.created", "address": address})
        new_order(shop, ordernumber=25)
        delivery = await listener.next()
        body = json.loads(delivery.body)
        assert (body["id"], body["order_number"], body["ordernumber_full"]) == (1001, 25, "25")
        assert not body["href"].endswith("/")
        assert delivery.headers["x-hash"] == signature(webhook["key"], address, delivery.body.decode())


async def test_changes_of_an_order_are_told() -> None:
    async with listened() as (shop, listener, address):
        for event in ("orders.updated.status", "orders.updated.ispaid", "orders.deleted"):
            await shop.made("/webhooks/", {"event": event, "address": f"{address}/{event}"})
        new_order(shop)
        await shop.call("PATCH", "/orders/1001/", {"status": 5})
        shop.simulator.patch_record("orders", "1001", {"paid": True})
        shop.simulator.delete_record("orders", "1001")
        status, paid, deleted = await listener.next(), await listener.next(), await listener.next()
        assert (json.loads(status.body)["previous_status"], json.loads(status.body)["status"]) == (1, 5)
        assert json.loads(paid.body)["paid"] is True
        assert deleted.path == "/hooks/orders.deleted"


async def test_products_and_categories_are_told() -> None:
    async with listened() as (shop, listener, address):
        for event in ("products.created", "products.updated", "products.deleted", "categories.created"):
            await shop.made("/webhooks/", {"event": event, "address": f"{address}/{event}"})
        smallest = {"name": "Mug", "price": 5, "discount": 0, "package_id": 1, "taxtariff": "normal"}
        product = await shop.made("/products/", smallest)
        one = f"/products/{product['id']}/"
        await shop.call("PATCH", one, {"stock": 3})
        await shop.call("DELETE", one)
        category = await shop.made("/categories/", {"name": "Mugs"})
        told = [await listener.next() for _ in range(4)]
        assert [(request.path.rpartition("/")[2], json.loads(request.body)["id"]) for request in told] == [
            ("products.created", product["id"]),
            ("products.updated", product["id"]),
            ("products.deleted", product["id"]),
            ("categories.created", category["id"]),
        ]


async def test_ways_of_delivery() -> None:
    async with listened("duplicated") as (shop, listener, address):
        webhook = await shop.made("/webhooks/", {"event": "orders.created", "address": address})
        new_order(shop)
        assert (await listener.next()).body == (await listener.next()).body
        shop.simulator.change_settings({"webhook_delivery": "unsigned"})
        new_order(shop)
        assert "x-hash" not in (await listener.next()).headers
        shop.simulator.change_settings({"webhook_delivery": "wrongly_signed"})
        new_order(shop)
        wrong = await listener.next()
        assert wrong.headers["x-hash"] != signature(webhook["key"], address, wrong.body.decode())
        shop.simulator.change_settings({"webhook_delivery": "reordered"})
        new_order(shop, id=2001)
        new_order(shop, id=2002)
        assert [json.loads((await listener.next()).body)["id"] for _ in range(2)] == [2002, 2001]
        shop.simulator.change_settings({"webhook_delivery": "lost"})
        new_order(shop, id=2003)
        shop.simulator.change_settings({"webhook_delivery": "normal"})
        new_order(shop, id=2004)
        assert json.loads((await listener.next()).body)["id"] == 2004


async def test_inactive_subscription_gets_nothing() -> None:
    async with listened() as (shop, listener, address):
        webhook = await shop.made("/webhooks/", {"event": "orders.created", "address": address})
        assert (await shop.call("PATCH", f"/webhooks/{webhook['id']}/", {"is_active": False})).status_code == 204
        new_order(shop, id=3001)
        await shop.call("PATCH", f"/webhooks/{webhook['id']}/", {"is_active": True})
        new_order(shop, id=3002)
        assert json.loads((await listener.next()).body)["id"] == 3002


async def test_only_loopback_addresses_are_called() -> None:
    async with listened() as (shop, listener, address):
        await shop.made("/webhooks/", {"event": "orders.created", "address": "https://hub.example.com/hooks"})
        await shop.made("/webhooks/", {"event": "orders.created", "address": address})
        new_order(shop)
        await listener.next()
        outcomes = shop.simulator.state()["webhook_deliveries"]
        assert outcomes[0]["outcome"].startswith("not sent")


@pytest.mark.parametrize(
    "body",
    [
        {"event": "orders.created"},
        {"event": "orders.changed", "address": "https://hub.example.com/"},
        {"event": "orders.created", "address": "http://hub.example.com/"},
        {"event": "orders.created", "address": "https://hub.example.com/", "key": "mine"},
    ],
)
async def test_webhooks_that_are_refused(body: dict[str, Any]) -> None:
    async with open_shop() as shop:
        assert (await shop.refused("POST", "/webhooks/", body))[0] == 400


async def test_webhook_is_read_and_removed_and_its_event_stays() -> None:
    async with open_shop() as shop:
        address = "https://hub.example.com/"
        webhook = await shop.made("/webhooks/", {"event": "orders.created", "address": address})
        assert (await shop.refused("PATCH", f"/webhooks/{webhook['id']}/", {"event": "orders.deleted"}))[0] == 400
        assert (await shop.get(f"/webhooks/{webhook['id']}/"))["key"] == webhook["key"]
        assert (await shop.call("DELETE", f"/webhooks/{webhook['id']}/")).status_code == 204
        assert await shop.items("/webhooks/") == []
