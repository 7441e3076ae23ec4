"""Flows that move in pages."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import store.column_types

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("bindings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("removed_at", store.column_types.Moment(timezone=True), nullable=True))

    with op.batch_alter_table("flows", schema=None) as batch_op:
        batch_op.add_column(sa.Column("complete_reads", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("read_began_at", store.column_types.Moment(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("read_records", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("read_total", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("unsupported", sa.JSON(), nullable=False, server_default="{}"))

    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pinned_version", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("seen_in", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.drop_column("seen_in")
        batch_op.drop_column("pinned_version")

    with op.batch_alter_table("flows", schema=None) as batch_op:
        batch_op.drop_column("unsupported")
        batch_op.drop_column("read_total")
        batch_op.drop_column("read_records")
        batch_op.drop_column("read_began_at")
        batch_op.drop_column("complete_reads")

    with op.batch_alter_table("bindings", schema=None) as batch_op:
        batch_op.drop_column("removed_at")
