"""The demo: a day of real orders from a simulated shop into simulated books, watched live and checked afterwards.

What is counted as duplicate or missing, and the target's total, come from the simulators' own state, not from our
database. One payment method is left unmapped on purpose, so that parking, fixing and releasing can be watched.
"""

import asyncio
import contextlib
import json
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from rich.console import Console
from rich.live import Live
from rich.table import Table

from cli import Running, everything, until_stopped
from connectors import exact_json
from embedded import child, web_answering
from logs import configure_logs
from settings import Settings

_DAY = Path(__file__).parent / "simulators" / "data" / "2010-12-01.csv"
_UNMAPPED = "AfterPay"
_TERMS = {"Ideal": "Betaald", "CreditCard": "Betaald", "Paypal": "Betaald", "BankTransfer": "30 dagen"}
_RATES = ("21", "0")
_EXTRA_ARTICLES = {"shipping": "SHIPPING", "fee": "FEE", "discount": "DISCOUNT", "rounding": "ROUNDING"}
_PLAN_CALLS = 60_000
"""The simulated accounts are on a plan with more calls a minute than the published one, so that nobody waits."""
_WATCH_SECONDS = 15


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    once: bool = False
    json_file: Path | None = None
    data: Path | None = None
    keep: bool = False


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


class Demo:
    """A merchant's doings: connects both accounts, switches the flow on, repairs what is parked."""

    def __init__(self, api_url: str, token: str, shop: Simulated, books: Simulated) -> None:
        self.shop = shop
        self.books = books
        self.integration_id = ""
        self.flow_id = ""
        self._books_connection = ""
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
        plan = {"limits": dict.fromkeys(("GET", "POST", "PATCH", "PUT", "DELETE", "productqueries"), _PLAN_CALLS)}
        await self.shop.call("PATCH", "/settings", plan)
        await self.books.call("PATCH", "/settings", {"rate_limit": _PLAN_CALLS})
        products = (await self.shop.call("GET", "/state"))["products"]
        articles = [{"Number": row["productnumber"], "Name": row["name"][:50], "vat_rate": 21} for row in products]
        articles += [
            {"Number": f"{name}{rate}", "Name": f"{use} {rate} %", "vat_rate": int(rate)}
            for use, name in _EXTRA_ARTICLES.items()
            for rate in _RATES
        ]
        await self.books.call("POST", "/load", {"articles": articles})

    async def set_up(self, *, schedule: str = "*/5 * * * *", **orders: Any) -> None:
        """Connect both accounts, make the integration with its orders flow, and start it."""
        shop_keys = (await self.shop.call("GET", "/settings"))["keys"]
        public, secret = next(iter(shop_keys.items()))
        shop = await self.api(
            "POST",
            "/connections",
            {
                "system": "ccvshop",
                "name": "Web shop",
                "settings": {
                    "base_url": self.shop.base_url,
                    "public_key": public,
                    "secret_key": secret,
                    "calls_per_minute": _PLAN_CALLS,
                },
            },
        )
        books = await self._connect_books()
        self._books_connection = books
        target: dict[str, Any] = {
            f"{use}_article": {rate: f"{name}{rate}" for rate in _RATES} for use, name in _EXTRA_ARTICLES.items()
        }
        integration = await self.api(
            "POST",
            "/integrations",
            {
                "name": "Web shop and books",
                "time_zone": "Europe/Amsterdam",
                "connection_a_id": shop["id"],
                "connection_b_id": books,
                "flows": [
                    {
                        "kind": "orders",
                        "source_connection_id": shop["id"],
                        "target_connection_id": books,
                        "schedule": schedule,
                        "settings": {"orders": orders, "target": target},
                    }
                ],
            },
        )
        self.integration_id, self.flow_id = integration["id"], integration["flows"][0]["id"]
        for method, terms in _TERMS.items():
            await self.map_payment(method, terms)
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
        row = {"source_value": method, "target_value": known.get(terms) or next(iter(known.values()))}
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


def _totals(amounts: Any) -> dict[str, str]:
    totals: dict[str, Decimal] = {}
    for currency, amount in amounts:
        totals[currency] = totals.get(currency, Decimal(0)) + Decimal(str(amount))
    return {currency: format(amount, ".2f") for currency, amount in sorted(totals.items())}


