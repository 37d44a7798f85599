"""The joint committee, a schools forum's eight and four, and a scrutiny recommendation on its way to cabinet."""

from typing import Any

from gwella.story.clients import Clients
from gwella.story.half_term import VALE, bars, on, only, refusal, walk
from gwella.story.meetings import (
    Body,
    Seat,
    Sitting,
    arrive,
    called,
    clerk_of,
    closed,
    established,
    item_of,
    moved,
    opened,
    scheduled,
)
from gwella.story.people import People
from gwella.story.sources import REGION
from gwella.story.telling import Telling
from gwella.story.visiting import the_findings
from testkit.client import Answer

MANAGING_DIRECTOR, CHIEF_EXECUTIVE = "Sandbox Managing Director", "Sandbox Lead Chief Executive"
COMMITTEE = Body(
    "csc_joint_committee", "national_model_joint_committee_2014", "the joint committee", "y cydbwyllgor", REGION,
    (
        *(
            Seat("leader", f"Sandbox Leader {code}", code, "chair" if code == "674" else None)
            for code in REGION
        ),
        Seat("managing_director", MANAGING_DIRECTOR), Seat("lead_chief_executive", CHIEF_EXECUTIVE),
    ),
    "csc",
)  # fmt: skip
SCRUTINY = Body(
    "vale_scrutiny", "scrutiny_committee_2012", "the Vale's scrutiny committee", "pwyllgor craffu'r Fro", (VALE,),
    tuple(
        Seat("elected_member", f"Sandbox Scrutiny Member {n}", None, "chair" if n == 1 else None)
        for n in range(1, 6)
    ),
)  # fmt: skip
CABINET = Body(
    "vale_cabinet", "cabinet_2012", "the Vale's cabinet", "cabinet y Fro", (VALE,),
    (
        Seat("leader", "Sandbox Cabinet Leader", None, "chair"),
        *(Seat("cabinet_member", f"Sandbox Cabinet Member {n}") for n in range(1, 4)),
    ),
)  # fmt: skip
FORUM = Body(
    "vale_schools_forum", "schools_forum_wales_2003", "the Vale's schools forum", "fforwm ysgolion y Fro", (VALE,),
    (
        *(Seat("primary_school", f"Sandbox Forum Primary {n}", None, "chair" if n == 1 else None) for n in range(1, 8)),
        *(Seat("secondary_school", f"Sandbox Forum Secondary {n}") for n in range(1, 6)),
        *(Seat("non_schools", f"Sandbox Forum Other {n}") for n in range(1, 4)),
    ),
)  # fmt: skip
SCRUTINISES = Sitting(SCRUTINY, "2020-02-10T18:00:00Z", "report", "Support for schools", "Cymorth i ysgolion")
DELEGATES = Sitting(FORUM, "2020-02-12T09:30:00Z", "delegation", "Delegation of grants", "Dirprwyo grantiau")
COMMITS = Sitting(
    COMMITTEE, "2020-02-13T10:00:00Z", "support", "Support and its impact", "Cymorth a'i effaith"
)
CONSIDERS = Sitting(CABINET, "2020-02-24T14:00:00Z", "reference", "From scrutiny", "Oddi wrth graffu")
REASON = "So that cabinet knows which support worked. Er mwyn i'r cabinet wybod pa gymorth a weithiodd."
ENDORSED = {
    "text_en": "T H A T the support commissioned be endorsed.",
    "text_cy": "F O D y cymorth a gomisiynwyd yn cael ei gymeradwyo.",
}


def call_meetings(telling: Telling, clients: Clients) -> None:
    """Bodies with their members; agendas agreed by whom the constitution names; three clear days of notice."""
    people = People(clients)
    for body in (COMMITTEE, SCRUTINY, CABINET, FORUM):
        established(people, body)
    composition = clients.machine("welsh-government").get(f"/v1/bodies/{COMMITTEE.id}/composition")
    telling.check(
        "the joint committee as its constitution says: votes, quorum, faults",
        [composition["votes"], composition["quorum"], composition["faults"]], [5, 2, []],
    )  # fmt: skip
    on(telling, clients, "2020-02-04")
    officers = [
        people.signed_in("managing-director", MANAGING_DIRECTOR),
        people.signed_in("body-member", CHIEF_EXECUTIVE),
    ]
    clerk, path = clerk_of(people, COMMITTEE), scheduled(people, COMMITS)
    if clerk.get(path)["state"] == "scheduled":
        telling.check(
            "notice before managing director and lead chief executive agreed",
            bars(clerk, f"{path}/give-notice"), (409, "transition_not_allowed", "not_from_this_state"),
        )  # fmt: skip
    states = [
        called(people, COMMITS, officers)["notice_given_on"] is not None,
        called(people, SCRUTINISES)["notice_given_on"] is not None,
        called(people, DELEGATES)["notice_given_on"] is not None,
    ]
    telling.check("notice given of three meetings, with three clear days", states, [True] * 3)


