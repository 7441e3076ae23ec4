"""When each record was read, and what was finished since."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import store.column_types

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_COLUMNS = ["workspace_id", "flow_id", "state", "finished_at"]


def upgrade() -> None:
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.add_column(sa.Column("read_at", store.column_types.Moment(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_items_workspace_id_flow_id_state_finished_at"), _COLUMNS, unique=False)


def downgrade() -> None:
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_items_workspace_id_flow_id_state_finished_at"))
        batch_op.drop_column("read_at")
