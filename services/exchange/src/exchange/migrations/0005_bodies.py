"""Whose body a change is about, and who sits where: so that the feed shows a body's own records to those of the body.

What was heard before carries its body; entries on exempt items were written down as internal and become confidential.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "exchange_0005"
down_revision = "exchange_0004"
branch_labels = None
depends_on = None

BODIES = """
update {table} set body = case
  when aggregate = 'exchange.return' then convert_from(data, 'UTF8')::jsonb ->> 'organisation'
  else convert_from(data, 'UTF8')::jsonb ->> 'body_id' end
where aggregate like 'governance.%'
  or (aggregate = 'exchange.return' and convert_from(data, 'UTF8')::jsonb ->> 'kind' = 'consortium')
"""
EXEMPT = """
update {table} set data_class = 'confidential'
where (aggregate = 'governance.agenda_item' and key in (select key from exempt))
  or (aggregate = 'governance.resolution'
      and convert_from(data, 'UTF8')::jsonb ->> 'agenda_item_id' in (select key from exempt))
"""
EXEMPT_ITEMS = """
create temporary table exempt on commit drop as
select distinct key from (select aggregate, key, data from changes
                          union all select aggregate, key, data from changes_outbox) as told
where aggregate = 'governance.agenda_item'
  and convert_from(data, 'UTF8')::jsonb ->> 'exempt_paragraph' is not null
"""
SEATS = """
insert into body_seats (member_id, body, person_id, clerk, sees_exempt, valid)
select distinct on (key) key, facts ->> 'body_id', facts ->> 'person_id', facts ->> 'seat' = 'clerk',
  coalesce((facts ->> 'sees_exempt')::boolean, false),
  daterange((facts ->> 'valid_from')::date, (facts ->> 'valid_to')::date)
from (select key, version, convert_from(data, 'UTF8')::jsonb as facts from changes
      where aggregate = 'governance.member') as told
order by key, version desc
"""


def upgrade() -> None:
    op.create_table(
        "body_seats",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("member_id", "body", "person_id")),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("clerk", "sees_exempt")),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.PrimaryKeyConstraint("member_id", name="pk_body_seats"),
    )
    op.create_index("ix_body_seats_person_id", "body_seats", ["person_id"])
    op.execute(EXEMPT_ITEMS)
    for table in ("changes", "changes_outbox"):
        op.add_column(table, sa.Column("body", sa.Text(), nullable=True))
        for statement in (BODIES, EXEMPT):
            op.execute(statement.replace("{table}", table))
    op.execute(SEATS)
