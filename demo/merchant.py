"""A merchant's doings in the demo and the benches, over the API and the simulators' control interface."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from connectors import exact_json

ON_ACCOUNT = "30 dagen netto"
TERMS = {
    "Ideal": "Betaaldienst",
    "CreditCard": "Kaartbetaling",
    "Paypal": "Digitale portemonnee",
    "BankTransfer": ON_ACCOUNT,
}
"""The shop's payment methods and the books' terms of payment, by name; one method of the shop is left out."""
_RATES = ("21", "0")
_EXTRA_ARTICLES = {"shipping": "SHIPPING", "fee": "FEE", "discount": "DISCOUNT", "rounding": "ROUNDING"}
_PLAN_CALLS = 60_000
"""The simulated accounts are on a plan with more calls a minute than the published one, so that nobody waits."""


@dataclass
class Figures:
    """One flow's outcome, as the JSON file gives it."""

    integration: str
    flow: str
    source: str
    target: str
    listed: int = 0
    done: int = 0
    skipped: int = 0
    parked: int = 0
    in_flight: int = 0
    released: int = 0
    duplicates: int = 0
    missing: int = 0
    source_total: dict[str, str] = field(default_factory=dict)
    target_total: dict[str, str] = field(default_factory=dict)
    vendor_calls: dict[str, int] = field(default_factory=dict)

    def add_up(self) -> bool:
        """Whether nothing is lost, doubled or different."""
        whole = self.listed == self.done + self.skipped + self.parked + self.in_flight
        return whole and not self.duplicates and not self.missing and self.source_total == self.target_total


class Simulated:
    """One simulator through its control interface."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._http = httpx.AsyncClient(base_url=f"{base_url}/_sim", timeout=60)

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """One control call; numbers stay exact."""
        content = None if body is None else exact_json.dumps(body)
        answer = await self._http.request(method, path, content=content)
        answer.raise_for_status()
        return exact_json.loads(answer.content) if answer.content else None

    async def vendor_calls(self) -> int:
        """How many requests the vendor's side has received."""
        return int((await self.call("GET", f"/requests?since={2**31}"))["next"])

    async def aclose(self) -> None:
        """Close the connection."""
        await self._http.aclose()


