"""Migrations: one environment for all services. A service's folder holds version files only.

Two lines of versions meet in each database: `foundation` (the tables that every service has: outbox, log, inbox,
audit, idempotency, jobs) and the service's own. Alembic has no lock of its own, so the upgrade runs in one
transaction behind an advisory lock, with `lock_timeout` set; services only compare the recorded heads with the files
at start-up and refuse to run when they differ. They do it without importing Alembic, which costs 12 MiB a process.
"""
