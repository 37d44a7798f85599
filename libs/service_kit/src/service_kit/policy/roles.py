"""Loads the reviewed file of roles and rights; refuses whatever it does not know.

A misspelt operation or class in the file must stop the program, not silently grant or deny something else.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from contracts.data_class import DataClass
from contracts.operations import OPERATIONS
from contracts.text import Text

Kind = Literal["machine", "person"]


class RolesFileError(ValueError):
    """The roles file names something unknown, or leaves something out. The message says where."""


class Rows(StrEnum):
    """What decides which rows a right covers."""

    region = "region"
    """Every row."""
    consortium = "consortium"
    """The member authorities, on the day, of the consortium that the grant names as its body."""
    authority = "authority"
    """The authority that the grant names."""
    school = "school"
    """The school that the grant names; where it names none, the schools for which the person holds this role."""
    lead_schools = "lead_schools"
    """The schools to which the person is allocated on the day."""
    body = "body"
    """The body that the grant names, and those in which the person holds a seat under this role on the day."""
    self = "self"
    """What is about the person itself, and what the caller made itself."""


ROWS_TEXT: Mapping[Rows, Text] = {
    Rows.region: Text("the whole region", "y rhanbarth cyfan"),
    Rows.consortium: Text("the consortium's authorities", "awdurdodau'r consortiwm"),
    Rows.authority: Text("its own authority", "ei awdurdod ei hun"),
    Rows.school: Text("its own school", "ei ysgol ei hun"),
    Rows.lead_schools: Text("schools it leads", "yr ysgolion y mae'n eu harwain"),
    Rows.body: Text("bodies in which they sit", "cyrff y maent yn aelodau ohonynt"),
    Rows.self: Text("itself and its own records", "ei hun a'i gofnodion ei hun"),
}
"""How each is said to a reader."""

CLASS_TEXT: Mapping[DataClass, Text] = {
    DataClass.public: Text("public", "cyhoeddus"),
    DataClass.internal: Text("internal", "mewnol"),
    DataClass.personal: Text("personal", "personol"),
    DataClass.confidential: Text("confidential", "cyfrinachol"),
}
"""How each data class is said to a reader."""


@dataclass(frozen=True, slots=True)
class Right:
    """Operations on the columns of these classes, in these rows."""

    operations: tuple[str, ...]
    rows: Rows
    classes: tuple[DataClass, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """One role: its name for readers, who may hold it, and what it may do."""

    name: str
    title: Text
    kind: Kind
    rights: tuple[Right, ...]

    @property
    def operations(self) -> frozenset[str]:
        """Every operation that the role lists, with whatever rows and classes."""
        return frozenset(operation for right in self.rights for operation in right.operations)


@dataclass(frozen=True, eq=False)
class Roles:
    """All roles by name. `rights(role, operation)` is what the decision asks."""

    roles: Mapping[str, Role]
    _index: Mapping[tuple[str, str], tuple[Right, ...]]

    @classmethod
    def of(cls, roles: Sequence[Role]) -> "Roles":
        """Roles with their index by operation."""
        index: dict[tuple[str, str], tuple[Right, ...]] = {}
        for role in roles:
            for right in role.rights:
                for operation in right.operations:
                    index[role.name, operation] = (*index.get((role.name, operation), ()), right)
        return cls({role.name: role for role in roles}, index)

    def rights(self, role: str, operation: str) -> tuple[Right, ...]:
        """The rights of a role that list an operation; none for an unknown role."""
        return self._index.get((role, operation), ())

    def require_operation(self, operation: str) -> None:
        """Raises KeyError for an operation that `contracts.operations` does not name."""
        if operation not in OPERATIONS:
            raise KeyError(f"no such operation: {operation}")


@cache
def roles() -> Roles:
    """The roles of the suite, from `roles.toml` beside this module, loaded once."""
    return load(resources.files("service_kit.policy").joinpath("roles.toml").read_text("utf-8"))


def load(text: str) -> Roles:
    """Roles from TOML. Raises RolesFileError for anything unknown, missing, or in one language only."""
    document = tomllib.loads(text)
    _only(document, {"everyone", "roles"}, "the file")
    everyone = _rights(document.get("everyone", {}), "everyone")
    names = document.get("roles", {})
    if not names:
        raise RolesFileError("the file names no role")
    return Roles.of([_role(name, table, everyone) for name, table in names.items()])


def _role(name: str, table: Mapping[str, Any], everyone: tuple[Right, ...]) -> Role:
    where = f"roles.{name}"
    _only(table, {"title", "kind", "grants"}, where)
    title = table.get("title", {})
    _only(title, {"en", "cy"}, f"{where}.title")
    if table.get("kind") not in get_args(Kind):
        raise RolesFileError(f"{where}: kind must be one of {get_args(Kind)}")
    try:
        text = Text(title.get("en", ""), title.get("cy", ""))
    except ValueError as error:
        raise RolesFileError(f"{where}: a title is needed in both languages") from error
    return Role(name, text, table["kind"], everyone + _rights(table, where))


def _rights(table: Mapping[str, Any], where: str) -> tuple[Right, ...]:
    return tuple(_right(right, f"{where}.grants[{i}]") for i, right in enumerate(table.get("grants", ())))


def _right(table: Mapping[str, Any], where: str) -> Right:
    _only(table, {"operations", "rows", "classes"}, where)
    operations, classes = table.get("operations", ()), table.get("classes", ())
    if not operations or not classes:
        raise RolesFileError(f"{where}: operations and classes must not be empty")
    if unknown := [name for name in operations if name not in OPERATIONS]:
        raise RolesFileError(f"{where}: unknown operations {unknown}")
    if unknown := [name for name in classes if name not in set(DataClass)]:
        raise RolesFileError(f"{where}: unknown data classes {unknown}")
    if table.get("rows") not in set(Rows):
        raise RolesFileError(f"{where}: unknown rows {table.get('rows')!r}")
    return Right(tuple(operations), Rows(table["rows"]), tuple(DataClass(name) for name in classes))


def _only(table: Mapping[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(table) - known):
        raise RolesFileError(f"{where}: unknown keys {unknown}")
