"""The simulated web shop: signatures, limits, routing, and what the control interface sees."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, ClassVar

from simulators.ccvshop.call import PREFIX, Call, Event
from simulators.ccvshop.loading import change_record, load_records
from simulators.ccvshop.orders import order_changes
from simulators.ccvshop.photos import served_photo
from simulators.ccvshop.product_shape import whole_product
from simulators.ccvshop.refusal import Refusal
from simulators.ccvshop.routes import RESOURCES, Route, route
from simulators.ccvshop.shop import Record, Shop, merge
from simulators.ccvshop.signing import digest, moment_text, verified_key
from simulators.ccvshop.webhooks import Deliveries
from simulators.kit import ControlError, RateLimiter, Simulator, VendorAnswer, VendorRequest, check_parts

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
        product_limit: how many products the subscription allows (500.60); -1 means any number.
        b2b_installed: whether groups and price adjustments can be used; false answers 500.90.
        stock_moves_modifydate: whether a change of stock alone, by API or order, moves a product's ``modifydate``.
        photo_max_bytes, body_max_bytes: sizes above which a photo is refused (500.21) and a whole body (500.80).
        prices_include_vat, shipping_price, currency, shop_name: the shop's own configuration.
        order_status_names: labels that the merchant gave to order statuses, by number as text.
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
        "product_limit": -1,
        "b2b_installed": True,
        "stock_moves_modifydate": True,
        "photo_max_bytes": 8_000_000,
        "body_max_bytes": 16_000_000,
        "prices_include_vat": True,
        "shipping_price": "5.95",
        "currency": "EUR",
        "order_status_names": {},
        "shop_name": "Simulated shop",
        "webhook_delivery": "normal",
    }

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        self.limiter = RateLimiter(self.clock)
        self.deliveries = Deliveries(self.clock, self.settings)
        self._calls: Counter[str] = Counter()
        self._base_url = "http://127.0.0.1"

    async def answer(self, request: VendorRequest) -> VendorAnswer:
        """Serve one API call: signature, path, limits, work, signed answer."""
        self._base_url = request.base_url
        photo = served_photo(self.shop, request.path)
        if photo is not None:
            return photo
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
        ``total_tax_text`` repeat the amounts as decimal text. Each of ``products`` has ``categories`` (ids) and
        ``photos`` (with ``sha256`` and ``bytes``). ``mails`` are the messages that customers would have got, ``calls``
        how often each method and path was called, ``password_writes`` how often a password was sent, by user.
        """
        return self.state_of(self._parts())

    def state_of(self, names: Collection[str]) -> dict[str, Any]:
        """Only the named parts of the state.

        Raises:
            ControlError: the state has no part of that name.
        """
        parts = self._parts()
        check_parts(names, parts)
        return {name: parts[name]() for name in names}

    def record(self, kind: str, record_id: str) -> dict[str, Any]:
        """One record as the state shows it.

        Raises:
            KeyError: no such kind or record.
        """
        return self._shown(kind, self._record(kind, record_id))

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
        self._calls.clear()
        self.deliveries.settings = self.settings
        self.deliveries.log = []

    def patch_record(self, kind: str, record_id: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Change a record as the merchant does; webhooks hear of it, totals are not added up again."""
        record = self._record(kind, record_id)
        if kind != "orders":
            changed = change_record(self.shop, kind, record, changes, self.clock.now())
            if kind in ("products", "categories"):
                self._announce([Event(f"{kind}.updated", changed)])
            return self._shown(kind, changed)
        before = copy.deepcopy(record)
        merge(record, changes)
        if record["is_completed"] and record["ordernumber"] is None:
            record["ordernumber"] = self.shop.next_ordernumber()
            record["ordernumber_full"] = f"{record['ordernumber_prefix'] or ''}{record['ordernumber']}"
            record["status"] = 1 if record["status"] is None else record["status"]
        self._announce(order_changes(before, record))
        return record

    def delete_record(self, kind: str, record_id: str) -> None:
        """Remove a record as the merchant does; webhooks hear of orders, products and categories."""
        record = self._record(kind, record_id)
        self.shop.delete(kind, record["id"])
        if kind in ("orders", "products", "categories"):
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

    def _parts(self) -> dict[str, Callable[[], Any]]:
        """What makes each part of the state, when it is asked for."""
        parts: dict[str, Callable[[], Any]] = {
            kind: partial(self._all_shown, kind) for kind in self.shop.kinds() if kind != "orderrows"
        }
        return parts | {
            "webhook_deliveries": lambda: self.deliveries.log,
            "mails": lambda: self.shop.mails,
            "password_writes": lambda: self.shop.password_writes,
            "calls": lambda: dict(self._calls),
            "rate_limit_peaks": lambda: self.limiter.peaks,
            "rate_limit_refusals": lambda: self.limiter.refusals,
        }

    def _all_shown(self, kind: str) -> list[Record]:
        return [self._shown(kind, record) for record in self.shop.collection(kind).values()]

    def _shown(self, kind: str, record: Record) -> Record:
        if kind == "orders":
            return {
                **record,
                "total_price_text": format(record["total_price"], ".2f"),
                "total_tax_text": format(record["total_tax"], ".2f"),
                "orderrows": self.shop.rows(record["id"]),
            }
        if kind == "products":
            links = self.shop.table("producttocategories").where("product_id", record["id"])
            photos = self.shop.table("productphotos").where("product_id", record["id"])
            return {**whole_product(record), "categories": [link["category_id"] for link in links], "photos": photos}
        return record

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
        self._calls[f"{method} {found.pattern if found else '/'}"] += 1
        resource = found.resource if found else "root"
        limits = self.settings["limits"]
        limit = limits.get(resource, limits.get(method))
        if not self.limiter.admit(f"{key} {resource} {method}", limit).allowed:
            raise Refusal(429, "429.10", f"Too many {method} requests on {resource} in this minute.")

    def _work(self, request: VendorRequest, found: Route | None) -> VendorAnswer:
        if len(request.body) > self.settings["body_max_bytes"]:
            raise Refusal(500, "500.80", f"The body is larger than {self.settings['body_max_bytes']} bytes.")
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
