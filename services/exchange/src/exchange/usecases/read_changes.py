"""Reading the change feed: the caller's policy of this moment, asked with the operations that read the aggregates.

An entry is shown exactly when the aggregate it is about could be read: by that aggregate's own operation, for the
entry's authority, school, person and body, in its data class. A record with two sides is shown to both, and of its
fields to each what its read shows. So the feed can show nothing that a read would hide (E-15).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, any_, bindparam, false, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from contracts.aggregates import READ_OPERATIONS, ROUTE_OPERATIONS
from contracts.data_class import DataClass
from contracts.event import EVENTS, Change
from exchange.storage.tables import changes
from service_kit.auth.principal import Principal
from service_kit.policy.decide import BOTH_SIDES, Decision, classes_of_both, decide
from service_kit.policy.memberships import Memberships
from service_kit.policy.predicates import row_predicate
from service_kit.policy.roles import Roles
from service_kit.policy.scope import NO_ROWS, RowScope

FEED_OPERATIONS = frozenset(READ_OPERATIONS.values())
"""What the feed decides beside its own operation."""

Row = Mapping[str, Any]
"""An entry of the change log."""

_NOTHING: Final[frozenset[str]] = frozenset()


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
        route = ROUTE_OPERATIONS.get((publisher, aggregate), operation)
        if not (decision.allowed and decide(principal, route, memberships, roles).allowed):
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


def visible(shown: Sequence[Shown]) -> ColumnElement[bool]:
    """The same as a condition on the change log."""
    return _within(shown, lambda part: (*_sides(part), *_former_sides(part)))


def visible_as_it_is(shown: Sequence[Shown]) -> ColumnElement[bool]:
    """The condition for records that the caller may read as an entry leaves them, and not only as they were before."""
    return _within(shown, _sides)


def _within(
    shown: Sequence[Shown], sides: Callable[[Shown], Iterable[ColumnElement[bool]]]
) -> ColumnElement[bool]:
    parts = [
        and_(
            changes.c.aggregate == any_(bindparam(None, list(part.aggregates), type_=ARRAY(Text))),
            changes.c.data_class == part.data_class.value,
            or_(*sides(part)),
        )
        for part in shown
    ]
    return or_(*parts) if parts else false()


def _sides(part: Shown) -> Iterator[ColumnElement[bool]]:
    """By whose an entry's record is; the second side reads no more than rows of `BOTH_SIDES`."""
    scope, column = part.scope, changes.c
    yield row_predicate(
        scope, authority=column.authority, school=column.school, person=column.person, body=column.body
    )
    if part.data_class in BOTH_SIDES:
        yield row_predicate(
            scope, authority=column.other_authority, school=column.other_school, person=column.other_person
        )


def _former_sides(part: Shown) -> Iterator[ColumnElement[bool]]:
    """By whose it was before it moved."""
    scope, column = part.scope, changes.c
    yield row_predicate(scope, authority=column.from_authority, school=column.from_school)
    if part.data_class in BOTH_SIDES:
        yield row_predicate(scope, authority=column.from_other_authority, school=column.from_other_school)


def scope_change(shown: Sequence[Shown], row: Row) -> Change | None:
    """What an entry about a record that moved means to this caller; None where it had it before and has it still.

    Whoever may read the record as it is, and not as it was, is told that it entered the scope; whoever might read it
    as it was, and not as it is, that it left. A record with two sides is read by either.
    """
    now = row["data_class"] in classes_shown(shown, row)
    before = row["data_class"] in classes_shown(shown, before_move(row))
    if now and before:
        return None
    return Change.entered_scope if now else Change.left_scope


def moved(row: Row) -> bool:
    """Whether an entry tells that its record, on either side, went to another authority."""
    return row["from_school"] is not None or row["from_other_school"] is not None


def before_move(row: Row) -> Row:
    """Whose the record of an entry was before it moved; a side that did not move is as it is."""
    names = ("authority", "school", "other_authority", "other_school")
    return {**row, **{name: row[former] for name in names if row[former := f"from_{name}"] is not None}}


def classes_shown(shown: Sequence[Shown], row: Row) -> frozenset[DataClass]:
    """The classes of an entry's record that the caller may see, as a read of it decides."""
    parts = [part for part in shown if row["aggregate"] in part.aggregates]
    own = (row["authority"], row["school"], row["person"])
    other = (row["other_authority"], row["other_school"], row["other_person"])
    return classes_of_both(
        frozenset(part.data_class for part in parts if part.scope.covers(*own, body=row["body"])),
        frozenset(part.data_class for part in parts if part.scope.covers(*other)),
    )


def held_back(shown: Sequence[Shown], row: Row) -> frozenset[str]:
    """The fields of an entry's data that the caller may not see: those of a class that a read would leave out."""
    classes = _classes_of_fields(row["aggregate"])
    if not classes:
        return _NOTHING
    seen = classes_shown(shown, row)
    return frozenset(name for name, data_class in classes.items() if data_class not in seen)


@cache
def _classes_of_fields(aggregate: str) -> Mapping[str, DataClass]:
    """By aggregate, so that also a newer publisher's event, of a type not known here, tells nothing that is hidden."""
    found: dict[str, DataClass] = {}
    for event in EVENTS.values():
        if f"{event.PUBLISHER}.{event.AGGREGATE}" == aggregate:
            found |= event.field_classes()
    return found
