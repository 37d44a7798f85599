"""The tables that every service with a database has, declared once in the service's own metadata."""

from dataclasses import dataclass

from sqlalchemy import MetaData, Table

from eventing.sequencer import LogTables
from eventing.tables import ConsumerTables, PublisherTables, consumer_tables, publisher_tables
from service_kit.audit.tables import AuditTables, audit_tables
from service_kit.external_references import external_references_table
from service_kit.idempotency import idempotency_table
from service_kit.job_tables import jobs_table


@dataclass(frozen=True)
class Foundation:
    """Outbox and log, inbox and parking, audit, stored answers, jobs, clients' own references."""

    published: PublisherTables
    consumed: ConsumerTables
    audit: AuditTables
    answers: Table
    jobs: Table
    external_references: Table

    @property
    def event_log(self) -> LogTables:
        """What the event sequencer moves."""
        return LogTables(self.published.outbox, self.published.log, self.published.head)


def foundation(metadata: MetaData) -> Foundation:
    """Declares the tables in `metadata`; called once, in a service's `storage/tables.py`."""
    return Foundation(
        published=publisher_tables(metadata),
        consumed=consumer_tables(metadata),
        audit=audit_tables(metadata),
        answers=idempotency_table(metadata),
        jobs=jobs_table(metadata),
        external_references=external_references_table(metadata),
    )
