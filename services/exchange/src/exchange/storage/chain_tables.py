"""Tables of the chain: the last version of each record in one, with its links, and what the frozen returns count."""

from sqlalchemy import BigInteger, Column, Index, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from contracts.data_class import DataClass
from exchange.storage.tables import metadata
from service_kit.policy.rls import protect

chain_records = Table(
    "chain_records",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("aggregate", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("data_class", Text, nullable=False),
    Column("authority", Text),
    Column("school", Text),
    Column("body", Text),
    Column("follows_from", ARRAY(Text), nullable=False),
    Column("leads_to", ARRAY(Text), nullable=False),
    Column("data", JSONB, nullable=False),
)
"""Projected from the events of the records' services; the class and the tenants are those of the last event."""
protect(chain_records, "data_class", authority="authority", school="school", body="body")
Index("ix_chain_records_follows_from", chain_records.c.follows_from, postgresql_using="gin")

chain_counts = Table(
    "chain_counts",
    metadata,
    Column("content", Text, primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("figures", ARRAY(Text), nullable=False),
    Column("authority", Text),
    Column("body", Text),
)
"""Which records of chains a frozen return counts, under which figures. `content` is the digest of what was frozen, so
that a version that was opened again counts nothing of what it said before."""
protect(chain_counts, DataClass.internal, authority="authority", body="body")
Index("ix_chain_counts_reference", chain_counts.c.reference)
