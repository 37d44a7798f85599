"""The page of roles and rights (docs/reference/rights.md), generated from the roles file and compared by a test.

Write it anew with `python -m service_kit.policy.rights_page > docs/reference/rights.md`.
"""

import sys
from collections.abc import Iterable, Iterator

from contracts.data_class import DataClass
from contracts.operations import OPERATIONS
from service_kit.policy.roles import ROWS_TEXT, Right, Role, Roles, Rows, roles

HEAD = """# Roles and rights

Generated from `service_kit/policy/roles.toml`; do not edit. What is not listed is denied. After each kind of rows stand
the data classes of the columns: P public, I internal, R personal, C confidential.
"""

_LETTER = {
    DataClass.public: "P",
    DataClass.internal: "I",
    DataClass.personal: "R",
    DataClass.confidential: "C",
}


def rights_page(of: Roles) -> str:
    """The page as Markdown: the roles in both languages, each operation's roles and rows, and the same as a matrix."""
    return "\n".join([HEAD, *_roles(of.roles.values()), "", *_rows(), "", *_operations(of), *_matrix(of), ""])


def _roles(of: Iterable[Role]) -> Iterator[str]:
    yield from ("## Roles", "", "| role | English | Cymraeg | held by |", "|---|---|---|---|")
    for role in of:
        yield f"| `{role.name}` | {role.title.en} | {role.title.cy} | {role.kind} |"


def _rows() -> Iterator[str]:
    yield from ("## Rows", "", "| rows | English | Cymraeg |", "|---|---|---|")
    for rows, title in ROWS_TEXT.items():
        yield f"| `{rows}` | {title.en} | {title.cy} |"


def _operations(of: Roles) -> Iterator[str]:
    yield from ("## Operations", "")
    for name, operation in OPERATIONS.items():
        yield from (f"### `{name}`", "", f"{operation.title.en} / {operation.title.cy}", "")
        held = {role.name: of.rights(role.name, name) for role in of.roles.values()}
        everyone = set.intersection(*({_covers([right]) for right in rights} for rights in held.values()))
        yield from (f"- every role: {covers}" for covers in sorted(everyone))
        beyond = {
            role: [right for right in rights if _covers([right]) not in everyone]
            for role, rights in held.items()
        }
        yield from (f"- `{role}`: {_covers(rights)}" for role, rights in beyond.items() if rights)
        if not everyone and not any(beyond.values()):
            yield "- nobody"
        yield ""


def _matrix(of: Roles) -> Iterator[str]:
    """Every operation with every role, with what every role may do; an empty cell is a refusal."""
    yield from ("## Matrix", "", "| operation | " + " | ".join(f"`{name}`" for name in of.roles) + " |")
    yield "|---" * (len(of.roles) + 1) + "|"
    for operation in OPERATIONS:
        cells = (_covers(of.rights(name, operation)) for name in of.roles)
        yield f"| `{operation}` | " + " | ".join(cells) + " |"


def _covers(rights: Iterable[Right]) -> str:
    classes: dict[Rows, set[DataClass]] = {}
    for right in rights:
        classes.setdefault(right.rows, set()).update(right.classes)
    return "; ".join(
        rows + " " + "".join(_LETTER[data_class] for data_class in DataClass if data_class in classes[rows])
        for rows in Rows
        if rows in classes
    )


if __name__ == "__main__":
    sys.stdout.write(rights_page(roles()))
