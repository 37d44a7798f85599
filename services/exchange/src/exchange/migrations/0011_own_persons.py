"""The person whose own record a change is about: a person's entry, a role or allocation of theirs.

What was heard before is filled from what its events carry. The index on the states of records has it beside the others.
"""

import sqlalchemy as sa
from alembic import op

revision = "exchange_0011"
down_revision = "exchange_0010"
branch_labels = None
depends_on = None

WHOSE = (
    "version", "change", "data_class", "authority", "school", "person", "body", "from_authority", "from_school",
    "other_authority", "other_school", "other_person", "from_other_authority", "from_other_school",
)  # fmt: skip
PERSONS = """
update {table} set person = convert_from(data, 'UTF8')::jsonb ->> 'person_id'
where aggregate in ('registry.person', 'registry.role', 'registry.adviser')
"""
INDEX = "ix_changes_record_states"


def upgrade() -> None:
    for table in ("changes", "changes_outbox"):
        op.add_column(table, sa.Column("person", sa.Text(), nullable=True))
        op.execute(PERSONS.replace("{table}", table))
    op.drop_index(INDEX, "changes")
    newest = sa.text("position desc")
    op.create_index(INDEX, "changes", ["key_hash", "aggregate", "key", newest], postgresql_include=WHOSE)
