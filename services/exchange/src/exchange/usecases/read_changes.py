"""Reading the change feed: the caller's policy of this moment, asked with the operations that read the aggregates.

An entry is shown exactly when the aggregate it is about could be read: by that aggregate's own operation, for the
entry's authority, school and body, in its data class. So the feed can show nothing that a read would hide (E-15).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, any_, bindparam, false, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from contracts.aggregates import READ_OPERATIONS
from contracts.data_class import DataClass
from contracts.event import Change
from exchange.storage.tables import changes
from service_kit.auth.principal import Principal
from service_kit.policy.decide import Decision, decide
from service_kit.policy.memberships import Memberships
from service_kit.policy.predicates import row_predicate
from service_kit.policy.roles import Roles
from service_kit.policy.scope import NO_ROWS, RowScope

FEED_OPERATIONS = frozenset(READ_OPERATIONS.values())
"""What the feed decides beside its own operation."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Rows of the feed that a caller may see: of these aggregates, in this class, within this scope."""

    aggregates: tuple[str, ...]
    data_class: DataClass
    scope: RowScope


def shown_to(
    principal: Principal,
    memberships: Memberships,
    roles: Roles,
    operations: Mapping[tuple[str, str], str] = READ_OPERATIONS,
) -> list[Shown]:
    """What the feed shows to a caller, aggregates with the same scope taken together.

    `operations`: by which operation an aggregate is read, by publisher and aggregate.
    """
    grouped: dict[tuple[DataClass, RowScope], list[str]] = defaultdict(list)
    for (publisher, aggregate), operation in operations.items():
        decision = decide(principal, operation, memberships, roles)
        if not decision.allowed:
            continue
        for data_class, scope in decision.by_class.items():
            if not scope.empty:
                grouped[data_class, scope].append(f"{publisher}.{aggregate}")
    return [Shown(tuple(sorted(names)), data_class, scope) for (data_class, scope), names in grouped.items()]


def feed_decision(principal: Principal, shown: list[Shown]) -> Decision:
    """Everything that the feed shows, taken together: for row-level security, which knows classes but no aggregates."""
    by_class: dict[DataClass, RowScope] = {}
    for part in shown:
        by_class[part.data_class] = by_class.get(part.data_class, NO_ROWS) | part.scope
    return Decision(principal, "changes.read", allowed=True, by_class=by_class)


def visible(shown: list[Shown]) -> ColumnElement[bool]:
    """The same as a condition on the change log."""
    parts = [
        and_(
            changes.c.aggregate == any_(bindparam(None, list(part.aggregates), type_=ARRAY(Text))),
            changes.c.data_class == part.data_class.value,
            or_(
                row_predicate(
                    part.scope, authority=changes.c.authority, school=changes.c.school, body=changes.c.body
                ),
                row_predicate(part.scope, authority=changes.c.from_authority, school=changes.c.from_school),
            ),
        )
        for part in shown
    ]
    return or_(*parts) if parts else false()


def scope_change(shown: Sequence[Shown], row: Mapping[str, Any]) -> Change | None:
    """What an entry about a record that moved means to this caller; None where it had it before and has it still.

    Whoever may read the record as it is, and not as it was, is told that it entered the scope; whoever might read it
    as it was, and not as it is, that it left.
    """
    parts = [
        part.scope
        for part in shown
        if part.data_class.value == row["data_class"] and row["aggregate"] in part.aggregates
    ]
    now = any(scope.covers(row["authority"], row["school"], body=row["body"]) for scope in parts)
    before = any(scope.covers(row["from_authority"], row["from_school"]) for scope in parts)
    if now and before:
        return None
    return Change.entered_scope if now else Change.left_scope
