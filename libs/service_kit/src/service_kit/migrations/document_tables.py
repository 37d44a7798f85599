"""The tables of documents as a service's version file makes them; a later change is a function of its own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def create_document_tables() -> None:
    """Makes what `service_kit.documents.tables` declared first."""
    op.create_table(
        "documents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
    )
    _slices()
    op.create_index("ix_document_slices_id", "document_slices", ["id"])
    op.create_index("ix_document_slices_records", "document_slices", ["records"], postgresql_using="gin")
    op.create_index("ix_document_slices_state", "document_slices", ["state"])
    op.create_table(
        "document_leftovers",
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("object_key", name="pk_document_leftovers"),
    )
    op.create_index("ix_document_leftovers_due_at", "document_leftovers", ["due_at"])


def _slices() -> None:
    key = sa.func.textrange(sa.literal_column("id"), sa.literal_column("id"), sa.literal_column("'[]'"))
    op.create_table(
        "document_slices",
        sa.Column("slice", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("valid", postgresql.DATERANGE(), nullable=False),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("classification", sa.Text(), nullable=False),
        sa.Column("records", postgresql.JSONB(), nullable=False),
        sa.Column("original_id", sa.Text(), nullable=True),
        sa.Column("authority", sa.Text(), nullable=True),
        sa.Column("school_number", sa.Text(), nullable=True),
        sa.Column("body_id", sa.Text(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (key, "="),
            (sa.literal_column("valid"), "&&"),
            where=sa.text("upper_inf(known)"),
            using="gist",
            name="one_document_slices_per_id_and_day",
        ),
        sa.PrimaryKeyConstraint("slice", name="pk_document_slices"),
    )