class Merchant:
    """Connects both accounts, switches the flow on, repairs what is parked, and checks the outcome."""

    def __init__(self, api_url: str, token: str, shop: Simulated, books: Simulated) -> None:
        self.shop = shop
        self.books = books
        self.integration_id = ""
        self.flow_id = ""
        self._shop_connection = self._books_connection = ""
        self._api = httpx.AsyncClient(
            base_url=f"{api_url}/api/v1", headers={"authorization": f"Bearer {token}"}, timeout=60
        )

    async def aclose(self) -> None:
        """Close all connections."""
        for closing in (self._api, self.shop, self.books):
            await closing.aclose()

    async def api(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the API; raises with the problem document's sentence."""
        answer = await self._api.request(method, path, json=body)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.text}")
        return answer.json() if answer.content else None

    async def fill(self, csv: str, *, limit: int | None = None) -> None:
        """Load the shop with the day's orders, and the books with every article the shop sells."""
        today = datetime.now(UTC).date().isoformat()
        load: dict[str, Any] = {"format": "online-retail", "csv": csv, "shift_to": today}
        await self.shop.call("POST", "/load", load if limit is None else {**load, "limit": limit})
        await self.choose_plan()
        products = (await self.shop.call("GET", "/state"))["products"]
        articles = [{"Number": row["productnumber"], "Name": row["name"][:50], "vat_rate": 21} for row in products]
        articles += [
            {"Number": f"{name}{rate}", "Name": f"{use} {rate} %", "vat_rate": int(rate)}
            for use, name in _EXTRA_ARTICLES.items()
            for rate in _RATES
        ]
        await self.books.call("POST", "/load", {"articles": articles})

    async def choose_plan(self) -> None:
        """Put both accounts on a plan with more calls a minute than a benchmark or a demo makes."""
        plan = {"limits": dict.fromkeys(("GET", "POST", "PATCH", "PUT", "DELETE", "productqueries"), _PLAN_CALLS)}
        await self.shop.call("PATCH", "/settings", plan)
        await self.books.call("PATCH", "/settings", {"rate_limit": _PLAN_CALLS})

    async def set_up(self, *, schedule: str = "*/5 * * * *", **orders: Any) -> None:
        """Connect both accounts, make the integration with its orders flow, and start it."""
        await self.connect()
        target: dict[str, Any] = {
            f"{use}_article": {rate: f"{name}{rate}" for rate in _RATES} for use, name in _EXTRA_ARTICLES.items()
        }
        self.flow_id = await self.add_flow("orders", source="shop", schedule=schedule, common=orders, target=target)
        for method, terms in TERMS.items():
            await self.map_payment(method, terms)
        await self.start()

    async def connect(self) -> None:
        """Connect both accounts, and make an integration of them that has no flow yet."""
        public, secret = next(iter((await self.shop.call("GET", "/settings"))["keys"].items()))
        settings = {
            "base_url": self.shop.base_url,
            "public_key": public,
            "secret_key": secret,
            "calls_per_minute": _PLAN_CALLS,
        }
        shop = await self.api("POST", "/connections", {"system": "ccvshop", "name": "Web shop", "settings": settings})
        self._shop_connection, self._books_connection = str(shop["id"]), await self._connect_books()
        integration = await self.api(
            "POST",
            "/integrations",
            {
                "name": "Web shop and books",
                "time_zone": "Europe/Amsterdam",
                "connection_a_id": self._shop_connection,
                "connection_b_id": self._books_connection,
            },
        )
        self.integration_id = integration["id"]

    async def add_flow(
        self, kind: str, *, source: str = "books", schedule: str = "*/5 * * * *", common: Any = None, target: Any = None
    ) -> str:
        """A flow from the ``books`` to the shop or from the ``shop`` to the books; returns its id."""
        ends = [self._books_connection, self._shop_connection]
        source_id, target_id = ends if source == "books" else reversed(ends)
        wish = {
            "kind": kind,
            "source_connection_id": source_id,
            "target_connection_id": target_id,
            "schedule": schedule,
            "settings": {kind: common or {}, "target": target or {}},
        }
        created = await self.api("POST", f"/integrations/{self.integration_id}/flows", wish)
        return str(created["flow"]["id"])

    async def start(self) -> None:
        """Start the integration; every flow begins at once."""
        await self.api("POST", f"/integrations/{self.integration_id}/start")

    async def _connect_books(self) -> str:
        client = {"client_id": "longshore-demo", "client_secret": "longshore-demo-secret"}
        settings = {
            **client,
            "api_url": self.books.base_url,
            "identity_url": self.books.base_url,
            "calls_per_minute": _PLAN_CALLS,
        }
        connection = await self.api(
            "POST", "/connections", {"system": "eaccounting", "name": "Books", "settings": settings}
        )
        redirect = str(self._api.base_url.copy_with(path="/oauth/callback"))
        await self.books.call("POST", "/load", {"clients": [{**client, "redirect_uris": [redirect]}]})
        await self.consent(connection["id"])
        return str(connection["id"])

    async def consent(self, connection_id: str = "") -> None:
        """Give consent as the owner does in a browser: to the vendor's page, and back with a code."""
        connection_id = connection_id or self._books_connection
        url = (await self.api("POST", f"/connections/{connection_id}/authorize"))["authorize_url"]
        async with httpx.AsyncClient(follow_redirects=False, timeout=60) as browser:
            back = (await browser.get(url)).headers["location"]
            query = parse_qs(urlsplit(back).query)
            if "code" not in query:
                raise RuntimeError(f"The simulated consent was not given: {back}")
            answer = await self._api.get(back)
            if answer.status_code >= httpx.codes.BAD_REQUEST:
                raise RuntimeError(f"The consent was not taken in: {answer.text}")

    async def map_payment(self, method: str, terms: str) -> int:
        """Save one row of the payment methods' table; returns how many orders that released."""
        known = {row["Name"]: row["Id"] for row in (await self.books.call("GET", "/state"))["termsofpayments"]}
        row = {"source_value": method, "target_value": known[terms]}
        saved = await self.api("PUT", f"/flows/{self.flow_id}/values/payment_method", row)
        return int(saved["released"])

    async def standing(self) -> dict[str, Any]:
        """The flow's figures as the API gives them."""
        progress = await self.api("GET", f"/integrations/{self.integration_id}/progress")
        flow: dict[str, Any] = progress["flows"][0]
        return flow

    async def settled(self) -> bool:
        """Whether every listed order has an end, and the flow has read all there is."""
        flow = await self.standing()
        return bool(flow["runs"]) and flow["state"] == "waiting" and flow["in_flight"] == 0 and flow["listed"] > 0

    async def until_settled(self, seconds: float = 900) -> None:
        """Wait for `settled`, twice in a row; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not (await self.settled() and await self._still_settled()):  # noqa: ASYNC110 - polls an API
                await asyncio.sleep(0.3)

    async def _still_settled(self) -> bool:
        await asyncio.sleep(0.5)
        return await self.settled()

    async def items(self, state: str) -> list[dict[str, Any]]:
        """All items of the flow in one state."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await self.api("GET", f"/items?flow_id={self.flow_id}&state={state}&limit=200{after}")
            found += page["items"]
            if not page.get("after"):
                return found
            after = f"&after={page['after']}"

    async def figures(self) -> Figures:
        """The outcome: states from the ledger, everything else from the simulators."""
        flow = await self.standing()
        figures = Figures("Web shop and books", "orders", "ccvshop", "eaccounting")
        for name in ("listed", "done", "skipped", "parked", "in_flight", "released"):
            setattr(figures, name, flow[name])
        documents = (await self.books.call("GET", "/state"))["orders"]
        orders = {row["ordernumber_full"]: row for row in (await self.shop.call("GET", "/state"))["orders"]}
        written = Counter(str(row["BuyersOrderReference"]) for row in documents)
        excused = {item["reference"] for state in ("skipped", "parked") for item in await self.items(state)}
        done = {item["reference"] for item in await self.items("done")}
        figures.duplicates = sum(count - 1 for count in written.values())
        figures.missing = sum(1 for number in orders if number not in written and number not in excused)
        figures.source_total = _totals(
            (row["currency"], row["total_price_text"]) for number, row in orders.items() if number in done
        )
        figures.target_total = _totals(
            (row["CurrencyCode"], row["total_incl_vat"])
            for row in documents
            if row["BuyersOrderReference"] not in excused
        )
        figures.vendor_calls = {"source": await self.shop.vendor_calls(), "target": await self.books.vendor_calls()}
        return figures


def _totals(amounts: Iterable[tuple[str, str]]) -> dict[str, str]:
    totals: dict[str, Decimal] = {}
    for currency, amount in amounts:
        totals[currency] = totals.get(currency, Decimal(0)) + Decimal(str(amount))
    return {currency: format(amount, ".2f") for currency, amount in sorted(totals.items())}
