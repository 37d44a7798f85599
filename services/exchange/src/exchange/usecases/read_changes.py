"""Reading the change feed: the caller's policy of this moment, asked with the operations that read the aggregates.

An entry is shown exactly when the aggregate it is about could be read: by that aggregate's own operation, for the
entry's authority, school and body, in its data class. So the feed can show nothing that a read would hide (E-15).
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, any_, bindparam, false, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from contracts.aggregates import READ_OPERATIONS
from contracts.data_class import DataClass
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
            row_predicate(
                part.scope, authority=changes.c.authority, school=changes.c.school, body=changes.c.body
            ),
        )
        for part in shown
    ]
    return or_(*parts) if parts else false()
