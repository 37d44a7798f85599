"""Takes table privileges away from a database role, with the names quoted by the dialect."""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import ExecutableDDLElement
from sqlalchemy.sql.compiler import DDLCompiler

Privilege = Literal["select", "insert", "update", "delete"]


class Revoke(ExecutableDDLElement):
    """`REVOKE ... ON TABLE ... FROM role`: what the owner's default privileges gave and this role must not have."""

    inherit_cache = False

    def __init__(self, privileges: Sequence[Privilege], tables: Sequence[Table], role: str) -> None:
        self.privileges = privileges
        self.tables = tables
        self.role = role


@compiles(Revoke)
def _revoke(element: Revoke, compiler: DDLCompiler, **_: Any) -> str:
    tables = ", ".join(compiler.preparer.format_table(table) for table in element.tables)
    privileges = ", ".join(privilege.upper() for privilege in element.privileges)
    return " ".join(["REVOKE", privileges, "ON TABLE", tables, "FROM", compiler.preparer.quote(element.role)])
