"""The roles file: complete, reviewed, and refused when it says something unknown."""

from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path

import pytest

from contracts.operations import OPERATIONS
from service_kit.clock import FixedClock
from service_kit.me import describe
from service_kit.policy.decide import decide
from service_kit.policy.memberships import NO_MEMBERSHIPS
from service_kit.policy.rights_page import rights_page
from service_kit.policy.roles import RolesFileError, load, roles
from testkit.tokens import TokenFactory

ROOT = Path(__file__).parents[4]
CLOCK = FixedClock(datetime(2020, 1, 20, 8, tzinfo=UTC))

# Flows, section 1.
THE_EIGHTEEN = {
    *(
        "authority_system",
        "consortium_system",
        "welsh_government",
        "adviser",
        "senior_adviser",
        "lead_officer",
    ),
    *("director", "managing_director", "consortium_officer", "data_officer", "broker", "provider", "head"),
    *("chair_of_governors", "clerk", "body_member", "auditor", "operator"),
}

GOOD = """
[everyone]
grants = []
[roles.reader]
title = { en = "Reader", cy = "Darllenydd" }
kind = "person"
grants = [{ operations = ["schools.read"], rows = "authority", classes = ["public"] }]
"""


def test_the_eighteen_roles_exist() -> None:
    assert set(roles().roles) == THE_EIGHTEEN


def test_every_operation_is_somebodys() -> None:
    """An operation that no role lists could never be used: its routes would be dead."""
    listed = {operation for role in roles().roles.values() for operation in role.operations}
    assert set(OPERATIONS) - listed == set()


def test_only_the_auditor_reads_the_audit_and_only_the_operator_repairs() -> None:
    for operation, only in (
        ("audit.read", {"auditor"}),
        ("events.repair", {"operator"}),
        ("lists.write", {"operator", "data_officer"}),
    ):
        assert {role.name for role in roles().roles.values() if operation in role.operations} == only


def test_machines_and_people_are_told_apart() -> None:
    machines = {role.name for role in roles().roles.values() if role.kind == "machine"}
    assert machines == {"authority_system", "consortium_system", "welsh_government", "operator"}


def test_a_good_file_is_loaded() -> None:
    reader = load(GOOD).roles["reader"]
    assert (reader.title.cy, reader.operations) == ("Darllenydd", {"schools.read"})


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ("schools.read", "schools.reed", "unknown operations"),
        ('"public"', '"secret"', "unknown data classes"),
        ('"authority"', '"everywhere"', "unknown rows"),
        ('rows = "authority", ', "", "unknown rows"),
        ('["schools.read"]', "[]", "must not be empty"),
        ('["public"]', "[]", "must not be empty"),
        ('kind = "person"', 'kind = "robot"', "kind must be"),
        ('kind = "person"\n', "", "kind must be"),
        (', cy = "Darllenydd"', "", "both languages"),
        ('cy = "Darllenydd"', 'cy = " "', "both languages"),
        ("grants = [{", "grant = [{", "unknown keys"),
        ("rows =", 'when = "always", rows =', "unknown keys"),
        ("[everyone]", "[everybody]", "unknown keys"),
        ("[roles.reader]", "[role.reader]", "unknown keys"),
    ],
)
def test_what_the_file_may_not_say(was: str, becomes: str, message: str) -> None:
    """A slip in the file must stop the program, not grant or deny something else."""
    assert was in GOOD
    with pytest.raises(RolesFileError, match=message):
        load(GOOD.replace(was, becomes))


def test_the_page_of_rights_is_current() -> None:
    """A change of rights is seen in review: `python -m service_kit.policy.rights_page > docs/reference/rights.md`."""
    page = ROOT / "docs" / "reference" / "rights.md"
    assert page.read_text("utf-8") == rights_page(roles())


def test_the_matrix_says_of_every_role_and_operation_what_is_decided() -> None:
    """Design §6: the printed matrix role by operation is complete, and an empty cell is a refusal."""
    page = (ROOT / "docs" / "reference" / "rights.md").read_text("utf-8")
    head, _, *lines = [
        line.strip("|").split("|") for line in page.split("## Matrix\n")[1].split("\n") if line
    ]
    names = [cell.strip(" `") for cell in head[1:]]
    assert set(names) == THE_EIGHTEEN
    assert {line[0].strip(" `") for line in lines} == set(OPERATIONS)
    letters = {"P": "public", "I": "internal", "R": "personal", "C": "confidential"}
    for operation, *cells in lines:
        for name, cell in zip(names, cells, strict=True):
            decided = decide(TokenFactory().principal(name), operation.strip(" `"), NO_MEMBERSHIPS, roles())
            classes = {letters[one] for part in cell.split(";") if part.strip() for one in part.split()[1]}
            assert (bool(classes), classes) == (decided.allowed, set(decided.by_class)), (name, operation)


def test_the_file_in_the_package_is_what_is_loaded() -> None:
    text = resources.files("service_kit.policy").joinpath("roles.toml").read_text("utf-8")
    assert load(text).roles == roles().roles


@pytest.mark.parametrize("role", sorted(THE_EIGHTEEN))
def test_me_lists_exactly_what_the_role_may_do(role: str) -> None:
    """`GET /v1/me` says who the caller is and what it may do."""
    me = describe(TokenFactory().principal(role, authority="673"), roles(), CLOCK, sandbox=False)
    assert {one.operation for one in me.operations} == roles().roles[role].operations
    assert [(held.role, held.authority) for held in me.roles] == [(role, "673")]
    assert all(one.covers and one.title.cy for one in me.operations)


def test_me_is_narrowed_by_the_tokens_scopes() -> None:
    me = describe(
        TokenFactory().principal("operator", scope="schools.read audit.read openid"),
        roles(),
        CLOCK,
        sandbox=True,
    )
    assert [one.operation for one in me.operations] == ["schools.read"]
    assert (me.clock.today, me.clock.sandbox) == (date(2020, 1, 20), True)
