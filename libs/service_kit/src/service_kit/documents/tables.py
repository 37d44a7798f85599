"""The tables of documents in a service's database: the record, and the bytes that wait to be deleted."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, DateTime, Index, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from service_kit.linked_rows import protect_by_links
from service_kit.records import Record


@dataclass(frozen=True)
class DocumentTables:
    """`leftovers` names objects of the store that no document holds once they are due."""

    documents: Record
    leftovers: Table


def document_tables(metadata: MetaData, bearers: Mapping[str, Record]) -> DocumentTables:
    """Declares the tables; `bearers` are the records that bear documents, by kind. Called once per service.

    `records` lists what a document is attached to, `authority`, `school_number` and `body_id` are
    those of the first of them.
    A row is seen by whoever sees a row of one of its records.
    """
    documents = Record(
        "document",
        "documents",
        metadata,
        [
            Column("state", Text, nullable=False),
            Column("object_key", Text, nullable=False),
            Column("file_name", Text),
            Column("media_type", Text, nullable=False),
            Column("size", BigInteger, nullable=False),
            Column("sha256", Text, nullable=False),
            Column("language", Text, nullable=False),
            Column("classification", Text, nullable=False),
            Column("records", JSONB, nullable=False),
            Column("original_id", Text),
            Column("authority", Text),
            Column("school_number", Text),
            Column("body_id", Text),
            Column("added_at", DateTime(timezone=True), nullable=False),
        ],
    )
    slices = documents.slices
    Index("ix_document_slices_records", slices.c.records, postgresql_using="gin")
    Index("ix_document_slices_state", slices.c.state)
    protect_by_links(slices, "records", {kind: record.slices for kind, record in bearers.items()})
    leftovers = Table(
        "document_leftovers",
        metadata,
        Column("object_key", Text, primary_key=True),
        Column("due_at", DateTime(timezone=True), nullable=False, index=True),
    )
    return DocumentTables(documents, leftovers)
