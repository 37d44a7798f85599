"""The decision function against a reference that is as simple as the sentence it implements."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.data_class import DataClass
from contracts.operations import OPERATIONS
from service_kit.auth.principal import Grant, Principal
from service_kit.policy.decide import decide, refusal
from service_kit.policy.enforcing import require
from service_kit.policy.memberships import NO_MEMBERSHIPS, Memberships
from service_kit.policy.roles import Role, Roles, Rows, roles
from service_kit.problems import ProblemError

AUTHORITIES = ["672", "673", "681"]
SCHOOLS = ["6722100", "6732118", "6814010"]
PEOPLE = ["p-1", "p-2"]
BODIES = ["csc", "gwe"]
ROLE_NAMES = [*roles().roles, "unheard_of"]

codes = st.frozensets
grants = st.builds(
    Grant,
    st.sampled_from(ROLE_NAMES),
    st.none() | st.sampled_from(AUTHORITIES),
    st.none() | st.sampled_from(SCHOOLS),
    st.none() | st.sampled_from(BODIES),
)
principals = st.builds(
    Principal,
    subject=st.sampled_from(["s-1", "s-2"]),
    client_id=st.just("client"),
    person_id=st.none() | st.sampled_from(PEOPLE),
    grants=st.lists(grants, max_size=4).map(tuple),
    scopes=st.just(frozenset({"*"})) | st.frozensets(st.sampled_from(list(OPERATIONS)), max_size=20),
)
memberships = st.builds(
    Memberships,
    schools=st.dictionaries(st.sampled_from(ROLE_NAMES), codes(st.sampled_from(SCHOOLS))),
    authorities=st.dictionaries(st.sampled_from(BODIES), codes(st.sampled_from(AUTHORITIES))),
)
rows = st.fixed_dictionaries(
    {
        "authority": st.none() | st.sampled_from(AUTHORITIES),
        "school": st.none() | st.sampled_from(SCHOOLS),
        "person": st.none() | st.sampled_from(PEOPLE),
        "subject": st.none() | st.sampled_from(["s-1", "s-2"]),
    }
)
operations = st.sampled_from(list(OPERATIONS))


def in_rows(kind: Rows, grant: Grant, who: Principal, known: Memberships, row: dict[str, str | None]) -> bool:
    """What each kind of rows means, said once more and differently: by asking about one row."""
    if kind == "region":
        return True
    if kind == "self":
        own = row["person"] is not None and row["person"] == who.person_id
        return own or row["subject"] == who.subject
    if kind == "lead_schools":
        return row["school"] in known.schools.get(grant.role, ())
    if kind == "school":
        if grant.school is not None:
            return row["school"] == grant.school
        return row["school"] in known.schools.get(grant.role, ())
    if row["authority"] is None:
        return False
    if kind == "consortium" and grant.body and row["authority"] in known.authorities.get(grant.body, ()):
        return True
    return row["authority"] == grant.authority


def reference(
    who: Principal, operation: str, known: Memberships, row: dict[str, str | None], data_class: DataClass
) -> bool:
    """Some grant of the caller has a role with a right that lists the operation, the class and the row."""
    scoped = "*" in who.scopes or operation in who.scopes
    return scoped and any(
        operation in right.operations
        and data_class in right.classes
        and in_rows(right.rows, grant, who, known, row)
        for grant in who.grants
        if grant.role in roles().roles
        for right in roles().roles[grant.role].rights
    )


@given(principals, operations, memberships, rows)
def test_a_decision_is_what_the_roles_file_says(
    who: Principal, operation: str, known: Memberships, row: dict[str, str | None]
) -> None:
    """Design, section 6: operation, rows and columns by one function; denied is what no role lists."""
    decision = decide(who, operation, known, roles())
    expected = {c for c in DataClass if reference(who, operation, known, row, c)}
    assert decision.classes_for(**row) == expected
    assert {c for c in DataClass if decision.rows(c).covers(**row)} == expected
    scoped = "*" in who.scopes or operation in who.scopes
    listed = any(operation in roles().roles[r].operations for r in who.roles if r in roles().roles)
    assert decision.allowed == (scoped and listed)


@given(principals, operations, memberships, grants)
def test_one_more_role_never_takes_away(
    who: Principal, operation: str, known: Memberships, more: Grant
) -> None:
    before = decide(who, operation, known, roles())
    after = decide(replace(who, grants=(*who.grants, more)), operation, known, roles())
    assert after.allowed >= before.allowed
    for data_class in DataClass:
        assert before.rows(data_class) | after.rows(data_class) == after.rows(data_class)


@given(principals, operations, memberships)
def test_scopes_narrow_and_never_widen(who: Principal, operation: str, known: Memberships) -> None:
    unlimited = decide(replace(who, scopes=frozenset({"*"})), operation, known, roles())
    narrowed = decide(who, operation, known, roles())
    if narrowed.allowed:
        assert narrowed.by_class == unlimited.by_class
    else:
        assert narrowed.by_class == {}


def test_nobody_may_do_anything_without_a_role() -> None:
    nobody = Principal("s", "c")
    assert not any(decide(nobody, operation, NO_MEMBERSHIPS, roles()).allowed for operation in OPERATIONS)


def test_a_misspelt_operation_is_a_fault_of_the_program() -> None:
    with pytest.raises(KeyError):
        decide(Principal("s", "c"), "schools.reed", NO_MEMBERSHIPS, roles())


def test_no_class_of_any_role_reaches_a_row_of_no_tenant_but_the_regions() -> None:
    """A row that names no authority, school or person is for those who may have every row."""
    for role in roles().roles.values():
        who = Principal("s", "c", "p-1", (Grant(role.name, "673", "6732118", "csc"),))
        for operation in role.operations:
            decision = decide(who, operation, NO_MEMBERSHIPS, roles())
            regional = {
                c for r in role.rights if operation in r.operations and r.rows == "region" for c in r.classes
            }
            assert decision.classes_for() == regional


# --- flows, section 1, row by row ---------------------------------------------------------------------------------


def who(role: str, **of: str) -> Principal:
    person = of.pop("person_id", None)
    return Principal("s", "c", person, (Grant(role, **of),))


CSC = Memberships(
    schools={"adviser": frozenset({"6732118"}), "head": frozenset({"6814010"})},
    authorities={"csc": frozenset(AUTHORITIES)},
)


def contacts(principal: Principal, authority: str, school: str) -> bool:
    decision = decide(principal, "contacts.read", CSC, roles())
    return decision.rows(DataClass.personal).covers(authority, school)


@pytest.mark.parametrize("role", list(roles().roles))
def test_every_role_reads_every_schools_identity(role: str) -> None:
    """Flows 1, row 1."""
    decision = decide(who(role), "schools.read", NO_MEMBERSHIPS, roles())
    assert decision.rows(DataClass.public).everything


def test_contacts_are_for_the_own_authority_the_consortium_and_the_own_school() -> None:
    """Flows 1, row 2."""
    assert contacts(who("authority_system", authority="673"), "673", "6732118")
    assert not contacts(who("authority_system", authority="676"), "673", "6732118")
    assert contacts(who("consortium_officer", body="csc"), "673", "6732118")
    assert not contacts(who("consortium_officer", body="gwe"), "673", "6732118")
    assert contacts(who("head", school="6732118"), "673", "6732118")
    assert not contacts(who("head", school="6732118"), "673", "6732119")
    assert contacts(who("head"), "681", "6814010"), "where the token names no school, the dated role does"
    assert contacts(who("adviser", person_id="p-1"), "673", "6732118")
    assert not contacts(who("adviser", person_id="p-1"), "681", "6814010")


@pytest.mark.parametrize(
    "role", ["welsh_government", "broker", "provider", "clerk", "body_member", "auditor"]
)
def test_contacts_are_for_nobody_else(role: str) -> None:
    """Flows 1, row 2: Welsh Government is refused the register's people."""
    everything = who(role, authority="673", school="6732118", body="csc", person_id="p-1")
    assert not decide(everything, "contacts.read", CSC, roles()).allowed
    people = decide(everything, "people.read", CSC, roles())
    assert not people.rows(DataClass.personal).covers("673", "6732118", "p-2")
    assert people.allowed == (role != "welsh_government")


