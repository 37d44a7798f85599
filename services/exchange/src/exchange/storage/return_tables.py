"""Tables of the returns: each version a record in two times, its renderings by digest, the keys that signed.

A row of a version has a class of its own: confidential to the signatories' side until it is submitted, internal from
then on, so that row-level security itself keeps a draft from Welsh Government.
"""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from contracts.data_class import DataClass
from exchange.storage.tables import metadata
from service_kit.policy.rls import protect
from service_kit.records import Record

return_versions = Record(
    "return_version",
    "return_versions",
    metadata,
    [
        Column("return_id", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("organisation", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("test", Boolean, nullable=False),
        Column("authority", Text),
        Column("body", Text),
        Column("school_year", Text, nullable=False),
        Column("period", Text, nullable=False),
        Column("first_day", Date, nullable=False),
        Column("last_day", Date, nullable=False),
        Column("due_on", Date, nullable=False),
        Column("days", JSONB, nullable=False),
        Column("definition", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("data_class", Text, nullable=False),
        Column("position", BigInteger),
        Column("parked", Integer),
        Column("earlier_version", Text),
        Column("earlier_position", BigInteger),
        Column("made_at", DateTime(timezone=True)),
        Column("findings", JSONB, nullable=False),
        Column("remarks", JSONB, nullable=False),
        Column("frozen_by", Text),
        Column("digest", Text),
        Column("signed_first_by", Text),
        Column("signed_second_by", Text),
        Column("signature", Text),
        Column("submitted_at", DateTime(timezone=True)),
        Column("question", Text),
        Column("void_asked_by", Text),
        Column("void_reason", Text),
        Column("amends", Integer),
        Column("amend_reason", Text),
    ],
)
"""The id is `<return id>.<number>`. `days` are those of each authority; `earlier_*` the return of the period before."""
protect(return_versions.slices, "data_class", authority="authority", body="body")

return_renderings = Table(
    "return_renderings",
    metadata,
    Column("content", Text, primary_key=True),
    Column("format", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("version_id", Text, nullable=False, index=True),
    Column("sha256", Text, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    Column("data_class", Text, nullable=False),
    Column("authority", Text),
    Column("body", Text),
)
"""What was frozen. `content` is the digest of the JSON, which names the others; the JSON's language is empty: both."""
protect(return_renderings, "data_class", authority="authority", body="body")

return_keys = Table(
    "return_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("key", JSONB, nullable=False),
    Column("first_used_at", DateTime(timezone=True), nullable=False),
)
"""Public keys that ever signed a return; they stay published."""
protect(return_keys, DataClass.public)