def scrutinise(telling: Telling, clients: Clients) -> None:
    """Scrutiny recommends, and refers its recommendation to cabinet with reason and appendix."""
    on(telling, clients, "2020-02-10T18:00")
    people = People(clients)
    present = [seat.name for seat in SCRUTINY.seats][:4]
    meeting = opened(people, SCRUTINISES, called(people, SCRUTINISES), present)
    about = {"kind": "finding", "id": the_findings(clients)["teaching"]}
    wanted: dict[str, Any] = {"kind": "recommended", "reason": REASON, **ENDORSED, "about": about}
    recommended = moved(people, SCRUTINY, meeting, wanted)
    clerk, path = clerk_of(people, SCRUTINY), f"/v1/resolutions/{recommended['id']}"
    recommended = walk(clerk, path, {"put": lambda _: clerk.post(f"{path}/assent")})
    telling.check("the recommendation", [recommended["state"], recommended["number"]], ["carried", 1])
    reference = only(clerk, "/v1/references", from_body=SCRUTINY.id)
    if reference is None:
        wanted = {
            "resolution_id": recommended["id"], "to_body": CABINET.id, "due_on": CONSIDERS.starts_at[:10],
            "reason": REASON,
            "appendices": [{"title_en": "Impact of support", "title_cy": "Effaith cymorth", "language": "cy"}],
        }  # fmt: skip
        reference = clerk.post("/v1/references", wanted).body
    telling.check("referred to cabinet, with so many appendices", len(reference["appendices"]), 1)
    closed(people, SCRUTINISES, meeting)


def vote_in_the_forum(telling: Telling, clients: Clients) -> None:
    """Eight for, four abstained: abstentions do not count in the majority; more votes than members are refused."""
    on(telling, clients, "2020-02-12T09:30")
    people, clerk = People(clients), clerk_of(People(clients), FORUM)
    present = [seat.name for seat in FORUM.seats][:12]
    meeting = opened(people, DELEGATES, called(people, DELEGATES), present)
    put = moved(people, FORUM, meeting, {
        "kind": "agreed", "text_en": "T H A T four fifths of the grant be delegated to schools.",
        "text_cy": "F O D pedair rhan o bump o'r grant yn cael eu dirprwyo i ysgolion.",
    })  # fmt: skip
    path = f"/v1/resolutions/{put['id']}/vote"
    if put["state"] == "put":
        problem = refusal(clerk, path, {"votes_for": 9, "votes_against": 0, "abstained": 4})
        telling.check(
            "thirteen votes of twelve members present",
            [problem.get("status"), problem.get("code")], [409, "vote_refused"],
        )  # fmt: skip
        clerk.post(path, {"votes_for": 8, "votes_against": 0, "abstained": 4})
    decided = clerk.get(f"/v1/resolutions/{put['id']}")
    telling.check(
        "eight for, none against, four abstained",
        [decided["votes_for"], decided["votes_against"], decided["abstained"], decided["state"]],
        [8, 0, 4, "carried"],
    )
    closed(people, DELEGATES, meeting)


