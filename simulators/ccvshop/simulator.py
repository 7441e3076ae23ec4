"""The simulated web shop: signatures, limits, routing, and what the control interface sees."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

from simulators.ccvshop.call import PREFIX, Call, Event
from simulators.ccvshop.loading import load_records
from simulators.ccvshop.orders import order_changes
from simulators.ccvshop.refusal import Refusal
from simulators.ccvshop.routes import RESOURCES, Route, route
from simulators.ccvshop.shop import Record, Shop, merge
from simulators.ccvshop.signing import digest, moment_text, verified_key
from simulators.ccvshop.webhooks import Deliveries
from simulators.kit import ControlError, RateLimiter, Simulator, VendorAnswer, VendorRequest

PUBLIC_KEY = "k3y-public-0001"
SECRET = "s3cret-0001-not-real"  # noqa: S105 - a made-up key of a made-up shop


class CcvShop(Simulator):
    """One CCV Shop with all its records in memory.

    Settings:
        keys: public key to secret.
        limits: calls per minute, key, resource and method; ``productqueries`` has its own. None means no limit.
        total_limit: calls per minute and key over everything (429.11); None switches it off.
        hidden_resources: resources these keys may not use; they answer 404.20 and miss from the root list.
        hidden_from_list: order ids that ``GET /orders/`` leaves out although they can be read.
        inclusive_date_filters: whether an order created exactly at a filter's moment is found.
        post_answers_204: a successful POST answers 204 without a body.
        user_id_as_text: ``user.id`` of an order is text, as real shops answer, instead of an integer.
        refuse_unchanged: a PATCH that changes nothing answers 500.50.
        prices_include_vat, shipping_price, currency, shop_name: the shop's own configuration.
        webhook_delivery: how deliveries go, see the webhooks module.
    """

    name: ClassVar[str] = "ccvshop"
    vendor_faults: ClassVar[dict[str, str]] = {
        "changed_between_list_and_read": "change the order's status just before it is read",
        "wrong_response_signature": "sign the answer with another secret",
        "500.20": "the server's own output does not match its schema",
    }
    default_settings: ClassVar[dict[str, Any]] = {
        "keys": {PUBLIC_KEY: SECRET},
        "limits": {"GET": 150, "POST": 100, "PATCH": 100, "PUT": 100, "DELETE": 100, "productqueries": 30},
        "total_limit": None,
        "hidden_resources": [],
        "hidden_from_list": [],
        "inclusive_date_filters": True,
        "post_answers_204": False,
        "user_id_as_text": True,
        "refuse_unchanged": False,
        "prices_include_vat": True,
        "shipping_price": "5.95",
        "currency": "EUR",
        "shop_name": "Simulated shop",
        "webhook_delivery": "normal",
    }

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        self.limiter = RateLimiter(self.clock)
        self.deliveries = Deliveries(self.clock, self.settings)
        self._base_url = "http://127.0.0.1"

    async def answer(self, request: VendorRequest) -> VendorAnswer:
        """Serve one API call: signature, path, limits, work, signed answer."""
        self._base_url = request.base_url
        try:
            key = verified_key(request, self.settings["keys"], self.clock.now())
            found = self._route(request)
            self._admit(key, found, request.method)
            answer = self._work(request, found)
        except Refusal as refusal:
            return refusal.answer()
        return self._signed(request, key, answer)

    def error_answer(self, kind: str) -> VendorAnswer:
        """Errors that faults ask for; a day's limit shows as the limit over the whole API."""
        refusals = {
            "429": Refusal(429, "429.10", "Too many calls on this resource in this minute."),
            "daily_limit": Refusal(429, "429.11", "Too many calls on the API."),
            "token_expired": Refusal(401, None, "The header x-hash does not match the request."),
        }
        return refusals.get(kind, Refusal(500, None, "Internal server error.")).answer()

    def state(self) -> dict[str, Any]:
        """Everything stored.

        ``orders`` holds for each order its native members with ``orderrows`` inside; ``total_price_text`` and
        ``total_tax_text`` repeat the amounts as decimal text.
        """
        return {
            "orders": [
                {
                    **order,
                    "total_price_text": format(order["total_price"], ".2f"),
                    "total_tax_text": format(order["total_tax"], ".2f"),
                    "orderrows": self.shop.rows(order["id"]),
                }
                for order in self.shop.orders.values()
            ],
            "ordernotes": list(self.shop.ordernotes.values()),
            "products": list(self.shop.products.values()),
            "packages": list(self.shop.packages.values()),
            "users": list(self.shop.users.values()),
            "usergroups": list(self.shop.usergroups.values()),
            "paymethods": list(self.shop.paymethods.values()),
            "webhooks": list(self.shop.webhooks.values()),
            "webhook_deliveries": self.deliveries.log,
            "mails": self.shop.mails,
            "rate_limit_peaks": self.limiter.peaks,
            "rate_limit_refusals": self.limiter.refusals,
        }

    def load(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take in native records or a day of the online-retail format.

        With ``"notify": true`` the webhooks hear of the orders as if customers had just placed them; stock stays as it
        is.
        """
        counts, orders = load_records(self.shop, body, self.clock.now())
        if body.get("notify"):
            self._announce([Event("orders.created", order) for order in orders if order["is_completed"]])
        return counts

    def clear_records(self) -> None:
        """Forget records, calls and deliveries."""
        self.shop = Shop()
        self.limiter.reset()
        self.deliveries.settings = self.settings
        self.deliveries.log = []

    def patch_record(self, kind: str, record_id: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Change a record as the merchant does; webhooks hear of it, totals are not added up again."""
        record = self._record(kind, record_id)
        before = copy.deepcopy(record)
        merge(record, changes)
        if kind == "orders":
            if record["is_completed"] and record["ordernumber"] is None:
                record["ordernumber"] = self.shop.next_ordernumber()
                record["ordernumber_full"] = f"{record['ordernumber_prefix'] or ''}{record['ordernumber']}"
                record["status"] = 1 if record["status"] is None else record["status"]
            self._announce(order_changes(before, record))
        elif kind == "products":
            record["modifydate"] = moment_text(self.clock.now())
            self._announce([Event("products.updated", record)])
        return record

    def delete_record(self, kind: str, record_id: str) -> None:
        """Remove a record as the merchant does; webhooks hear of orders and products."""
        record = self._record(kind, record_id)
        self.shop.delete(kind, record["id"])
        if kind in ("orders", "products"):
            self._announce([Event(f"{kind}.deleted", record)])

    def change_settings(self, changes: dict[str, Any]) -> None:
        """Change switches.

        Raises:
            ControlError: unknown name, or no such way of delivery.
        """
        ways = ("normal", "lost", "duplicated", "reordered", "unsigned", "wrongly_signed")
        if changes.get("webhook_delivery", "normal") not in ways:
            raise ControlError(f"webhook_delivery must be one of {', '.join(ways)}.")
        super().change_settings(changes)

    async def close(self) -> None:
        """Drop webhook deliveries under way."""
        await self.deliveries.close()

    def _record(self, kind: str, record_id: str) -> Record:
        records = self.shop.collection(kind)
        if not record_id.isdigit() or int(record_id) not in records:
            raise KeyError(f"There is no {kind} record {record_id}.")
        return records[int(record_id)]

    def _announce(self, events: list[Event]) -> None:
        self.deliveries.announce(self.shop, events, self._base_url)

    def _route(self, request: VendorRequest) -> Route | None:
        found = route(request.method, request.path)
        if found is not None and found.resource in self.settings["hidden_resources"]:
            raise Refusal(404, "404.20", "There is no such resource.")
        return found

    def _admit(self, key: str, found: Route | None, method: str) -> None:
        total = self.limiter.admit(f"{key} all", self.settings["total_limit"])
        if not total.allowed:
            raise Refusal(429, "429.11", "Too many calls on the API in this minute.")
        resource = found.resource if found else "root"
        limits = self.settings["limits"]
        limit = limits.get(resource, limits.get(method))
        if not self.limiter.admit(f"{key} {resource} {method}", limit).allowed:
            raise Refusal(429, "429.10", f"Too many {method} requests on {resource} in this minute.")

    def _work(self, request: VendorRequest, found: Route | None) -> VendorAnswer:
        if request.fault_is("500.20"):
            raise Refusal(500, "500.20", "The output does not match its schema.")
        call = Call(self.shop, request, self.settings, self.clock.now(), found.ids if found else ())
        status, body = (200, self._root(call)) if found is None else found.handler(call)
        self._announce(call.events)
        if status == 204 or (request.method == "POST" and self.settings["post_answers_204"]):
            return VendorAnswer(204)
        return VendorAnswer.json(status, body, escape_slashes=True)

    def _root(self, call: Call) -> dict[str, Any]:
        items = [
            {"href": call.href(name), "title": name, "description": f"The resource {name}", "uri": f"{PREFIX}/{name}/"}
            for name in RESOURCES
            if name not in self.settings["hidden_resources"]
        ]
        return {"href": call.href(), "items": items}

    def _signed(self, request: VendorRequest, key: str, answer: VendorAnswer) -> VendorAnswer:
        secret = self.settings["keys"][key]
        if request.fault_is("wrong_response_signature"):
            secret = f"{secret}x"
        date = moment_text(self.clock.now())
        answer.headers["x-date"] = date
        answer.headers["x-hash"] = digest(secret, key, request.method, request.raw_target, answer.body, date)
        return answer
