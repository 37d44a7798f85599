"""Rules about migrated databases, asked of a real PostgreSQL."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from testkit.architecture.workspace import Breach

TENANT_COLUMNS: Final = ("authority", "school", "person_id", "client_id")
"""A table with one of these holds rows of somebody: it needs a row-level policy."""

_TABLES: Final = text(
    """
    select c.oid::regclass::text as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
           coalesce(array_agg(distinct p.policyname::text) filter (where p.policyname is not null), '{}') as policies,
           coalesce(array_agg(distinct p.policyname::text) filter (
               where p.qual = 'true' and p.cmd in ('ALL', 'SELECT', 'UPDATE', 'DELETE')
                 and (p.roles && array['public', cast(:api_role as name)]::name[])), '{}') as open_policies
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_policies p on p.schemaname = n.nspname and p.tablename = c.relname
    where c.relkind in ('r', 'p') and n.nspname !~ '^(pg_|information_schema)'
      and exists (select from pg_attribute a where a.attrelid = c.oid and not a.attisdropped
                  and a.attnum > 0 and a.attname = any(:columns))
      and (has_any_column_privilege(:api_role, c.oid, 'SELECT, UPDATE')
           or has_table_privilege(:api_role, c.oid, 'DELETE, TRUNCATE'))
    group by c.oid, c.relrowsecurity, c.relforcerowsecurity
    order by 1
    """
)


async def unguarded_tables(connection: AsyncConnection, *, api_role: str) -> list[Breach]:
    """Tables with a tenant column whose rows the API's database role could see or change without a policy.

    `api_role`: name of the role under which requests run. A policy that lets it see every row is a breach too. Tables
    that it may neither read nor change (an outbox that it only adds to) need no policy.
    """
    rows = await connection.execute(_TABLES, {"columns": list(TENANT_COLUMNS), "api_role": api_role})
    breaches: list[Breach] = []
    for name, enabled, forced, policies, open_policies in rows.all():
        wrong = [
            said
            for holds, said in (
                (enabled, "row-level security is off"),
                (forced, "row-level security is not forced on the owner"),
                (policies, "no policy"),
                (not open_policies, f"{', '.join(open_policies)} shows every row to {api_role}"),
            )
            if not holds
        ]
        breaches += [Breach("guarded-tables", name, 0, said) for said in wrong]
    return breaches
