"""Databases and roles of a service on any PostgreSQL server whose superuser address is known.

Everything goes through the wheel's `psql`: it is synchronous, so it works inside and outside a running event
loop, and it quotes names and passwords itself (`:"name"`, `:'password'`).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlsplit


@dataclass(frozen=True)
class ServiceDatabase:
    """The three addresses of one database, SQLAlchemy style (`postgresql+asyncpg://user:password@host:port/name`).

    owner migrates; api serves requests (row-level security); worker runs relay and consumer.
    """

    name: str
    owner_url: str
    api_url: str
    worker_url: str


class DatabaseCommandError(RuntimeError):
    """`psql` refused a command; the message is PostgreSQL's own."""


_ROLE = """
SELECT format('CREATE ROLE %I LOGIN', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \\gexec
ALTER ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'password';
"""

_CREATE = """
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'owner')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec
"""

_CLONE = """
CREATE DATABASE :"name" OWNER :"owner" TEMPLATE :"template" STRATEGY file_copy;
"""

_CONNECT = """
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO :"api", :"worker";
GRANT TEMPORARY ON DATABASE :"name" TO :"worker";
"""

# Tables are made later, by the migration: default privileges of their owner give the two others their rights.
# What is append-only takes UPDATE and DELETE away again in the migration that makes it.
_RIGHTS = """
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO :"api", :"worker";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner"
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO :"api", :"worker";
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" GRANT USAGE ON SEQUENCES TO :"api", :"worker";
"""

_ENTER = """
\\connect :"name"
"""

_DROP = """
DROP DATABASE IF EXISTS :"name" WITH (FORCE);
"""


def create_service_database(
    superuser_url: str, name: str, *, service: str, passwords: Mapping[str, str]
) -> ServiceDatabase:
    """Make (or complete) database `name` with roles `<service>_owner`, `_api`, `_worker`; safe to repeat.

    `passwords` holds one password for each of the three roles. Nobody else may connect.
    """
    return create_service_databases(superuser_url, {name: service}, passwords=passwords)[name]


def create_service_databases(
    superuser_url: str, services: Mapping[str, str], *, passwords: Mapping[str, str]
) -> dict[str, ServiceDatabase]:
    """The same for several databases, given with their services, by one run of `psql`: each start pays for it."""
    scripts: list[tuple[str, Mapping[str, str]]] = []
    for name, service in services.items():
        names = _role_names(service)
        scripts += [(_ROLE, {"role": role, "password": passwords[role]}) for role in names.values()]
        scripts += [
            (_CREATE + _CONNECT, {"name": name, **names}),
            (_ENTER + _RIGHTS, {"name": name, **names}),
        ]
        scripts.append((_ENTER, {"name": database_of(superuser_url)}))
    _run_scripts(superuser_url, scripts)
    return {name: _addresses(superuser_url, name, service, passwords) for name, service in services.items()}


def clone_service_database(
    superuser_url: str, template: str, name: str, *, service: str, passwords: Mapping[str, str]
) -> ServiceDatabase:
    """Copy a migrated database (nobody may be connected to it) under another name, with the same roles."""
    run_sql(superuser_url, _CLONE, name=name, template=template, owner=_role_names(service)["owner"])
    run_sql(superuser_url, _CONNECT, name=name, **_role_names(service))
    return _addresses(superuser_url, name, service, passwords)


def drop_database(superuser_url: str, name: str) -> None:
    """Drop a database and whoever is still connected to it; none of that name is no error."""
    run_sql(superuser_url, _DROP, name=name)


def with_database(url: str, name: str) -> str:
    """The same address for another database."""
    return urlsplit(url)._replace(path=f"/{quote(name)}").geturl()


def run_sql(url: str, script: str, **variables: str) -> str:
    """Run a constant script with `psql` variables and return what it printed, rows unaligned.

    Raises `DatabaseCommandError` at the first statement refused.
    """
    return _run_scripts(url, [(script, variables)])


def database_of(url: str) -> str:
    """The name of the database in an address."""
    return unquote(urlsplit(url).path.lstrip("/")) or "postgres"


def _run_scripts(url: str, scripts: Sequence[tuple[str, Mapping[str, str]]]) -> str:
    """Run scripts one after another in one session, each with variables of its own."""
    from testkit.postgres import binary

    parts = urlsplit(url)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PG")},
        "PGHOST": parts.hostname or "127.0.0.1",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": unquote(parts.username or "postgres"),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": database_of(url),
        "PGOPTIONS": "-c client_min_messages=warning",
    }
    # Variables go in through the script, not the argument list, which any user of the machine can read.
    lines = [
        line
        for script, variables in scripts
        for line in (
            *(f"\\set {name} {_psql_literal(value)}" for name, value in variables.items()),
            script,
        )
    ]
    done = subprocess.run(
        [binary("psql"), "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"],
        check=False,
        input="\n".join(lines),
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise DatabaseCommandError(done.stderr.strip())
    return done.stdout


def _psql_literal(value: str) -> str:
    if any(character in value for character in "\0\r\n"):
        raise ValueError("a name or password with a line break or NUL")
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _role_names(service: str) -> dict[str, str]:
    return {"owner": f"{service}_owner", "api": f"{service}_api", "worker": f"{service}_worker"}


def _addresses(superuser_url: str, name: str, service: str, passwords: Mapping[str, str]) -> ServiceDatabase:
    parts = urlsplit(superuser_url)
    urls = {}
    for kind, role in _role_names(service).items():
        place = f"{role}:{quote(passwords[role], safe='')}@{parts.hostname}:{parts.port or 5432}"
        urls[f"{kind}_url"] = parts._replace(
            scheme="postgresql+asyncpg", netloc=place, path=f"/{quote(name)}"
        ).geturl()
    return replace(ServiceDatabase(name=name, owner_url="", api_url="", worker_url=""), **urls)
