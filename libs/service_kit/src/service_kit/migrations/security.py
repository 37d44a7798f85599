"""Row-level policies and privileges, put on at the end of every migration from what the tables declare.

They are derived, not versioned: a policy in the database that differs from the rule in the code would be a hole that
nobody sees, so each run drops the policies of every table and makes them anew, in the transaction of the migration.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, MetaData, Table, Text, cast, func, inspect, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.schema import ExecutableDDLElement

from eventing.sequencer import LogTables
from service_kit.audit.tables import append_only
from service_kit.client_rows import ClientRule, client_policies
from service_kit.foundation import Foundation
from service_kit.linked_rows import LinkedRule, linked_policies
from service_kit.policy.grants import Revoke
from service_kit.policy.rls import policies


def secure(
    connection: Connection,
    service: str,
    metadata: MetaData,
    shared: Foundation,
    logs: Sequence[LogTables] = (),
) -> None:
    """Makes the policies and privileges of all tables of a service equal to what its code declares.

    `logs` are those that it sequences beside its events: their outboxes are the worker's alone, log and head are read.
    """
    existing = set(inspect(connection).get_table_names())
    missing = [table.name for table in metadata.sorted_tables if table.name not in existing]
    if missing:
        raise RuntimeError(f"{service}: declared and not migrated: {missing}")
    texts = [policy.drop for policy in connection.execute(_POLICIES).all()]
    statements = [*_statements(service, metadata.sorted_tables, shared), *_logs(service, logs)]
    texts += [str(statement.compile(dialect=connection.dialect)) for statement in statements]
    # One round trip for some hundreds of statements: every start of a service waits for them.
    connection.execute(
        select(func.set_config("gwella.statements", cast(texts, ARRAY(Text)).cast(Text), True))
    )
    connection.exec_driver_sql(_EACH)


_EACH = """
do $all$ declare statement text; begin
  foreach statement in array current_setting('gwella.statements')::text[] loop execute statement; end loop;
end $all$
"""

_POLICIES = text(
    "select format('drop policy %I on %I.%I', policyname, schemaname, tablename) as drop "
    "from pg_policies where schemaname = current_schema()"
)


def _logs(service: str, logs: Sequence[LogTables]) -> Iterator[ExecutableDDLElement]:
    for log in logs:
        yield Revoke(["select", "insert", "update", "delete"], [log.outbox], f"{service}_api")
        yield Revoke(["insert", "update", "delete"], [log.log, log.head], f"{service}_api")
        yield Revoke(["update", "delete"], [log.log], f"{service}_worker")


def _statements(service: str, tables: Sequence[Table], shared: Foundation) -> Iterator[ExecutableDDLElement]:
    for table in tables:
        rule = table.info.get("rls")
        if isinstance(rule, ClientRule):
            yield from client_policies(table, service)
        elif isinstance(rule, LinkedRule):
            yield from linked_policies(table, service)
        elif rule is not None:
            yield from policies(table, service)
    yield from append_only(shared.audit, service)
    yield from _backbone(f"{service}_api", f"{service}_worker", shared)


def _backbone(api: str, worker: str, shared: Foundation) -> Iterator[ExecutableDDLElement]:
    """Who serves callers adds to the outbox and nothing else; the log is never changed by anybody."""
    published, consumed = shared.published, shared.consumed
    yield Revoke(["select", "update", "delete"], [published.outbox], api)
    yield Revoke(
        ["select", "insert", "update", "delete"], [published.log, published.head, published.cursors], api
    )
    yield Revoke(
        ["insert", "update", "delete"], [consumed.inbox, consumed.last_versions, consumed.pending], api
    )
    yield Revoke(["insert", "delete"], [consumed.parked, consumed.stops], api)
    yield Revoke(["update", "delete"], [published.log], worker)
