"""Value tables: what a source's payment method, tax code or country is called at the target."""

from sqlmodel import col, delete, select

from commerce.problems import Problem, ProblemCode
from store.flows import keep_version, set_back, value_tables
from store.ids import new_id
from store.ledger import parked_of_problem, release_rows
from store.repository import Repository, locked
from store.tables import Flow, MappedValue
from store.tables import Problem as ProblemRow


class ValueMaps(Repository):
    """The value tables of flows; every change is a new version of the flow's settings."""

    async def values(self, workspace_id: str, flow_id: str) -> dict[str, dict[str, str]]:
        """Table name → source value → target value."""
        async with self._database.reading() as session:
            return await value_tables(session, workspace_id, flow_id)

    async def set_value(
        self,
        workspace_id: str,
        flow_id: str,
        table: str,
        source_value: str,
        target_value: str,
        *,
        read_again: bool = False,
    ) -> int:
        """Save one row, and release every item that waits for it; returns how many.

        ``read_again`` lets the next run read everything, so that what is done already gets the new value. A second run
        changes nothing and releases nothing.
        """
        cause = Problem(code=ProblemCode.UNMAPPED_VALUE, field=table, value=source_value, sentence="").cause()
        cause_key = await self._keyed_hash(workspace_id, cause)
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            before = (await value_tables(session, workspace_id, flow_id)).get(table, {}).get(source_value)
            if before != target_value:
                insert = self._database.insert(MappedValue).values(
                    id=new_id("map"),
                    workspace_id=workspace_id,
                    flow_id=flow_id,
                    table_name=table,
                    source_value=source_value,
                    target_value=target_value,
                )
                await session.exec(
                    insert.on_conflict_do_update(
                        index_elements=["flow_id", "table_name", "source_value"],
                        set_={"target_value": target_value},
                    )
                )
                flow.settings_version += 1
                if read_again:
                    set_back(flow, None)
                await session.flush()
                await keep_version(session, flow)
            problem_id = (
                await session.exec(
                    select(ProblemRow.id).where(
                        col(ProblemRow.flow_id) == flow_id, col(ProblemRow.cause_key) == cause_key
                    )
                )
            ).first()
            if problem_id is None:
                return 0
            waiting = await parked_of_problem(session, workspace_id, problem_id)
            by = f'the value "{source_value}" of {table} was mapped'
            await release_rows(session, self._database, self._sealer, waiting, by=by)
            return len(waiting)

    async def remove_value(
        self, workspace_id: str, flow_id: str, table: str, source_value: str, *, read_again: bool = False
    ) -> bool:
        """Remove one row; False when there was none. ``read_again`` as for `set_value`."""
        async with self._database.writing() as session:
            flow = await locked(session, Flow, workspace_id, flow_id, "flow")
            removed = await session.exec(
                delete(MappedValue).where(
                    col(MappedValue.workspace_id) == workspace_id,
                    col(MappedValue.flow_id) == flow_id,
                    col(MappedValue.table_name) == table,
                    col(MappedValue.source_value) == source_value,
                )
            )
            if removed.rowcount == 0:
                return False
            flow.settings_version += 1
            if read_again:
                set_back(flow, None)
            await session.flush()
            await keep_version(session, flow)
            return True
