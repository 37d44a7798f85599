"""A half-term through the gateway alone: the story's suite, and what goes wrong in it, refused in both languages.

The story is told once as `gwella demo` tells it; then each test tries one thing that must not be. Every refusal is
asked for in English and in Welsh, and what it would have changed is read before and after.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from rich.console import Console

from gwella.bench.suites import suite
from gwella.story import deciding, returning
from gwella.story.chapters import BEGINS, tell
from gwella.story.clients import Clients
from gwella.story.half_term import SCHOOL, SUPPORTER, VALE, YEAR, on, only
from gwella.story.meetings import Sitting, called, clerk_of, moved, opened
from gwella.story.people import People
from gwella.story.telling import Telling
from gwella.story.visiting import lead_adviser, the_findings, the_visit
from testkit.client import ApiClient, ApiProblem

MORE_VOTES = Sitting(deciding.FORUM, "2020-03-02T09:30:00Z", "report", "Another item", "Eitem arall")
TOO_FEW = Sitting(deciding.SCRUTINY, "2020-03-02T18:00:00Z", "report", "Another item", "Eitem arall")
WORDS = {"text_en": "T H A T it be noted.", "text_cy": "F O D hyn yn cael ei nodi."}
Speaking = Callable[[str], ApiClient]
"""A client in a language."""


@dataclass(frozen=True)
class Told:
    """The suite after the story."""

    telling: Telling
    clients: Clients

    @property
    def people(self) -> People:
        return People(self.clients)


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    """A suite of its own on which the whole story was told."""
    telling = Telling(Console(quiet=True))
    with suite("--clock", BEGINS) as running:
        tell(telling, running.state)
        clients = Clients(running.state)
        yield Told(telling, clients)
        clients.close()


def refused(
    speaking: Speaking, path: str, body: Any, reading: ApiClient, *unchanged: str
) -> Mapping[str, Any]:
    """The problem in English, after it was compared with the Welsh one; what is named in `unchanged` stays as it is."""
    before = [reading.get(one).body for one in unchanged]
    problems = {}
    for language in ("en", "cy"):
        with pytest.raises(ApiProblem) as caught:
            speaking(language).post(path, body)
        problems[language] = {**caught.value.document, "status": caught.value.status}
    english, welsh = problems["en"], problems["cy"]
    assert (english["language"], welsh["language"]) == ("en", "cy")
    assert english["code"] == welsh["code"]
    for text in ("title", "detail"):
        assert english[text] != welsh[text]
        assert welsh[text]
    assert [reading.get(one).body for one in unchanged] == before
    return english


def test_every_figure_and_refusal_of_the_story_holds(told: Told) -> None:
    """Flows 3 and 4: from the categories to the traced return; each claim is compared where it is told."""
    assert told.telling.failed == []


def test_a_visit_moved_to_an_impossible_state(told: Told) -> None:
    """Flows 2: a final visit is not held again; the problem lists the possible steps."""
    person = lead_adviser(told.clients)
    path = f"/v1/visits/{the_visit(told.clients)['id']}"
    problem = refused(
        lambda language: told.clients.person("adviser", person, language),
        f"{path}/hold", {"held_on": "2020-01-21"}, told.clients.person("adviser", person), path, f"{path}/versions",
    )  # fmt: skip
    assert (problem["status"], problem["code"]) == (409, "transition_not_allowed")
    assert (problem["reason"], problem["possible"]) == ("not_from_this_state", ["amend"])


def test_days_beyond_the_ceiling_without_an_override(told: Told) -> None:
    """S2-55, D-16: six days were committed of ten; six more need the lead officer's override."""
    request = only(
        told.clients.machine(f"authority-{VALE}"), "/v1/support-requests",
        finding_id=the_findings(told.clients)["leadership"],
    )  # fmt: skip
    assert request is not None
    assert request["state"] == "agreed"
    body = {"request_id": request["id"], "funding_stream": "core", "success_measure": "Leaders observe."}
    problem = refused(
        lambda language: told.clients.person("consortium-officer", language=language),
        "/v1/commissions", body, told.clients.person("consortium-officer"),
        f"/v1/support-requests/{request['id']}", f"/v1/commissions?school_number={SCHOOL}",
        f"/v1/support-days?school_year={YEAR}&authority={VALE}",
    )  # fmt: skip
    assert (problem["status"], problem["code"]) == (409, "ceiling_exceeded")


def test_a_match_with_a_conflicted_provider(told: Told) -> None:
    """S4-16: the school itself, and whoever wrote the finding, are never matched; the reasons are told."""
    vale, broker = told.clients.machine(f"authority-{VALE}"), told.clients.person("broker")
    wanted = {
        "finding_id": the_findings(told.clients)["teaching"], "specialism": "teaching", "days": 1, "need": "More.",
    }  # fmt: skip
    path = f"/v1/support-requests/{vale.post('/v1/support-requests', wanted)['id']}"
    broker.post(f"{path}/triage")
    matches = broker.get(f"{path}/matches")["items"]
    blocked = {one["menu_item_id"]: {reason["code"] for reason in one["blocked"]} for one in matches}
    for code in ("own_school", "wrote_finding"):
        item = next(id_ for id_, codes in blocked.items() if code in codes)
        problem = refused(
            lambda language: told.clients.person("broker", language=language),
            f"{path}/match", {"menu_item_id": item}, broker, path, f"/v1/offers?provider_id={SUPPORTER}",
        )  # fmt: skip
        assert (problem["status"], problem["code"]) == (409, "match_blocked")
    broker.post(f"{path}/decline", {"reason": "Only tried."})


