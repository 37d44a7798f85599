"""Lets a service's own roles, and nobody else, into its database: run by the owner before each migration.

Who makes the database (an init script, an operator of the platform, the tests) makes three roles and an owned database
and nothing more; what the roles may do there is decided here, so that it cannot differ from platform to platform.
"""

from sqlalchemy import Connection, text

_ADMIT = text("""
select format(statement, current_database(), cast(:api as text), cast(:worker as text)) as statement
  from unnest(array[
    'revoke all on database %1$I from public',
    'grant connect on database %1$I to %2$I, %3$I',
    'grant temporary on database %1$I to %3$I',
    'revoke all on schema public from public',
    'grant usage on schema public to %2$I, %3$I',
    'alter default privileges grant select, insert, update, delete on tables to %2$I, %3$I',
    'alter default privileges grant usage on sequences to %2$I, %3$I'
  ]) with ordinality as listed (statement, place)
 order by place
""")
"""Tables are made later: the owner's default privileges give the two others their rights. What is append-only takes
some of them away again when it is made (`security.secure`)."""


def admit(connection: Connection, service: str) -> None:
    """Gives `<service>_api` and `<service>_worker` the database. Raises DBAPIError where one of them does not exist."""
    roles = {"api": f"{service}_api", "worker": f"{service}_worker"}
    for row in connection.execute(_ADMIT, roles).all():
        connection.exec_driver_sql(row.statement)
