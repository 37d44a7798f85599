"""The states of records in an index of their own, by which the digest counts and adds them up."""

import sqlalchemy as sa
from alembic import op

revision = "exchange_0010"
down_revision = "exchange_0009"
branch_labels = None
depends_on = None

WHOSE = (
    "version", "change", "data_class", "authority", "school", "body", "from_authority", "from_school",
    "other_authority", "other_school", "other_person", "from_other_authority", "from_other_school",
)  # fmt: skip


def upgrade() -> None:
    op.create_index(
        "ix_changes_record_states",
        "changes",
        ["key_hash", "aggregate", "key", sa.text("position desc")],
        postgresql_include=WHOSE,
    )