def test_signed_twice_by_one_person(told: Told) -> None:
    """S1-34: people are compared as the register knows them, whichever role they sign in with; no machine signs."""
    clients, people, officer = told.clients, told.people, returning.data_officer(told.clients)
    officer.post("/v1/returns", {"return_id": returning.RETURN, "test": True})
    path = f"/v1/returns/{returning.RETURN}.test/versions/1"
    digest = {"digest": returning.freeze(officer, path)["digest"]}
    director = people.id_of(deciding.MANAGING_DIRECTOR)
    clients.person("managing-director", director).post(f"{path}/sign", digest)
    problem = refused(
        lambda language: clients.person("lead-director", director, language),
        f"{path}/sign", digest, officer, path, f"{path}/document",
    )  # fmt: skip
    assert (problem["status"], problem["reason"]) == (409, "signed_already")


@pytest.mark.parametrize(
    ("step", "body"),
    [
        ("fill", None),
        ("remarks", {"rule": "RET-07", "kind": "comment", "text": "Later."}),
        ("validate", None),
    ],
)
def test_a_late_change_to_a_frozen_return(told: Told, step: str, body: Any) -> None:
    """S1-34, E-04: what was frozen does not change; a correction is a later version."""
    officer = returning.data_officer(told.clients)
    person = told.people.id_of(returning.DATA_OFFICER)
    problem = refused(
        lambda language: told.clients.person("data-officer", person, language),
        f"{returning.VERSION}/{step}", body, officer, returning.VERSION, f"{returning.VERSION}/document",
    )  # fmt: skip
    assert (problem["status"], problem["reason"]) == (409, "not_from_this_state")


def test_more_votes_than_members_and_a_resolution_without_a_quorum(told: Told) -> None:
    """D-19, D-20: thirteen votes of twelve in the room; two of fourteen seats decide nothing."""
    people, clients = told.people, told.clients
    meetings = [called(people, MORE_VOTES), called(people, TOO_FEW)]
    on(told.telling, clients, "2020-03-02T09:30")
    forum = opened(people, MORE_VOTES, meetings[0], [seat.name for seat in deciding.FORUM.seats][:12])
    put = moved(people, deciding.FORUM, forum, {"kind": "noted", **WORDS})
    clerk, path = clerk_of(people, deciding.FORUM), f"/v1/resolutions/{put['id']}"
    problem = refused(
        lambda language: clients.person("clerk", people.id_of(deciding.FORUM.clerk), language),
        f"{path}/vote", {"votes_for": 8, "votes_against": 1, "abstained": 4}, clerk, path,
        f"/v1/votes?meeting_id={forum['id']}",
    )  # fmt: skip
    assert (problem["status"], problem["code"]) == (409, "vote_refused")
    on(told.telling, clients, "2020-03-02T18:00")
    few = opened(people, TOO_FEW, meetings[1], [seat.name for seat in deciding.SCRUTINY.seats][:2])
    clerk = clerk_of(people, deciding.SCRUTINY)
    item = only(clerk, "/v1/agenda-items", meeting_id=few["id"])
    assert item is not None
    wanted = {"meeting_id": few["id"], "agenda_item_id": item["id"], "kind": "resolved", **WORDS}
    path = f"/v1/resolutions/{clerk.post('/v1/resolutions', wanted)['id']}"
    problem = refused(
        lambda language: clients.person("clerk", people.id_of(deciding.SCRUTINY.clerk), language),
        f"{path}/put", None, clerk, path, f"/v1/meetings/{few['id']}",
    )  # fmt: skip
    assert (problem["status"], problem["reason"]) == (409, "inquorate")


def test_told_again_it_goes_on_and_doubles_nothing(told: Told) -> None:
    """Each step is taken from the state that is found: the same records, each once, and every claim holds again."""
    consortium, public = told.clients.machine("consortium"), told.clients.machine("welsh-government")
    clerk = told.people.signed_in("clerk", deciding.FORUM.clerk)
    counted: list[tuple[ApiClient, str]] = [
        *((consortium, path) for path in ("/v1/people", "/v1/adviser-allocations", "/v1/visits", "/v1/findings",
                                          "/v1/actions", "/v1/support-requests", "/v1/offers", "/v1/commissions")),
        *((public, path) for path in ("/v1/schools", "/v1/bodies", "/v1/body-members", "/v1/meetings", "/v1/decisions",
                                      "/v1/references", "/v1/menu-items", "/v1/providers", "/v1/returns")),
        (clerk, "/v1/resolutions"),
    ]  # fmt: skip

    def totals() -> list[int]:
        return [int(client.get(path, limit=1, total=True)["total"]) for client, path in counted]

    before = totals()
    again = Telling(Console(quiet=True))
    tell(again, told.clients.state)
    assert again.failed == []
    # The story registers one person more each time: with it, a repeated command is shown.
    assert totals() == [before[0] + 1, *before[1:]]
