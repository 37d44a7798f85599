"""`GET /v1/me`: who the caller is and what it may do, from its token and the roles alone.

What is said here is what the policy grants, not a promise about one record: rows are named by kind ("its own
authority"), because which schools that means is decided where the data is.
"""

from collections.abc import Iterable
from datetime import date

from contracts.data_class import DataClass
from contracts.operations import OPERATIONS
from contracts.text import Language, Text
from service_kit.auth.principal import Grant, Principal
from service_kit.clock import Clock
from service_kit.models import View
from service_kit.policy.roles import CLASS_TEXT, ROWS_TEXT, Kind, Right, Role, Roles, Rows


class BilingualText(View, data_class=DataClass.public):
    """A text in both languages."""

    en: str
    cy: str

    @classmethod
    def of(cls, text: Text) -> "BilingualText":
        """From the program's text."""
        return cls(en=text.en, cy=text.cy)


class HeldRole(View, data_class=DataClass.public):
    """One role of the caller, and for what it is held."""

    role: str
    """Stable code."""
    title: BilingualText
    kind: Kind
    authority: str | None = None
    school: str | None = None
    body: str | None = None


class RowsAndClasses(View, data_class=DataClass.public):
    """Columns of these classes, in rows of this kind."""

    rows: Rows
    rows_title: BilingualText
    classes: list[DataClass]
    classes_titles: list[BilingualText]


class PermittedOperation(View, data_class=DataClass.public):
    """One operation that the caller may ask for, and on what."""

    operation: str
    """Stable code; also the OAuth scope of that name."""
    title: BilingualText
    covers: list[RowsAndClasses]


class SuiteClock(View, data_class=DataClass.public):
    """The day on which deadlines and dated rights turn. The moment is left out: the answer keeps its ETag all day."""

    today: date
    """The date in Wales."""
    sandbox: bool
    """Whether this is a sandbox, whose clock may have been set and whose data are nobody's."""


class Me(View, data_class=DataClass.public):
    """Who the caller is and what it may do."""

    subject: str
    client_id: str
    person_id: str | None = None
    """The person's id in the register; null for a machine."""
    language: Language | None = None
    """The person's own choice, from the token."""
    clock: SuiteClock
    roles: list[HeldRole]
    operations: list[PermittedOperation]


def describe(principal: Principal, roles: Roles, clock: Clock, *, sandbox: bool) -> Me:
    """The caller as its token and the roles file describe it. Roles that the file does not know are left out."""
    held = [(grant, roles.roles[grant.role]) for grant in principal.grants if grant.role in roles.roles]
    return Me(
        subject=principal.subject,
        client_id=principal.client_id,
        person_id=principal.person_id,
        language=principal.language,
        clock=SuiteClock(today=clock.today(), sandbox=sandbox),
        roles=[_held(grant, role) for grant, role in held],
        operations=[
            _permitted(operation, [right for _, role in held for right in roles.rights(role.name, operation)])
            for operation in OPERATIONS
            if principal.in_scope(operation) and any(operation in role.operations for _, role in held)
        ],
    )


def _held(grant: Grant, role: Role) -> HeldRole:
    return HeldRole(
        role=role.name,
        title=BilingualText.of(role.title),
        kind=role.kind,
        authority=grant.authority,
        school=grant.school,
        body=grant.body,
    )


def _permitted(operation: str, rights: Iterable[Right]) -> PermittedOperation:
    classes: dict[Rows, set[DataClass]] = {}
    for right in rights:
        classes.setdefault(right.rows, set()).update(right.classes)
    return PermittedOperation(
        operation=operation,
        title=BilingualText.of(OPERATIONS[operation].title),
        covers=[
            RowsAndClasses(
                rows=rows,
                rows_title=BilingualText.of(ROWS_TEXT[rows]),
                classes=[data_class for data_class in DataClass if data_class in classes[rows]],
                classes_titles=[BilingualText.of(CLASS_TEXT[c]) for c in DataClass if c in classes[rows]],
            )
            for rows in Rows
            if rows in classes
        ],
    )
