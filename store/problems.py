"""Problems: the causes for which items of a flow wait, each once."""

from collections.abc import Collection
from datetime import UTC, datetime

from sqlmodel import and_, col, func, not_, select, update

from commerce.problems import Problem, ProblemCode
from store.ids import new_id
from store.records import ItemState, ProblemRecord, ProblemState
from store.repository import Repository, one
from store.sealing import Sealer
from store.tables import Flow, Item
from store.tables import Problem as ProblemRow


class Problems(Repository):
    """The causes of a workspace's flows."""

    async def raise_(self, workspace_id: str, flow_id: str, problem: Problem) -> str:
        """Open the cause, or find it again: items with the same cause share one problem. Returns its id.

        The sentence stays that of the record that met the cause first, since it was opened last.
        """
        cause_key = await self._keyed_hash(workspace_id, problem.cause())
        now = datetime.now(UTC)
        problem_id = new_id("prb")
        async with self._database.writing() as session:
            await one(session, Flow, workspace_id, flow_id, "flow")
            insert = self._database.insert(ProblemRow).values(
                id=problem_id,
                workspace_id=workspace_id,
                flow_id=flow_id,
                code=problem.code,
                cause_key=cause_key,
                field=problem.field,
                value=self._sealed(workspace_id, problem_id, "value", problem.value),
                sentence=self._sealed(workspace_id, problem_id, "sentence", problem.sentence),
                state=ProblemState.OPEN,
                first_seen=now,
                last_seen=now,
            )
            saved = await session.exec(
                insert.on_conflict_do_update(
                    index_elements=["flow_id", "cause_key"],
                    set_={"last_seen": now, "state": ProblemState.OPEN},
                ).returning(col(ProblemRow.id))
            )
            return str(saved.one()[0])

    async def open(
        self, workspace_id: str, flow_id: str | None = None, codes: Collection[ProblemCode] | None = None
    ) -> tuple[ProblemRecord, ...]:
        """The causes that are open, oldest first, each with the number of items that wait for it."""
        async with self._database.reading() as session:
            statement = (
                select(ProblemRow, func.count(col(Item.id)))
                .outerjoin(Item, and_(col(Item.problem_id) == col(ProblemRow.id), col(Item.state) == ItemState.PARKED))
                .where(col(ProblemRow.workspace_id) == workspace_id, col(ProblemRow.state) == ProblemState.OPEN)
                .group_by(col(ProblemRow.id))
                .order_by(col(ProblemRow.first_seen), col(ProblemRow.id))
            )
            if flow_id is not None:
                statement = statement.where(col(ProblemRow.flow_id) == flow_id)
            if codes is not None:
                statement = statement.where(col(ProblemRow.code).in_(list(codes)))
            rows = (await session.exec(statement)).all()
        return tuple(problem_record(self._sealer, row, items) for row, items in rows)

    async def get(self, workspace_id: str, problem_id: str) -> ProblemRecord:
        """One cause; raises `NotFoundError`."""
        async with self._database.reading() as session:
            row = await one(session, ProblemRow, workspace_id, problem_id, "problem")
            waiting = select(func.count()).where(
                col(Item.problem_id) == problem_id, col(Item.state) == ItemState.PARKED
            )
            return problem_record(self._sealer, row, (await session.exec(waiting)).one())

    async def resolve_empty(self, workspace_id: str, flow_id: str) -> int:
        """Close the causes for which nothing waits any more; returns how many were closed.

        A guard that held a whole flow's removals back stays until `resolve`: no item waits for it.
        """
        waiting = select(Item.id).where(col(Item.problem_id) == col(ProblemRow.id), col(Item.state) == ItemState.PARKED)
        async with self._database.writing() as session:
            closed = await session.exec(
                update(ProblemRow)
                .where(
                    col(ProblemRow.workspace_id) == workspace_id,
                    col(ProblemRow.flow_id) == flow_id,
                    col(ProblemRow.state) == ProblemState.OPEN,
                    col(ProblemRow.code) != ProblemCode.TOO_MANY_GONE,
                    not_(waiting.exists()),
                )
                .values(state=ProblemState.RESOLVED),
                execution_options={"synchronize_session": False},
            )
            return closed.rowcount

    async def resolve(self, workspace_id: str, flow_id: str, code: ProblemCode) -> None:
        """Close a flow's causes of one code."""
        async with self._database.writing() as session:
            await session.exec(
                update(ProblemRow)
                .where(
                    col(ProblemRow.workspace_id) == workspace_id,
                    col(ProblemRow.flow_id) == flow_id,
                    col(ProblemRow.code) == code,
                )
                .values(state=ProblemState.RESOLVED)
            )

    def _sealed(self, workspace_id: str, problem_id: str, column: str, text: str) -> bytes:
        return self._sealer.seal(ProblemRow, column, workspace_id, problem_id, text.encode())


def problem_record(sealer: Sealer, row: ProblemRow, items: int) -> ProblemRecord:
    """A row as the record that callers get."""
    return ProblemRecord(
        id=row.id,
        flow_id=row.flow_id,
        problem=Problem(
            code=ProblemCode(row.code),
            field=row.field,
            value=sealer.text_of(row, "value"),
            sentence=sealer.text_of(row, "sentence"),
        ),
        state=ProblemState(row.state),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        items=items,
    )
