"""A workspace with a shop, a bookkeeping system and an integration, made through the API; items through the ledger."""

import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
from temporalio.api.common.v1 import Payload

from api.services import Services
from commerce.problems import Problem, ProblemCode
from connectors.flow_mapping import AccountFields
from connectors.oauth import TokenVault
from connectors.protocols import AccountIdentity, Choice
from mapping.fields import Field
from store import PageEntry, Store
from workflows.messages import integration_workflow_id

SHOP_SECRET = "canary-shop-secret-1"
BOOKS_SECRET = "canary-books-secret-1"
CUSTOMER = "canary.customer@example.com"


def as_json(payload: Payload) -> dict[str, Any]:
    def text(value: bytes) -> str:
        return base64.b64encode(value).decode()

    return {"metadata": {key: text(value) for key, value in payload.metadata.items()}, "data": text(payload.data)}


@dataclass
class Accounts:
    """Opens accounts that say what a test wants."""

    failure: Callable[[], Exception] | None = None
    opened: list[tuple[str, str]] = field(default_factory=list)
    identity: AccountIdentity | None = None

    @contextlib.asynccontextmanager
    async def open(
        self, workspace_id: str, connection_id: str, *, vault: TokenVault | None = None
    ) -> AsyncIterator["Accounts"]:
        self.opened.append((workspace_id, connection_id))
        yield self

    async def test(self) -> str:
        if self.failure:
            raise self.failure()
        return "Connected to the shop Example."

    async def identify(self) -> AccountIdentity | None:
        if self.failure:
            raise self.failure()
        return self.identity

    async def choices(self, name: str) -> Sequence[Choice]:
        if self.failure:
            raise self.failure()
        return [Choice(value="1", label=f"First of {name}")]

    async def own_fields(self, workspace_id: str, flow_id: str) -> AccountFields:
        if self.failure:
            raise self.failure()
        return AccountFields(source=[Field("raw.Bin", "Bin")])


@dataclass
class Scene:
    client: httpx.AsyncClient
    services: Services
    workspace_id: str
    accounts: Accounts
    shop_id: str = ""
    books_id: str = ""
    integration_id: str = ""
    flow_id: str = ""

    @property
    def store(self) -> Store:
        return self.services.store

    async def connect(self) -> None:
        shop = {"base_url": "https://shop.example.com", "public_key": "public", "secret_key": SHOP_SECRET}
        self.shop_id = await self.connection("ccvshop", "Shop", shop)
        books = {"client_id": "client", "client_secret": BOOKS_SECRET}
        self.books_id = await self.connection("books", "Books", books)

    async def connection(self, system: str, name: str, settings: dict[str, Any]) -> str:
        body = {"system": system, "name": name, "settings": settings}
        made = await self.client.post("/api/v1/connections", json=body)
        assert made.status_code == 201, made.text
        connection_id: str = made.json()["id"]
        return connection_id

    def flow(self, **changes: Any) -> dict[str, Any]:
        ends = {"source_connection_id": self.shop_id, "target_connection_id": self.books_id}
        return {"kind": "orders", **ends, **changes}

    async def integrate(self) -> None:
        body = {
            "name": "Shop to books",
            "time_zone": "Europe/Amsterdam",
            "connection_a_id": self.shop_id,
            "connection_b_id": self.books_id,
            "flows": [self.flow()],
        }
        made = await self.client.post("/api/v1/integrations", json=body)
        assert made.status_code == 201, made.text
        self.integration_id = made.json()["id"]
        self.flow_id = made.json()["flows"][0]["id"]

    async def start(self) -> None:
        answer = await self.client.post(self.path("start"))
        assert answer.status_code == 200, answer.text

    def path(self, action: str) -> str:
        return f"/api/v1/integrations/{self.integration_id}/{action}"

    async def heard(self) -> list[str]:
        """What the workflow was told since its start."""
        handle = self.services.temporal.get_workflow_handle(integration_workflow_id(self.integration_id))
        messages: list[str] = await handle.query("heard")
        return [message for message in messages if not message.startswith("reconfigure")] or messages

    async def list_orders(self, source_ids: Iterable[str]) -> dict[str, str]:
        """Orders in the ledger; source id → item id."""
        entries = [
            PageEntry(
                source_id=source_id,
                reference=f"R{source_id}",
                fingerprint="f1",
                header=b'{"id": 1}',
                placed_at=datetime(2025, 3, 1, 12, tzinfo=UTC),
                currency="EUR",
                total=Decimal("10.10"),
            )
            for source_id in source_ids
        ]
        await self.store.items.save_page(
            self.workspace_id, self.flow_id, entries, next_page=None, cursor="c1", settings_version=1
        )
        page = await self.store.items.search(self.workspace_id, flow_id=self.flow_id, limit=200)
        return {item.source_id: item.id for item in page.items}

    async def park(self, item_ids: Iterable[str], *, field_name: str = "payment_method", value: str = "ideal") -> str:
        problem = Problem(
            code=ProblemCode.UNMAPPED_VALUE,
            field=field_name,
            value=value,
            sentence=f"Order R1: the payment method {value} is not mapped. Map it.",
        )
        problem_id = await self.store.problems.raise_(self.workspace_id, self.flow_id, problem)
        for item_id in item_ids:
            await self.store.items.begin(self.workspace_id, item_id)
            await self.store.items.park(self.workspace_id, item_id, problem_id, datetime.now(UTC))
        return problem_id