def decide(telling: Telling, clients: Clients) -> None:
    """The joint committee: without its quorum it decides nothing; with it, it resolves on what the finding led to."""
    on(telling, clients, "2020-02-13T10:00")
    people, clerk = People(clients), clerk_of(People(clients), COMMITTEE)
    leaders = [seat.name for seat in COMMITTEE.seats if seat.code == "leader"]
    chair = [COMMITTEE.chair]
    meeting = opened(people, COMMITS, called(people, COMMITS), chair)
    wanted: dict[str, Any] = {
        "kind": "resolved", **ENDORSED,
        "about": {"kind": "finding", "id": the_findings(clients)["teaching"]},
    }  # fmt: skip
    found = only(clerk, "/v1/resolutions", meeting_id=meeting["id"])
    if found is None:
        found = clerk.post(
            "/v1/resolutions",
            {"meeting_id": meeting["id"], "agenda_item_id": item_of(people, COMMITTEE, meeting), **wanted},
        ).body
        telling.check(
            "put to the vote by one of five: no quorum",
            bars(clerk, f"/v1/resolutions/{found['id']}/put"), (409, "transition_not_allowed", "inquorate"),
        )  # fmt: skip
    arrive(people, COMMITS, meeting, leaders)
    quorum = clerk.get(f"/v1/meetings/{meeting['id']}/quorum")
    telling.check("with all five leaders there is a quorum", quorum["quorate"], True)
    put, path = moved(people, COMMITTEE, meeting, wanted), f"/v1/resolutions/{found['id']}"

    def vote(_: Answer) -> None:
        clerk.post(f"{path}/vote", {"votes_for": 4, "votes_against": 0, "abstained": 1})

    carried = walk(clerk, path, {"put": vote})
    telling.check(
        "the joint committee's vote: for, against, abstained, outcome",
        [carried["votes_for"], carried["votes_against"], carried["abstained"], carried["state"]],
        [4, 0, 1, "carried"],
    )
    telling.say(f"resolution {put['municipal_year']} no. {carried['number']}: {carried['text_en']}")
    closed(people, COMMITS, meeting)


def bring_to_cabinet(telling: Telling, clients: Clients) -> None:
    """Cabinet receives the reference, quotes its minute on the agenda, accepts it, and reports the outcome back."""
    people = People(clients)
    clerk, scrutiny = clerk_of(people, CABINET), clerk_of(people, SCRUTINY)
    reference = only(clerk, "/v1/references", from_body=SCRUTINY.id) or {}
    path, meeting = f"/v1/references/{reference['id']}", scheduled(people, CONSIDERS)
    held = {"meeting_id": meeting.rpartition("/")[2]}
    walk(clerk, path, {
        "made": lambda _: clerk.post(f"{path}/receive"), "received": lambda _: clerk.post(f"{path}/list", held),
    })  # fmt: skip
    listed = only(clerk, "/v1/agenda-items", meeting_id=held["meeting_id"]) or {}
    telling.check(
        "cabinet's agenda quotes the minute and the reason", REASON in (listed["quoted_minute"] or ""), True
    )
    noticed = called(people, CONSIDERS)
    on(telling, clients, "2020-02-24T14:00")
    met = opened(people, CONSIDERS, noticed, [seat.name for seat in CABINET.seats])
    about = {"kind": "finding", "id": the_findings(clients)["teaching"]}
    resolved = moved(people, CABINET, met, {"kind": "resolved", **ENDORSED, "about": about})
    decision = f"/v1/resolutions/{resolved['id']}"
    walk(clerk, decision, {"put": lambda _: clerk.post(f"{decision}/assent")})

    def record(_: Answer) -> None:
        if clerk.get(path)["state"] == "considered":
            telling.check(
                "closed without an outcome",
                bars(scrutiny, f"{path}/close")[:2], (409, "transition_not_allowed"),
            )  # fmt: skip
        clerk.post(f"{path}/record-outcome", {"outcome": "accepted", "resolution_id": resolved["id"]})

    walk(clerk, path, {
        "listed": lambda _: clerk.post(f"{path}/consider"), "considered": record,
        "accepted": lambda _: clerk.post(f"{path}/report"),
    })  # fmt: skip
    done = walk(scrutiny, path, {"outcome_reported": lambda _: scrutiny.post(f"{path}/close")})
    made = only(clerk, "/v1/decisions", body_id=CABINET.id)
    if made is None:
        wanted = {"resolution_id": resolved["id"], "scrutiny_body": SCRUTINY.id, **ENDORSED}
        made = clerk.post("/v1/decisions", wanted).body
        telling.check(
            "cabinet's decision implemented while it may be called in",
            bars(clerk, f"/v1/decisions/{made['id']}/implement")[:2], (409, "transition_not_allowed"),
        )  # fmt: skip
    telling.say(f"published in both languages; it may be called in until {made['call_in_ends']}")
    telling.check("the reference: state, outcome", [done["state"], done["outcome"]], ["closed", "accepted"])
    closed(people, CONSIDERS, met)
