"""The store: all repositories over one database and one key ring."""

from store.bindings import Bindings
from store.budgets import AccountBudget
from store.claims import Claims
from store.connections import Connections
from store.database import Database
from store.exchanges import Exchanges
from store.flows import Flows
from store.integrations import Integrations
from store.items import Items
from store.keys import KeyRing
from store.problems import Problems
from store.record_pages import RecordPages
from store.record_queries import RecordQueries
from store.rehearsing import FreeClaims, NotedItems, ReadingDatabase, RememberedBindings
from store.removals import Removals
from store.repository import KeyedHashes
from store.rotation import rotate
from store.sealing import Sealer
from store.tokens import OAuthStates
from store.value_maps import ValueMaps
from store.workspaces import Workspaces


class Store:
    """Our own database. Every method takes the workspace first; each call of a repository is one transaction."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        sealer = Sealer(keys)
        self.database = database
        self.keyed_hash = KeyedHashes(database, sealer)
        """``await store.keyed_hash(workspace_id, text)``: a hash that only this workspace can make."""
        parts = (database, sealer, self.keyed_hash)
        self.workspaces = Workspaces(*parts)
        self.connections = Connections(*parts)
        self.oauth_states = OAuthStates(*parts)
        self.integrations = Integrations(*parts)
        self.flows = Flows(*parts)
        self.value_maps = ValueMaps(*parts)
        self.items = Items(*parts)
        self.record_pages = RecordPages(*parts)
        self.record_queries = RecordQueries(*parts)
        self.removals = Removals(*parts)
        self.exchanges = Exchanges(*parts)
        self.bindings = Bindings(*parts)
        self.claims = Claims(*parts)
        self.problems = Problems(*parts)
        self._keys = keys
        self._sealer = sealer

    @classmethod
    async def open(cls, url: str, keys: KeyRing) -> "Store":
        """Open a database that `store.migrations.migrate` prepared.

        Raises:
            UndecipherableError: The key ring is not the one this database was written with.
        """
        store = cls(Database(url), keys)
        try:
            workspace_id = await store.workspaces.first()
            if workspace_id is not None:
                await store.keyed_hash(workspace_id, "")
        except BaseException:
            await store.close()
            raise
        return store

    def rehearsing(self) -> "RehearsalStore":
        """The same ledger for trying something out: read as it is, and never written; it need not be closed."""
        return RehearsalStore(ReadingDatabase(self.database), self._keys)

    def budget(self, workspace_id: str, connection_id: str) -> AccountBudget:
        """The rate budget of an account, shared by all workers."""
        return AccountBudget(self.database, workspace_id, connection_id)

    async def rotate(self) -> int:
        """Re-encrypt everything under the first key of the ring; see `store.rotation.rotate`."""
        return await rotate(self.database, self._sealer)

    async def close(self) -> None:
        """Close all connections."""
        await self.database.close()


class RehearsalStore(Store):
    """A store that writes nothing; bindings and notes are remembered by it alone, any other write is refused."""

    items: NotedItems

    def __init__(self, database: ReadingDatabase, keys: KeyRing) -> None:
        super().__init__(database, keys)
        parts = (database, self._sealer, self.keyed_hash)
        self.items = NotedItems(*parts)
        self.bindings = RememberedBindings(*parts)
        self.claims = FreeClaims(*parts)
