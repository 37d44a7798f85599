"""The feed of a body's and a consortium's own records: to each what its read would show, no more and no less (E-15).

What a body has not published is its own; what is exempt is for those alone who stay for it; a consortium's return is
its own until it is submitted.
"""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from returning import frame, made, told

from contracts.data_class import DataClass
from contracts.events.exchange import ReturnFrozen, ReturnOpened, ReturnSubmitted
from contracts.events.governance import (
    AgendaItemAdded,
    AgendaItemPublished,
    MeetingScheduled,
    MemberAppointed,
    MemberEnded,
)
from contracts.events.governance_decisions import ResolutionMoved, ResolutionPublished, VoteRecorded
from contracts.events.governance_documents import GovernanceDocumentAdded
from contracts.ownership import body_of
from service_kit.policy.memberships import Memberships, in_bodies

JOINT, CABINET = "csc_joint_committee", "vale_cabinet"
NAMES = ("member", "observer", "clerk", "past")
PEOPLE = {name: f"0199c0de-0000-7000-8000-0000000000{n}" for n, name in enumerate(NAMES, 31)}


def seat(name: str, **values: Any) -> tuple[Any, str]:
    """A seat of the joint committee."""
    facts = {"person_id": PEOPLE[name], "member_id": f"seat-{name}", "seat": "leader", "sees_exempt": True}
    return made(values.pop("event", MemberAppointed), **{**facts, **values}), f"seat-{name}"


def seats() -> list[tuple[Any, str]]:
    """A member who stays for exempt items, one who leaves, the clerk, and a member whose seat ended."""
    return [
        seat("member"),
        seat("observer", seat="managing_director", sees_exempt=False),
        seat("clerk", seat="clerk"),
        seat("past"),
        seat("past", event=MemberEnded, valid_to="2020-05-18"),
    ]


OWN = {
    "meeting": made(MeetingScheduled, body_id=JOINT),
    "item": made(AgendaItemAdded, body_id=JOINT),
    "resolution": made(ResolutionMoved, body_id=JOINT),
    "vote": made(VoteRecorded, body_id=JOINT),
}
EXEMPT = {
    "exempt item": made(AgendaItemAdded, body_id=JOINT, exempt_paragraph=14),
    "exempt resolution": made(ResolutionMoved, body_id=JOINT, exempt=True),
}
OTHERS = {
    "item of another": made(AgendaItemAdded, body_id=CABINET, authority="673"),
    "resolution of another": made(ResolutionMoved, body_id=CABINET, authority="673"),
}
PUBLIC = {
    "published item": made(AgendaItemPublished, body_id=CABINET, authority="673"),
    "published resolution": made(ResolutionPublished, body_id=JOINT),
}
RETURNS = {
    "draft": made(ReturnOpened, organisation="csc"),
    "frozen": made(ReturnFrozen, organisation="csc"),
    "submitted": made(ReturnSubmitted, organisation="csc"),
    "own return": made(ReturnOpened, organisation="673", kind="authority", authority="673"),
}
EVERYTHING = OWN | EXEMPT | OTHERS | PUBLIC | RETURNS


@pytest.fixture
async def sitting(exchange: Any) -> Any:
    """An exchange that heard of seats, and then of everything that a body and a consortium do."""
    await told(exchange, [*frame(), *seats(), *((event, key) for key, event in EVERYTHING.items())])
    return exchange


async def shown(exchange: Any, role: str, **of: Any) -> set[str]:
    """The keys of what a caller is shown, of what this test tells."""
    last = (await exchange.changes("operator", wait=0))["safe_until"]
    items = await exchange.everything(role, last, **of)
    return {item["key"] for item in items} & set(EVERYTHING)


@pytest.mark.parametrize(
    ("role", "of", "expected"),
    [
        ("clerk", {"person_id": PEOPLE["clerk"]}, OWN | EXEMPT | PUBLIC),
        ("clerk", {"body": JOINT}, OWN | EXEMPT | PUBLIC),
        ("clerk", {"body": CABINET}, OTHERS | PUBLIC),
        ("body_member", {"person_id": PEOPLE["member"]}, OWN | EXEMPT | PUBLIC),
        ("body_member", {"person_id": PEOPLE["observer"]}, OWN | PUBLIC),
        ("body_member", {"person_id": PEOPLE["past"]}, PUBLIC),
        ("body_member", {"person_id": PEOPLE["clerk"]}, PUBLIC),
        ("authority_system", {"authority": "681"}, PUBLIC),
        ("welsh_government", {}, {**PUBLIC, "submitted": None}),
    ],
)
async def test_a_body_sees_its_own_and_nobody_else(
    sitting: Any, role: str, of: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Flows 1: a body's records are its own until they are published, exempt ones for ever."""
    assert await shown(sitting, role, **of) == set(expected)


@pytest.mark.parametrize(
    ("role", "of", "expected"),
    [
        ("consortium_officer", {"body": "csc"}, {"draft", "frozen", "submitted"}),
        ("consortium_system", {"body": "csc"}, {"draft", "frozen", "submitted"}),
        ("consortium_officer", {"body": "another"}, set()),
        ("authority_system", {"authority": "673"}, {"own return"}),
        ("lead_officer", {"authority": "681"}, set()),
    ],
)
async def test_a_consortium_sees_its_own_returns(
    sitting: Any, role: str, of: dict[str, Any], expected: set[str]
) -> None:
    """Flows 1: a return is the signatories' side's alone until it is submitted."""
    assert await shown(sitting, role, **of) & set(RETURNS) == expected


def test_events_on_exempt_items_are_confidential() -> None:
    """Flows 1: an event's class follows the row's, also where its type is told of open items as well."""
    assert {event.classed() for event in EXEMPT.values()} == {DataClass.confidential}
    assert {event.classed() for event in OWN.values()} == {DataClass.internal}
    assert {event.classed() for event in PUBLIC.values()} == {DataClass.public}


def test_whose_body_an_event_is_about() -> None:
    """Every event of governance that has a body names it; a return names the consortium, an authority's own none."""
    assert {body_of("governance.resolution", event.model_dump()) for event in OWN.values()} == {JOINT}
    assert body_of("exchange.return", RETURNS["draft"].model_dump()) == "csc"
    assert body_of("exchange.return", RETURNS["own return"].model_dump()) is None
    assert body_of("governance.document", GovernanceDocumentAdded.EXAMPLE) == JOINT


def test_a_person_stays_for_exempt_items_where_any_seat_stays() -> None:
    """Flows 1: two seats in one body, of which one leaves, leave nothing closed."""
    known = in_bodies(Memberships(), [("a", False, False), ("a", False, True), ("b", True, False)])
    assert (known.leaving, known.bodies["clerk"], known.bodies["body_member"]) == ({"b"}, {"b"}, {"a"})
