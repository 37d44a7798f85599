"""Which feed this is, from where on it is told, and the hash by which its entries fall into partitions.

The hash is the first four bytes of SHA-256 of `<service>.<aggregate>:<key>`: a promise to clients, never another.
Generated, so that a writer of the version before, still at work, need not know of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "exchange_0009"
down_revision = "exchange_0008"
branch_labels = None
depends_on = None

# `decode`, told to take no backslash for an escape, is what makes bytes of a text and may be generated from.
HASH = (
    r"('x' || substr(encode(sha256(decode(replace(aggregate || ':' || key, '\', '\\'), 'escape')), 'hex'), 1, 8))"
    "::bit(32)::bigint"
)


def upgrade() -> None:
    op.execute("insert into changes_head (position) values (0) on conflict do nothing")
    op.add_column(
        "changes_head",
        sa.Column("feed", sa.Text(), server_default=sa.text("gen_random_uuid()::text"), nullable=False),
    )
    op.add_column(
        "changes_head", sa.Column("floor", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    hashed = sa.Column("key_hash", sa.BigInteger(), sa.Computed(HASH, persisted=True), nullable=False)
    op.add_column("changes", hashed)
