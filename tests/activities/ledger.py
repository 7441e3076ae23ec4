"""A store with two connected accounts and one flow between them, for tests of activities without an engine."""

from dataclasses import dataclass
from typing import Any

from store import Store
from store.records import NewFlow

SHOP = {"base_url": "https://shop.example.com", "public_key": "public"}
BOOKS = {"client_id": "tests"}


@dataclass(frozen=True)
class Ends:
    """One integration of a workspace; the ids that tests need."""

    store: Store
    workspace_id: str
    shop_id: str
    books_id: str
    integration_id: str

    async def add_flow(self, kind: str, settings: dict[str, Any] | None = None) -> str:
        """A flow from the shop to the books."""
        return await self.store.flows.create(
            self.workspace_id,
            self.integration_id,
            NewFlow(kind, self.shop_id, self.books_id, "*/5 * * * *", settings or {}),
        )


async def make_ends(store: Store, shop: dict[str, Any] | None = None) -> Ends:
    """A workspace with a shop, the books, and an integration of both without a flow."""
    workspace_id = await store.workspaces.create("Tests")
    accounts = (("ccvshop", shop or SHOP, "secret_key"), ("eaccounting", BOOKS, "client_secret"))
    shop_id, books_id = [
        await store.connections.create(
            workspace_id, system=system, name=system, settings=settings, secrets={secret: "s3cret-0001-not-real"}
        )
        for system, settings, secret in accounts
    ]
    integration_id = await store.integrations.create(
        workspace_id, name="Both", time_zone="UTC", connection_a_id=shop_id, connection_b_id=books_id
    )
    return Ends(store, workspace_id, shop_id, books_id, integration_id)
