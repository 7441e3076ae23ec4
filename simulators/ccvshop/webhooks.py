"""Webhooks: their records, and signed deliveries to loopback addresses. Source: CCV Shop API documentation, webhooks.

The vendor's retry behaviour is unknown: the simulator sends each delivery once. The setting ``webhook_delivery``
chooses ``normal``, ``lost``, ``duplicated``, ``reordered`` (each pair arrives the wrong way round), ``unsigned`` or
``wrongly_signed``.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
from typing import Any
from urllib.parse import urlsplit

import httpx

from simulators.ccvshop import schema
from simulators.ccvshop.call import PREFIX, Call, Event, Reply
from simulators.ccvshop.collection import Query
from simulators.ccvshop.refusal import invalid
from simulators.ccvshop.shop import Record, Shop
from simulators.ccvshop.signing import digest, moment_text
from simulators.kit import Clock, exactjson

EVENTS = frozenset(
    {
        "orders.created",
        "orders.deleted",
        "orders.updated.status",
        "orders.updated.ispaid",
        "orders.updated.trackandtrace",
        "products.created",
        "products.updated",
        "products.deleted",
        "categories.created",
        "categories.updated",
        "categories.deleted",
        "returns.created",
        "returns.updated",
        "returns.deleted",
        "invoices.updated.status",
    }
)


def list_webhooks(call: Call) -> Reply:
    """``GET /webhooks/``."""
    query = Query(call.request)
    page = query.page(call.request, query.sorted(list(call.shop.webhooks.values()), ("id",)))
    return 200, page.envelope([_rendered(call, webhook) for webhook in page.items])


def read_webhook(call: Call) -> Reply:
    """``GET /webhooks/{id}/``."""
    return 200, _rendered(call, call.found("webhooks"))


def create_webhook(call: Call) -> Reply:
    """``POST /webhooks/``."""
    body = schema.checked(call.body(), schema.WEBHOOK_POST, required=("event", "address"))
    if body["event"] not in EVENTS:
        raise invalid(f"Event {body['event']} is unknown.")
    _check_address(body["address"])
    webhook_id = call.shop.next_id("webhooks")
    webhook = {
        "id": webhook_id,
        "createdate": moment_text(call.now),
        "event": body["event"],
        "address": body["address"],
        "key": hashlib.sha256(f"webhook {webhook_id} {body['address']}".encode()).hexdigest(),
        "is_active": body.get("is_active", True) is not False,
    }
    call.shop.webhooks[webhook_id] = webhook
    return 201, _rendered(call, webhook)


def change_webhook(call: Call) -> Reply:
    """``PATCH /webhooks/{id}/``."""
    webhook = call.found("webhooks")
    body = schema.checked(call.body(), schema.WEBHOOK_PATCH)
    if body.get("address") is not None:
        _check_address(body["address"])
    webhook.update({name: value for name, value in body.items() if value is not None})
    return 204, None


def delete_webhook(call: Call) -> Reply:
    """``DELETE /webhooks/{id}/``."""
    call.shop.delete("webhooks", call.found("webhooks")["id"])
    return 204, None


class Deliveries:
    """Sends what happened to the active webhooks, one after the other, and remembers how each went."""

    def __init__(self, clock: Clock, settings: dict[str, Any]) -> None:
        self._clock = clock
        self.settings = settings
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: tuple[Record, bytes] | None = None
        self.log: list[Record] = []

    def announce(self, shop: Shop, events: list[Event], base_url: str) -> None:
        """Start the deliveries for these events; returns at once."""
        for event in events:
            for webhook in shop.webhooks.values():
                if webhook["is_active"] and webhook["event"] == event.name:
                    self._schedule(dict(webhook), self._body(event, base_url))

    async def close(self) -> None:
        """Drop deliveries still under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _schedule(self, webhook: Record, body: bytes) -> None:
        mode = self.settings["webhook_delivery"]
        if mode == "lost":
            self.log.append({"webhook": webhook["id"], "body": body.decode(), "outcome": "lost"})
            return
        batch = [(webhook, body)] * (2 if mode == "duplicated" else 1)
        if mode == "reordered":
            if self._held is None:
                self._held = (webhook, body)
                return
            batch, self._held = [(webhook, body), self._held], None
        task = asyncio.get_running_loop().create_task(self._send_all(batch, mode))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_all(self, batch: list[tuple[Record, bytes]], mode: str) -> None:
        async with self._turn, httpx.AsyncClient(timeout=10, trust_env=False) as client:
            for webhook, body in batch:
                outcome = await _send(client, webhook, body, mode)
                self.log.append({"webhook": webhook["id"], "body": body.decode(), "outcome": outcome})

    def _body(self, event: Event, base_url: str) -> bytes:
        kind = event.name.partition(".")[0]
        summary: Record = {
            "triggered_at": moment_text(self._clock.now()),
            "href": f"{base_url}{PREFIX}/{kind}/{event.record['id']}",
            "id": event.record["id"],
        }
        if kind == "orders":
            billing = event.record["customer"]["billingaddress"]
            summary |= {
                "order_number": event.record["ordernumber"],
                "ordernumber_prefix": event.record["ordernumber_prefix"],
                "ordernumber_full": event.record["ordernumber_full"],
                "total_price": event.record["total_price"],
                **event.details,
                "customer_email": event.record["customer"]["email"],
                "customer_mobile": billing["mobile"],
            }
        return exactjson.dumps(summary, escape_slashes=True).encode("ascii")


async def _send(client: httpx.AsyncClient, webhook: Record, body: bytes, mode: str) -> str:
    if not _is_loopback(webhook["address"]):
        return "not sent: only loopback addresses are called"
    headers = {"content-type": "application/json"}
    if mode != "unsigned":
        key = webhook["key"] if mode != "wrongly_signed" else f"{webhook['key']}x"
        headers["x-hash"] = digest(key, webhook["address"], body)
    try:
        response = await client.post(webhook["address"], content=body, headers=headers)
    except httpx.HTTPError as error:
        return f"failed: {type(error).__name__}"
    return str(response.status_code)


def _rendered(call: Call, webhook: Record) -> Record:
    return {"href": call.href("webhooks", webhook["id"]), **webhook}


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(address))):
        raise invalid("Property address must be an https address; http is possible for loopback addresses only.")


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
