"""Claims: who may write something now, for a while, across all workers and past their deaths."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import col, delete, select, update

from store.ids import new_id
from store.repository import Repository
from store.tables import Claim as ClaimRow


@dataclass(frozen=True)
class Claim:
    """The answer to `Claims.take`: ours when ``held_for`` is None, else somebody else's for that long."""

    name: str
    owner: str
    held_for: timedelta | None


class Claims(Repository):
    """Leases on names; the names are kept under keyed hashes."""

    async def take(self, workspace_id: str, name: str, lease: timedelta) -> Claim:
        """Take the claim when it is free or has run out; nobody holds it twice, not even its own earlier holder."""
        key, owner, now = await self._keyed_hash(workspace_id, name), new_id("own"), datetime.now(UTC)
        async with self._database.writing() as session:
            insert = self._database.insert(ClaimRow).values(
                id=new_id("clm"), workspace_id=workspace_id, name_key=key, owner=owner, until=now + lease
            )
            taken = await session.exec(
                insert.on_conflict_do_update(
                    index_elements=["workspace_id", "name_key"],
                    set_={"owner": owner, "until": now + lease},
                    where=col(ClaimRow.until) <= now,
                ).returning(col(ClaimRow.id))
            )
            if taken.first() is not None:
                return Claim(name, owner, held_for=None)
            until = await session.exec(
                select(col(ClaimRow.until)).where(
                    col(ClaimRow.workspace_id) == workspace_id, col(ClaimRow.name_key) == key
                )
            )
            return Claim(name, owner, held_for=max(until.one() - now, timedelta(milliseconds=100)))

    async def extend(self, workspace_id: str, claim: Claim, lease: timedelta) -> bool:
        """Let a claim of ours run for ``lease`` from now; False when it ran out and somebody else took it."""
        key, until = await self._keyed_hash(workspace_id, claim.name), datetime.now(UTC) + lease
        async with self._database.writing() as session:
            extended = await session.exec(
                update(ClaimRow)
                .where(
                    col(ClaimRow.workspace_id) == workspace_id,
                    col(ClaimRow.name_key) == key,
                    col(ClaimRow.owner) == claim.owner,
                )
                .values(until=until)
            )
            return extended.rowcount == 1

    async def free(self, workspace_id: str, claim: Claim) -> None:
        """Give a claim back; does nothing when it is not ours (any more)."""
        if claim.held_for is not None:
            return
        key = await self._keyed_hash(workspace_id, claim.name)
        async with self._database.writing() as session:
            await session.exec(
                delete(ClaimRow).where(
                    col(ClaimRow.workspace_id) == workspace_id,
                    col(ClaimRow.name_key) == key,
                    col(ClaimRow.owner) == claim.owner,
                )
            )
