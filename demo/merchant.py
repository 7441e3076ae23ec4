"""A merchant's doings in the demo and the benches, over the API and the simulators' control interface."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from demo.figures import BOOKS_KINDS, COMPARED, SHOP_KINDS, Figures, Held
from demo.simulated import Simulated
from demo.trade import CARRIERS, EXTRA_ARTICLES, GROUPS, RATES, extra_articles, fill_both

ON_ACCOUNT = "30 dagen netto"
TERMS = {
    "Ideal": "Betaaldienst",
    "CreditCard": "Kaartbetaling",
    "Paypal": "Digitale portemonnee",
    "BankTransfer": ON_ACCOUNT,
}
"""The shop's payment methods and the books' terms of payment, by name; one method of the shop is left out."""
_TO_BOOKS, _TO_SHOP = ("shop", "books"), ("books", "shop")
ENDS = {
    "orders": _TO_BOOKS,
    "customers": _TO_BOOKS,
    "products": _TO_SHOP,
    "stock": _TO_SHOP,
    "prices": _TO_SHOP,
    "shipments": _TO_SHOP,
}
"""Where the flow of each kind comes from and where it goes."""
ALL_FLOWS = tuple(ENDS)
_SYSTEMS = {"shop": "ccvshop", "books": "eaccounting"}
_INTEGRATION = "Web shop and books"
_PLAN_CALLS = 60_000
"""The simulated accounts are on a plan with more calls a minute than the published one, so that nobody waits."""


class Merchant:
    """Connects both accounts, switches flows on, repairs what is parked, and checks the outcome."""

    def __init__(self, api_url: str, token: str, shop: Simulated, books: Simulated) -> None:
        self.shop = shop
        self.books = books
        self.integration_id = ""
        self.flows: dict[str, str] = {}
        """Kind → id; of the orders flow alone after `set_up`, of all six after `set_up_all`."""
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
        await self._place_orders(csv, limit)
        products = (await self.shop.state("products"))["products"]
        articles = [{"Number": row["productnumber"], "Name": row["name"][:50], "vat_rate": 21} for row in products]
        await self.books.load(articles=[*articles, *extra_articles()])

    async def fill_all(self, csv: str, *, limit: int | None = None) -> None:
        """Load the shop with the day's orders, and both sides with all that the six flows carry: see `fill_both`."""
        await self._place_orders(csv, limit)
        await fill_both(self.shop, self.books)

    async def _place_orders(self, csv: str, limit: int | None) -> None:
        today = datetime.now(UTC).date().isoformat()
        load: dict[str, Any] = {"format": "online-retail", "csv": csv, "shift_to": today}
        await self.shop.call("POST", "/load", load if limit is None else {**load, "limit": limit})
        await self.choose_plan()

    async def choose_plan(self) -> None:
        """Put both accounts on a plan with more calls a minute than a benchmark or a demo makes."""
        plan = {"limits": dict.fromkeys(("GET", "POST", "PATCH", "PUT", "DELETE", "productqueries"), _PLAN_CALLS)}
        await self.shop.call("PATCH", "/settings", plan)
        await self.books.call("PATCH", "/settings", {"rate_limit": _PLAN_CALLS})

    async def set_up(self, **orders: Any) -> None:
        """Connect both accounts, make the integration with its orders flow, and start it."""
        await self.connect()
        await self._add_orders(orders)
        await self.start()

    async def set_up_all(self) -> None:
        """Connect both accounts, make the integration with all six flows and their value tables, and start it."""
        await self.connect()
        known = await self.books.state("termsofpayments", "salespricelists")
        terms = {row["Name"]: row["Id"] for row in known["termsofpayments"]}
        await self._add_orders({})
        # The day's VAT numbers are made up and have no check digits.
        customers = {"common": {"check_vat_number": False}, "target": {"terms_of_payment": terms[ON_ACCOUNT]}}
        products = {
            "common": {"filter": "raw.SendToWebshop", "page_size": 500},
            "source_settings": {"labels_as_categories": True},
            "target": {"package": "1"},
        }
        settings: dict[str, dict[str, Any]] = {
            "customers": customers,
            "products": products,
            "stock": {"common": {"page_size": 500}},
            "prices": {},
            "shipments": {"target": {"mail": True}},
        }
        for kind, groups in settings.items():
            self.flows[kind] = await self.add_flow(kind, source=ENDS[kind][0], **groups)
        for group, price_list in (await self.lists_of_groups()).items():
            await self.save_value("customers", "customer_group", group, price_list)
            await self.save_value("prices", "customer_group", price_list, group)
        for word, carrier in CARRIERS.items():
            await self.save_value("shipments", "carrier", word, carrier)
        await self.start()

    async def _add_orders(self, orders: Mapping[str, Any]) -> None:
        target = {f"{use}_article": {rate: f"{name}{rate}" for rate in RATES} for use, name in EXTRA_ARTICLES.items()}
        self.flows["orders"] = await self.add_flow("orders", source="shop", common=orders, target=target)
        for method, terms in TERMS.items():
            await self.map_payment(method, terms)

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
                "name": _INTEGRATION,
                "time_zone": "Europe/Amsterdam",
                "connection_a_id": self._shop_connection,
                "connection_b_id": self._books_connection,
            },
        )
        self.integration_id = integration["id"]

    async def add_flow(
        self,
        kind: str,
        *,
        source: str = "books",
        schedule: str = "*/5 * * * *",
        common: Any = None,
        source_settings: Any = None,
        target: Any = None,
    ) -> str:
        """A flow from the ``books`` to the shop or from the ``shop`` to the books; returns its id."""
        ends = [self._books_connection, self._shop_connection]
        source_id, target_id = ends if source == "books" else reversed(ends)
        wish = {
            "kind": kind,
            "source_connection_id": source_id,
            "target_connection_id": target_id,
            "schedule": schedule,
            "settings": {kind: common or {}, "source": source_settings or {}, "target": target or {}},
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
        known = {row["Name"]: row["Id"] for row in (await self.books.state("termsofpayments"))["termsofpayments"]}
        return await self.save_value("orders", "payment_method", method, known[terms])

    async def save_value(self, kind: str, table: str, source_value: str, target_value: str) -> int:
        """Save one row of a flow's value table; returns how many records that released."""
        row = {"source_value": source_value, "target_value": target_value}
        saved = await self.api("PUT", f"/flows/{self.flows[kind]}/values/{table}", row)
        return int(saved["released"])

    async def lists_of_groups(self) -> dict[str, str]:
        """The shop's user groups and the books' price lists that stand for them; they have the same names."""
        lists = {row["Name"]: row["Id"] for row in (await self.books.state("salespricelists"))["salespricelists"]}
        return {str(group): str(lists[name]) for group, (name, _) in GROUPS.items() if name in lists}

    async def standings(self) -> dict[str, dict[str, Any]]:
        """Every flow's figures as the API gives them, by kind."""
        progress = await self.api("GET", f"/integrations/{self.integration_id}/progress")
        return {flow["kind"]: flow for flow in progress["flows"]}

    async def settled(
        self, *, after: Mapping[str, int] | None = None, waiting: Mapping[str, int] | None = None
    ) -> bool:
        """Whether every flow has read all there is, and every listed record has an end.

        Args:
            after: By kind, the number of a run that does not count any more.
            waiting: By kind, how many records may be on their way still.
        """
        standings = await self.standings()
        return all(
            (flow["runs"] or 0) > (after or {}).get(kind, 0)
            and flow["state"] == "waiting"
            and flow["in_flight"] <= (waiting or {}).get(kind, 0)
            and (flow["listed"] > 0 or kind == "shipments")
            for kind, flow in standings.items()
        )

    async def until_settled(
        self,
        seconds: float = 900,
        *,
        after: Mapping[str, int] | None = None,
        waiting: Mapping[str, int] | None = None,
    ) -> None:
        """Wait for `settled`, twice in a row; raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                if await self.settled(after=after, waiting=waiting):
                    await asyncio.sleep(0.5)
                    if await self.settled(after=after, waiting=waiting):
                        return
                await asyncio.sleep(0.5)

    async def run_flows(self, *kinds: str, waiting: Mapping[str, int] | None = None) -> None:
        """Let these flows run once more and wait until all flows are settled; raises TimeoutError."""
        standings = await self.standings()
        for kind in kinds:
            wish = {"flow_id": self.flows[kind]}
            await self.api("POST", f"/integrations/{self.integration_id}/run", wish)
        after = {kind: int(standings[kind]["runs"] or 0) for kind in kinds}
        await self.until_settled(after=after, waiting=waiting)

    async def items(self, state: str, kind: str = "orders") -> list[dict[str, Any]]:
        """All items of a flow in one state."""
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = await self.api("GET", f"/items?flow_id={self.flows[kind]}&state={state}&limit=200{after}")
            found += page["items"]
            if not page.get("after"):
                return found
            after = f"&after={page['after']}"

    async def figures(self) -> Figures:
        """The outcome of the orders flow."""
        return (await self.all_figures(["orders"]))[0]

    async def all_figures(self, kinds: Collection[str] = ALL_FLOWS) -> list[Figures]:
        """The outcome: states from the ledger, everything else from the simulators."""
        standings = await self.standings()
        shop, books = await self.shop.state(*SHOP_KINDS), await self.books.state(*BOOKS_KINDS)
        calls = {"shop": await self.shop.vendor_calls(), "books": await self.books.vendor_calls()}
        lists = await self.lists_of_groups()
        left_out = await self._references("orders", "skipped")
        found = []
        for kind in kinds:
            source, target = ENDS[kind]
            excused = await self._references(kind, "skipped") | await self._references(kind, "parked")
            compared = COMPARED[kind](Held(shop, books, excused, left_out, lists))
            figures = Figures(_INTEGRATION, kind, _SYSTEMS[source], _SYSTEMS[target], **vars(compared))
            for name in ("listed", "done", "skipped", "parked", "in_flight", "released"):
                setattr(figures, name, standings[kind][name])
            figures.vendor_calls = {"source": calls[source], "target": calls[target]}
            found.append(figures)
        return found

    async def _references(self, kind: str, state: str) -> set[str]:
        return {item["reference"] for item in await self.items(state, kind)}
