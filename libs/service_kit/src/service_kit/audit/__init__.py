"""Who did or read what: a hash-chained log moved by the sequencer, values beside it, checkpoints, verification.

    await audit.append(connection, tables, [audit.change(actor=..., ...)])   # in the transaction of the write
    reads.note(audit.reading(actor=..., ...))                                # beside the read, in batches

An entry holds names of fields and salted digests of their values; the values themselves and the salts stand in
`audit_values`, which erasure and retention may empty: without the salt a digest says nothing, and the chain holds.
"""

from service_kit.audit.appending import append, erase_values
from service_kit.audit.entries import AuditEntry, change, reading
from service_kit.audit.tables import AuditTables, audit_tables

__all__ = ["AuditEntry", "AuditTables", "append", "audit_tables", "change", "erase_values", "reading"]