def free_port(wanted: int = 0) -> int:
    """The port, or another one when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise OSError("no free port")


@contextlib.asynccontextmanager
async def simulated_vendors() -> AsyncIterator[tuple[Simulated, Simulated]]:
    """Both vendors in a process of their own."""
    ports = {"ccvshop": free_port(9101), "eaccounting": free_port(9102)}
    flags = [part for name, port in ports.items() for part in (f"--{name}-port", str(port))]
    cli = str(Path(__file__).with_name("cli.py"))
    async with child([sys.executable, cli, "simulators", *flags]):
        shop, books = (Simulated(f"http://127.0.0.1:{port}") for port in ports.values())
        for simulator in (shop, books):
            await web_answering(f"{simulator.base_url}/_sim/")
        yield shop, books


async def run_demo(options: Options, console: Console) -> int:
    """Run the demo; the exit code is 0 when every figure adds up."""
    csv = (options.data or _DAY).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="longshore-demo-") as directory:
        settings = Settings(
            data_dir=Path(directory),
            database_url="",
            api_port=free_port(8080),
            temporal_address=f"127.0.0.1:{free_port(7233)}",
            temporal_ui_url=f"http://127.0.0.1:{free_port(8233)}",
        )
        configure_logs(settings.log_level, settings.data_dir / "longshore.log")
        began = time.monotonic()
        async with simulated_vendors() as (shop, books), everything(settings) as running:
            demo = Demo(running.url, running.token, shop, books)
            async with contextlib.aclosing(demo):
                await demo.fill(csv)
                await demo.set_up()
                _print_addresses(console, running, demo)
                figures = await _watch(demo, console, options)
                seconds = round(time.monotonic() - began, 1)
                ok = figures.add_up() and figures.in_flight == 0
                if options.json_file is not None:
                    _write(options.json_file, ok=ok, seconds=seconds, figures=figures)
                console.print(f"{'All figures add up' if ok else 'The figures do not add up'}, {seconds} s.")
                if options.keep or not options.once:
                    console.print("Everything goes on running; Ctrl-C ends it.")
                    await until_stopped()
    return 0 if ok else 1


async def _watch(demo: Demo, console: Console, options: Options) -> Figures:
    """Show the flow live; when all has settled, make the repair that releases what is parked for it."""
    with Live(console=console, refresh_per_second=4) as live:
        showing = asyncio.create_task(_show(demo, live))
        try:
            await demo.until_settled()
            if not options.once:
                live.console.print(f"In {_WATCH_SECONDS} s the row for {_UNMAPPED} is saved; or save it yourself.")
                await asyncio.sleep(_WATCH_SECONDS)
            released = await demo.map_payment(_UNMAPPED, "30 dagen")
            live.console.print(f"Payment method {_UNMAPPED} mapped: {released} parked orders go on.")
            await demo.until_settled()
        finally:
            showing.cancel()
        figures = await demo.figures()
        live.update(_table(asdict(figures), "settled"))
    return figures


async def _show(demo: Demo, live: Live) -> None:
    while True:
        flow = await demo.standing()
        live.update(_table({**flow, "flow": "orders", "source": "ccvshop", "target": "eaccounting"}, flow["state"]))
        await asyncio.sleep(0.5)


def _table(flow: dict[str, Any], state: str) -> Table:
    table = Table(title=f"{flow['flow']}: {flow['source']} → {flow['target']} ({state})")
    names = ("listed", "done", "skipped", "parked", "in_flight", "released", "duplicates", "missing")
    known = [name for name in names if name in flow]
    for name in known:
        table.add_column(name.replace("_", " "), justify="right")
    table.add_row(*(str(flow[name]) for name in known))
    table.caption = ", ".join(
        f"{name.partition('_')[0]} {amount} {currency}"
        for name in ("source_total", "target_total")
        for currency, amount in flow.get(name, {}).items()
    )
    return table


def _print_addresses(console: Console, running: Running, demo: Demo) -> None:
    for name, address in (
        ("Longshore", f"{running.url}/?token={running.token}"),
        ("API docs", f"{running.url}/docs"),
        ("Temporal UI", running.temporal_ui_url),
        ("Shop", f"{demo.shop.base_url}/_sim/"),
        ("Books", f"{demo.books.base_url}/_sim/"),
    ):
        console.print(f"{name:12} {address}", soft_wrap=True)


def _write(file: Path, *, ok: bool, seconds: float, figures: Figures) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"ok": ok, "seconds": seconds, "flows": [asdict(figures)]}
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
