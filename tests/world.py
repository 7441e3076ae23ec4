"""A whole Longshore for one test: both simulated vendors, a database, a worker and the API, against a real Temporal.

Nothing of the product is replaced: the API is called over ASGI, vendors over sockets, workflows run on the server of
the fixture ``temporal_address``. Flows run only when a test asks, unless it sets a schedule.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
from pydantic import SecretStr
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from activities import Vendors
from activities.account_fields import read_account_fields
from activities.rehearsal import LedgerRehearsals
from api.app import create_app
from api.services import Services
from settings import Settings
from simulators.eaccounting import EAccounting
from simulators.eaccounting.account import Account
from simulators.eaccounting.models import whole
from store import KeyRing, Store, migrate
from tests.simulation import Simulation, running
from tests.waiting import eventually
from worker import compose_worker, connect
from workflows.converter import EncryptionCodec
from workflows.messages import integration_workflow_id, order_workflow_id

NEVER = "0 0 1 1 *"
RATES = ("21", "9", "0")
EXTRA = {"shipping": "SHIPPING", "fee": "FEE", "discount": "DISCOUNT", "rounding": "ROUNDING"}
PLENTY = 100_000
CLIENT = {"client_id": "longshore-tests", "client_secret": "s3cret-of-the-tests"}


@dataclass
class World:
    """One merchant's shop and books, and the Longshore between them."""

    shop: Simulation
    books: Simulation
    store: Store
    vendors: Vendors
    temporal: Client
    settings: Settings
    api_client: httpx.AsyncClient
    workspace_id: str
    keys: KeyRing
    worker: Worker | None = None
    shop_id: str = ""
    books_id: str = ""
    integration_id: str = ""
    flow_id: str = ""
    articles: list[dict[str, Any]] = field(default_factory=list)

    async def api(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> Any:
        """One call of the API under ``/api/v1``; the answer's JSON. Fails on an error unless ``status`` expects it."""
        answer = await self.api_client.request(method, f"/api/v1{path}", json=body)
        if status is None:
            assert not answer.is_error, f"{method} {path}: {answer.status_code} {answer.text}"
        else:
            assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def connect(self) -> None:
        """Both accounts connected, the books with consent given."""
        public, secret = next(iter((await self.shop.about())["settings"]["keys"].items()))
        shop = {"base_url": self.shop.base_url, "public_key": public, "secret_key": secret, "calls_per_minute": PLENTY}
        books = {
            **CLIENT,
            "api_url": self.books.base_url,
            "identity_url": self.books.base_url,
            "calls_per_minute": PLENTY,
        }
        for system, settings in (("ccvshop", shop), ("eaccounting", books)):
            body = {"system": system, "name": system, "settings": settings}
            connection_id = (await self.api("POST", "/connections", body))["id"]
            self.shop_id, self.books_id = (connection_id, "") if system == "ccvshop" else (self.shop_id, connection_id)
        redirect = f"{self.settings.resolved_public_url()}/oauth/callback"
        await self.books.load({"clients": [{**CLIENT, "redirect_uris": [redirect]}]})
        await self.consent()

    async def consent(self) -> None:
        """Give consent as the owner's browser does."""
        url = (await self.api("POST", f"/connections/{self.books_id}/authorize"))["authorize_url"]
        async with httpx.AsyncClient() as browser:
            back = urlsplit((await browser.get(url)).headers["location"])
        assert "code" in parse_qs(back.query), back.query
        answer = await self.api_client.get(f"{back.path}?{back.query}")
        assert answer.status_code < 400, answer.text

    async def integrate(
        self, *, schedule: str | None = NEVER, start: bool = True, target: Any = None, **orders: Any
    ) -> None:
        """An integration with one orders flow; ``orders`` are the flow's shared settings, ``target`` the books' own.

        Without a ``schedule`` (None) the flow gets the product's own.
        """
        if not self.shop_id:
            await self.connect()
        if not self.articles:
            await self.stock_up()
        extra = {f"{use}_article": {rate: f"{name}{rate}" for rate in RATES} for use, name in EXTRA.items()}
        flow = {
            "kind": "orders",
            "source_connection_id": self.shop_id,
            "target_connection_id": self.books_id,
            **({} if schedule is None else {"schedule": schedule}),
            "settings": {
                "orders": orders,
                "target": {**extra, "terms_of_payment": await self.terms(), **(target or {})},
            },
        }
        body = {
            "name": "Shop and books",
            "time_zone": "Europe/Amsterdam",
            "connection_a_id": self.shop_id,
            "connection_b_id": self.books_id,
            "flows": [flow],
        }
        integration = await self.api("POST", "/integrations", body)
        self.integration_id, self.flow_id = integration["id"], integration["flows"][0]["id"]
        if start:
            await self.start()

    async def add_flow(
        self,
        kind: str,
        *,
        source: str = "books",
        schedule: str | None = NEVER,
        common: Any = None,
        source_settings: Any = None,
        target_settings: Any = None,
        mapping: Any = None,
    ) -> str:
        """A flow of another kind, in the integration there is or in a new one; returns its id.

        ``source`` is ``books`` or ``shop``, ``common`` the settings that all flows of the kind have; without a
        ``schedule`` (None) the flow gets the product's own. `start` the integration when it has all its flows; a flow
        that is added to a running one begins at once.
        """
        if not self.shop_id:
            await self.connect()
        if not self.integration_id:
            body = {"name": "Shop and books", "time_zone": "Europe/Amsterdam"}
            ends = {"connection_a_id": self.shop_id, "connection_b_id": self.books_id}
            self.integration_id = (await self.api("POST", "/integrations", {**body, **ends}))["id"]
        source_id, target_id = (self.books_id, self.shop_id)[:: 1 if source == "books" else -1]
        wish = {
            "kind": kind,
            "source_connection_id": source_id,
            "target_connection_id": target_id,
            **({} if schedule is None else {"schedule": schedule}),
            "settings": {
                kind: common or {},
                "source": source_settings or {},
                "target": target_settings or {},
                "mapping": mapping or [],
            },
        }
        created = await self.api("POST", f"/integrations/{self.integration_id}/flows", wish)
        return str(created["flow"]["id"])

    async def change_flow(self, flow_id: str, group: str, **values: Any) -> None:
        """Change some settings of one group (the kind, ``source`` or ``target``) of a flow; the others stay."""
        settings = (await self.api("GET", f"/flows/{flow_id}"))["settings"]
        changed = {group: {**settings.get(group, {}), **values}}
        await self.api("PATCH", f"/flows/{flow_id}", {"settings": changed})

    async def ready(self, **options: Any) -> None:
        """`integrate`, with the payment method of `shop_order` mapped, and idle after the first run."""
        await self.integrate(**options)
        await self.map_payment("Ideal")
        await self.settled()

    async def change(self, *, target: Any = None, **orders: Any) -> None:
        """Change some of the flow's settings; the others stay."""
        settings = (await self.api("GET", f"/flows/{self.flow_id}"))["settings"]
        changed = {"orders": settings["orders"] | orders, "target": settings["target"] | (target or {})}
        await self.api("PATCH", f"/flows/{self.flow_id}", {"settings": changed})

    async def deliver(self, *orders: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
        """Place orders in the shop and let the flow run once; returns the flow's standing."""
        await self.shop.load({"orders": list(orders)})
        return await self.run(seconds=seconds)

    async def start(self) -> None:
        """Start the integration; its first run begins at once."""
        await self.api("POST", f"/integrations/{self.integration_id}/start")

    async def stock_up(self, *numbers: str) -> None:
        """Articles in the books: the extra ones per rate, and MUG (21 %), BOOK (9 %), and those named (21 %)."""
        self.articles = [
            {"Number": f"{name}{rate}", "vat_rate": int(rate)} for name in EXTRA.values() for rate in RATES
        ]
        self.articles += [{"Number": "MUG", "vat_rate": 21}, {"Number": "BOOK", "vat_rate": 9}]
        self.articles += [{"Number": number, "vat_rate": 21} for number in numbers]
        await self.books.load({"articles": self.articles})

    async def terms(self) -> str:
        """The id of the books' first terms of payment."""
        return str((await self.books.state())["termsofpayments"][0]["Id"])

    async def map_payment(self, method: str) -> int:
        """Save the value table's row of a payment method; returns how many orders that released."""
        row = {"source_value": method, "target_value": await self.terms()}
        saved = await self.api("PUT", f"/flows/{self.flow_id}/values/payment_method", row)
        return int(saved["released"])

    async def run(self, flow_id: str = "", *, seconds: float = 60) -> dict[str, Any]:
        """Let a flow (the orders flow by default) run once, and wait until every record has an end; its standing."""
        flow_id = flow_id or self.flow_id
        before = (await self.standing(flow_id))["runs"]
        await self.api("POST", f"/integrations/{self.integration_id}/run", {"flow_id": flow_id})
        return await self.settled(flow_id, after_run=before, seconds=seconds)

    async def resync(self, flow_id: str, **wish: Any) -> dict[str, Any]:
        """Ask for ``source_ids`` or for ``everything`` of a flow, and wait until what is read then has an end."""
        before = (await self.standing(flow_id))["runs"]
        await self.api("POST", f"/integrations/{self.integration_id}/resync", {"flow_id": flow_id, **wish})
        return await self.settled(flow_id, after_run=before)

    async def settled(
        self, flow_id: str = "", *, after_run: int = 0, waiting: int = 0, seconds: float = 60
    ) -> dict[str, Any]:
        """Wait until a run after that number has ended and no more than ``waiting`` records are on their way."""
        flow_id = flow_id or self.flow_id

        async def check() -> dict[str, Any] | None:
            standing = await self.standing(flow_id)
            counts = await self.store.items.counts(self.workspace_id, flow_id)
            idle = standing["state"] in {"waiting", "blocked"} and (standing["runs"] or 0) > after_run
            return await self.standing(flow_id) if idle and counts.ready + counts.in_flight <= waiting else None

        return await eventually(check, seconds=seconds) or {}

    async def standing(self, flow_id: str = "") -> dict[str, Any]:
        """A flow's figures, as the API gives them."""
        progress = await self.api("GET", f"/integrations/{self.integration_id}/progress")
        wanted = flow_id or self.flow_id
        flow: dict[str, Any] = next(one for one in progress["flows"] if one["flow_id"] == wanted)
        return flow

    async def items(self, **filters: str) -> list[dict[str, Any]]:
        """Items of the flow, as the API lists them."""
        query = "&".join(
            f"{name}={value}" for name, value in {"flow_id": self.flow_id, "limit": "200", **filters}.items()
        )
        items: list[dict[str, Any]] = (await self.api("GET", f"/items?{query}"))["items"]
        return items

    async def item(self, reference: str) -> dict[str, Any]:
        """The time line of one order: item, problem, events, exchanges."""
        found = await self.items(reference=reference)
        assert len(found) == 1, f"{len(found)} items have the reference {reference}"
        timeline: dict[str, Any] = await self.api("GET", f"/items/{found[0]['id']}")
        return timeline

    async def problems(self) -> list[dict[str, Any]]:
        """The open problems, grouped by cause, as the API lists them."""
        problems: list[dict[str, Any]] = await self.api("GET", "/problems")
        return problems

    async def documents(self, kind: str = "orders") -> list[dict[str, Any]]:
        """The documents of one kind in the books."""
        documents: list[dict[str, Any]] = (await self.books.state())[kind]
        return documents

    def stored(self, kind: str = "orders") -> list[dict[str, Any]]:
        """The documents of one kind with every member the books keep; `documents` gives a summary."""
        return [whole(record) for record in self.ledger_of_books.records(kind)]

    @property
    def ledger_of_books(self) -> Account:
        """Everything the simulated books hold, in this process."""
        books = self.books.simulator
        assert isinstance(books, EAccounting)
        return books.account

    async def writes(self) -> list[str]:
        """Every write that reached the books, as method and path."""
        calls = [(call["method"], call["target"].partition("?")[0]) for call in await self.books.requests()]
        return [f"{method} {path}" for method, path in calls if method != "GET" and path.startswith("/v2/")]

    def order_execution(self, source_id: str | int) -> WorkflowHandle[Any, Any]:
        """The execution of one order in Temporal."""
        return self.temporal.get_workflow_handle(order_workflow_id(self.integration_id, str(source_id)))

    def integration_execution(self) -> WorkflowHandle[Any, Any]:
        """The execution of the integration in Temporal."""
        return self.temporal.get_workflow_handle(integration_workflow_id(self.integration_id))


@contextlib.asynccontextmanager
async def world(
    directory: Path, temporal_address: str, database_url: str, *, with_worker: bool = True, call_timeout: float = 5
) -> AsyncIterator[World]:
    """A fresh world; ``call_timeout`` is how many seconds one call to a vendor may take."""
    keys = KeyRing.generate()
    settings = Settings(
        data_dir=directory,
        database_url=database_url,
        temporal_address=temporal_address,
        task_queue=f"tests-{uuid4().hex}",
        public_url="http://127.0.0.1:8080",
        codec_token=SecretStr("codec-token-of-the-tests"),
        vendor_timeout_seconds=call_timeout,
        _env_file=None,
    )
    await migrate(database_url)
    async with contextlib.AsyncExitStack() as stack:
        shop = await stack.enter_async_context(running("ccvshop"))
        books = await stack.enter_async_context(running("eaccounting"))
        for simulation, limits in (
            (shop, {"limits": dict.fromkeys(("GET", "POST", "PATCH"), PLENTY)}),
            (books, {"rate_limit": PLENTY}),
        ):
            await simulation.settings(limits)
        store = await Store.open(database_url, keys)
        stack.push_async_callback(store.close)
        vendors = Vendors(store, call_timeout=timedelta(seconds=call_timeout))
        stack.push_async_callback(vendors.aclose)
        temporal = await connect(settings, keys)
        workspace_id = await store.workspaces.create("Tests")
        token = await store.workspaces.issue_token(workspace_id, "tests")
        services = Services(
            store=store,
            temporal=temporal,
            settings=settings,
            open_account=vendors.open_account,
            read_account_fields=partial(read_account_fields, store, vendors),
            rehearsals=LedgerRehearsals(store, vendors),
            codec=EncryptionCodec(keys.derive("temporal")),
        )
        api_client = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(create_app(services)),
                base_url=settings.resolved_public_url(),
                headers={"authorization": f"Bearer {token}"},
                timeout=30,
            )
        )
        made = World(shop, books, store, vendors, temporal, settings, api_client, workspace_id, keys)
        if with_worker:
            made.worker = await stack.enter_async_context(compose_worker(temporal, store, vendors, settings))
        yield made
        if made.integration_id:
            await made.integration_execution().terminate()
