"""The one policy function: operation, rows and columns.

Read, list, count, feed, webhook, export and return all ask it, so that none can show what another hides. It is pure:
the same principal, operation, memberships and roles always give the same decision. Denied is whatever no role lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from contracts.data_class import DataClass
from service_kit.auth.principal import Grant, Principal
from service_kit.policy.memberships import Memberships
from service_kit.policy.roles import Roles, Rows
from service_kit.policy.scope import ALL_ROWS, NO_ROWS, RowScope


@dataclass(frozen=True, slots=True)
class Decision:
    """What a caller may do with one operation.

    `allowed`: a role of the caller lists the operation and the token's scopes leave it open; otherwise the answer is
    403. `by_class`: for each data class, the rows whose columns of that class may be seen or written.
    """

    principal: Principal
    operation: str
    allowed: bool
    by_class: Mapping[DataClass, RowScope] = field(default_factory=dict)

    def rows(self, data_class: DataClass) -> RowScope:
        """The rows of which columns of this class may be had; none where no role says so."""
        return self.by_class.get(data_class, NO_ROWS)

    def classes_for(
        self,
        authority: str | None = None,
        school: str | None = None,
        person: str | None = None,
        subject: str | None = None,
        body: str | None = None,
    ) -> frozenset[DataClass]:
        """The classes of columns that may be had of one row; the others are redacted. Empty: it may not be known."""
        return frozenset(
            data_class
            for data_class, scope in self.by_class.items()
            if scope.covers(authority, school, person, subject, body)
        )


BOTH_SIDES: Final = frozenset({DataClass.public, DataClass.internal})
"""What the second party to a record is shown of it; the rest is the first party's own."""


def classes_of_both(own: frozenset[DataClass], other: frozenset[DataClass]) -> frozenset[DataClass]:
    """The classes of a record that is seen from its own side, from the second party's, or from both."""
    return own | (other & BOTH_SIDES)


def decide(principal: Principal, operation: str, memberships: Memberships, roles: Roles) -> Decision:
    """Decides about one operation of one caller; scopes of several roles add up, class by class.

    A role that the roles file does not know grants nothing. Raises KeyError for an operation that no contract names:
    that is a fault of the program, not of the caller.
    """
    roles.require_operation(operation)
    by_class: dict[DataClass, RowScope] = {}
    listed = False
    for grant in principal.grants if principal.in_scope(operation) else ():
        for right in roles.rights(grant.role, operation):
            listed = True
            rows = _rows(right.rows, grant, principal, memberships)
            for data_class in right.classes:
                open_rows = _staying(rows, memberships) if data_class is DataClass.confidential else rows
                by_class[data_class] = by_class.get(data_class, NO_ROWS) | open_rows
    return Decision(principal, operation, listed, by_class)


def _rows(rows: Rows, grant: Grant, principal: Principal, memberships: Memberships) -> RowScope:
    """The rows that one right gives to one grant; a grant that does not name what the right needs gives none."""
    match rows:
        case Rows.region:
            return ALL_ROWS
        case Rows.consortium:
            members = memberships.authorities.get(grant.body, frozenset()) if grant.body else frozenset()
            return _of_authorities(members | _named(grant.authority), memberships)
        case Rows.authority:
            return _of_authorities(_named(grant.authority), memberships)
        case Rows.school:
            return _of_schools(
                _named(grant.school) or memberships.schools.get(grant.role, frozenset()), memberships
            )
        case Rows.lead_schools:
            return _of_schools(memberships.schools.get(grant.role, frozenset()), memberships)
        case Rows.body:
            held = memberships.bodies.get(grant.role, frozenset())
            return RowScope(bodies=held | _named(grant.body))
        case Rows.self:
            return RowScope(persons=_named(principal.person_id), subjects=_named(principal.subject))


def _staying(rows: RowScope, memberships: Memberships) -> RowScope:
    """Without the bodies whose exempt items the person leaves for."""
    return replace(rows, bodies=rows.bodies - memberships.leaving) if memberships.leaving else rows


def _of_authorities(codes: frozenset[str], memberships: Memberships) -> RowScope:
    """Rows of authorities, with the history of schools that came to them."""
    return RowScope(authorities=codes, schools=memberships.before(codes))


def _of_schools(numbers: frozenset[str], memberships: Memberships) -> RowScope:
    """Rows of schools, with what was recorded under the numbers that they had before."""
    return RowScope(schools=numbers | memberships.before(numbers))


def _named(code: str | None) -> frozenset[str]:
    return frozenset((code,)) if code else frozenset()


def refusal(
    read: Decision,
    data_class: DataClass,
    authority: str | None = None,
    school: str | None = None,
    person: str | None = None,
    body: str | None = None,
) -> Literal["operation_not_permitted", "not_found"]:
    """The problem code for a write on a row that the write's decision does not cover.

    403 when the caller may read the row of this class (so it knows that it exists), else 404: what may not be known
    of is indistinguishable from what does not exist.
    """
    known = read.allowed and read.rows(data_class).covers(authority, school, person, body=body)
    return "operation_not_permitted" if known else "not_found"
