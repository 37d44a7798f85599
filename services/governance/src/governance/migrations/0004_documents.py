"""Documents: files attached to records, and the bytes that wait to be deleted."""

from service_kit.migrations.document_tables import create_document_tables

revision = "governance_0004"
down_revision = "governance_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_document_tables()
