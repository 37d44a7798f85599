"""The second side of a change: whose a record is beside the supported school, and was before that side moved.

What was heard before is filled from what its events carry; a delivery or a conflict of interest, which carried no more
than ids, has the side of its commission or provider. A conflict of interest is internal, as its record is.
"""

import sqlalchemy as sa
from alembic import op

revision = "exchange_0008"
down_revision = "exchange_0007"
branch_labels = None
depends_on = None

COLUMNS = ("other_authority", "other_school", "other_person", "from_other_authority", "from_other_school")
FACTS = """
create temporary table told_sides on commit drop as
select distinct on (aggregate, key) aggregate, key, facts ->> 'provider_id' as provider,
  facts ->> 'provider_authority' as authority, facts ->> 'provider_school' as school, facts ->> 'person_id' as person
from (select aggregate, key, version, convert_from(data, 'UTF8')::jsonb as facts
      from (select aggregate, key, version, data from changes
            union all select aggregate, key, version, data from changes_outbox) as every
      where aggregate in ('brokerage.provider', 'brokerage.commission')) as told
order by aggregate, key, version desc
"""
# An event of before a move has the side of then, where it carries one.
SIDES = """
update {table} as entry set
  other_authority = coalesce(facts ->> 'provider_authority', provider.authority),
  other_school = coalesce(facts ->> 'provider_school', provider.school),
  other_person = provider.person
from (select event_id, convert_from(data, 'UTF8')::jsonb as facts from {table}
      where aggregate in ('brokerage.offer', 'brokerage.interest', 'brokerage.commission', 'brokerage.delivery')
     ) as told
  left join told_sides as commission
    on commission.aggregate = 'brokerage.commission' and commission.key = told.facts ->> 'commission_id'
  join told_sides as provider on provider.aggregate = 'brokerage.provider'
    and provider.key = coalesce(told.facts ->> 'provider_id', commission.provider)
where entry.event_id = told.event_id
"""
PERSONS = """
update {table} set other_person = convert_from(data, 'UTF8')::jsonb ->> 'person_id'
where aggregate = 'brokerage.provider'
"""
INTERESTS = "update {table} set data_class = 'internal' where aggregate = 'brokerage.interest'"


def upgrade() -> None:
    tables = ("changes", "changes_outbox")
    for table in tables:
        for name in COLUMNS:
            op.add_column(table, sa.Column(name, sa.Text(), nullable=True))
    op.execute(FACTS)
    for table in tables:
        for statement in (SIDES, PERSONS, INTERESTS):
            op.execute(statement.replace("{table}", table))