def test_a_moved_authority_takes_its_rows_along() -> None:
    """Design, section 6: dated membership, so a reorganisation moves rights with it."""
    officer = who("consortium_officer", body="csc")
    after = replace(CSC, authorities={"csc": frozenset({"672", "681"})})
    assert decide(officer, "contacts.read", CSC, roles()).rows(DataClass.personal).covers("673")
    assert not decide(officer, "contacts.read", after, roles()).rows(DataClass.personal).covers("673")


def test_what_may_not_be_known_is_not_found_and_what_is_known_is_refused() -> None:
    """Design, section 5: 404, never 403, for what the caller may not know of."""
    neighbour = who("authority_system", authority="676")
    schools = decide(neighbour, "schools.read", NO_MEMBERSHIPS, roles())
    contact = decide(neighbour, "contacts.read", NO_MEMBERSHIPS, roles())
    assert refusal(schools, DataClass.public, "673") == "operation_not_permitted"
    assert refusal(contact, DataClass.personal, "673") == "not_found"


def test_the_refusal_names_the_scope_only_where_the_scope_is_what_lacks() -> None:
    narrowed = replace(who("auditor"), scopes=frozenset({"schools.read"}))
    with pytest.raises(ProblemError) as by_scope:
        require(decide(narrowed, "audit.read", NO_MEMBERSHIPS, roles()))
    assert 'scope="audit.read"' in by_scope.value.headers["WWW-Authenticate"]
    with pytest.raises(ProblemError) as by_role:
        require(decide(who("clerk"), "audit.read", NO_MEMBERSHIPS, roles()))
    assert by_role.value.code == "operation_not_permitted"
    assert by_role.value.headers == {}
    require(decide(who("auditor"), "audit.read", NO_MEMBERSHIPS, roles()))


def test_a_role_of_another_file_decides_alike() -> None:
    """Roles are data: the function knows none of them by name."""
    assert Roles.of([]).rights("operator", "schools.read") == ()
    lone = Role("lone", next(iter(roles().roles.values())).title, "machine", ())
    assert not decide(who("lone"), "schools.read", CSC, Roles.of([lone])).allowed
