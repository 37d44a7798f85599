"""A row scope as a condition of a query: the first lock. Row-level security (`rls`) is the second."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Text, any_, bindparam, false, or_, true
from sqlalchemy.dialects.postgresql import ARRAY

from service_kit.policy.scope import RowScope


def row_predicate(
    scope: RowScope,
    *,
    authority: ColumnElement[str | None] | None = None,
    school: ColumnElement[str | None] | None = None,
    person: ColumnElement[str | None] | None = None,
    subject: ColumnElement[str | None] | None = None,
    body: ColumnElement[str | None] | None = None,
) -> ColumnElement[bool]:
    """The condition that holds for exactly the rows that `scope.covers`.

    Give the tenant columns that the table has; a scope that names none of them covers no row. Each part is
    `column = any(array)`, so an index on the column serves it and one cached statement serves every caller.
    """
    if scope.everything:
        return true()
    parts = [
        _among(column, values)
        for column, values in (
            (authority, scope.authorities),
            (school, scope.schools),
            (person, scope.persons),
            (subject, scope.subjects),
            (body, scope.bodies),
        )
        if column is not None and values
    ]
    return or_(*parts) if parts else false()


def _among(column: ColumnElement[str | None], values: Collection[str]) -> ColumnElement[bool]:
    return column == any_(bindparam(None, sorted(values), type_=ARRAY(Text)))
