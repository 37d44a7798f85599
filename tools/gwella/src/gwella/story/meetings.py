"""Bodies, their members, and a meeting's way from its agenda to its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gwella.story.half_term import only, together, walk
from gwella.story.people import People
from testkit.client import Answer, ApiClient, ApiProblem

MUNICIPAL_YEAR = "2019/20"
BEGAN = "2019-05-01"


@dataclass(frozen=True)
class Seat:
    """One seat: its code, who sits in it, for which authority, in which office."""

    code: str
    name: str
    represents: str | None = None
    office: str | None = None


@dataclass(frozen=True)
class Body:
    """A body of the story and who sits in it; `clerk` and `chair` are names of the register."""

    id: str
    constitution: str
    name_en: str
    name_cy: str
    authorities: tuple[str, ...]
    seats: tuple[Seat, ...]
    consortium: str | None = None

    @property
    def chair(self) -> str:
        """Who presides."""
        return next(seat.name for seat in self.seats if seat.office == "chair")

    @property
    def clerk(self) -> str:
        """Who keeps its agenda and minutes."""
        return f"Sandbox Clerk of {self.name_en}"


@dataclass(frozen=True)
class Sitting:
    """One meeting of a body with a single item, which is enough for a story."""

    body: Body
    starts_at: str
    matter: str
    title_en: str
    title_cy: str


def established(people: People, body: Body) -> None:
    """Establishes a body and fills its seats, where that was not done before."""
    operator = people.clients.machine("operator")
    try:
        operator.get(f"/v1/bodies/{body.id}")
    except ApiProblem as absent:
        if absent.code != "not_found":
            raise
        wanted = {
            "id": body.id, "constitution": body.constitution, "name_en": body.name_en, "name_cy": body.name_cy,
            "authorities": list(body.authorities), "valid_from": BEGAN, "consortium": body.consortium,
        }  # fmt: skip
        operator.post("/v1/bodies", {name: value for name, value in wanted.items() if value is not None})
    seated = members_of(people, body)
    authority = body.authorities[0]
    for seat in (*body.seats, Seat("clerk", body.clerk)):
        person = people.id_of(seat.name, seat.represents or authority, seat.represents or authority)
        if person not in seated:
            wanted = {
                "body_id": body.id, "seat": seat.code, "person_id": person, "valid_from": BEGAN,
                "represents": seat.represents, "office": seat.office,
            }  # fmt: skip
            operator.post("/v1/body-members", {name: value for name, value in wanted.items() if value})


def members_of(people: People, body: Body) -> dict[str, str]:
    """The memberships of a body by person."""
    held = people.clients.machine("operator").pages("/v1/body-members", body_id=body.id, limit=100)
    return {one["person_id"]: one["id"] for one in held}


def clerk_of(people: People, body: Body) -> ApiClient:
    """The clerk of a body, signed in."""
    return people.signed_in("clerk", body.clerk)


def called(people: People, sitting: Sitting, agreeing: Sequence[ApiClient] = ()) -> Answer:
    """Schedules a meeting with its item, has the agenda agreed, and gives notice of it."""
    clerk, body = clerk_of(people, sitting.body), sitting.body
    path = scheduled(people, sitting)

    def agree(_: Answer) -> None:
        meeting = path.rpartition("/")[2]
        if not clerk.get("/v1/agenda-items", meeting_id=meeting)["items"]:
            clerk.post("/v1/agenda-items", {
                "meeting_id": meeting, "matter": sitting.matter, "title_en": sitting.title_en,
                "title_cy": sitting.title_cy,
            })  # fmt: skip
        for member in agreeing or (clerk,):
            member.post(f"{path}/agree-agenda")

    steps = {"scheduled": agree, "agenda_agreed": lambda _: clerk.post(f"{path}/give-notice")}
    met = walk(clerk, path, steps)
    if met["body_id"] != body.id:
        raise RuntimeError(f"{path} is a meeting of {met['body_id']}")
    return met


def scheduled(people: People, sitting: Sitting) -> str:
    """The path of a meeting, scheduled where it is not yet."""
    clerk = clerk_of(people, sitting.body)
    held = clerk.pages("/v1/meetings", body_id=sitting.body.id, municipal_year=MUNICIPAL_YEAR)
    starts = sitting.starts_at.removesuffix("Z")
    found = next((one for one in held if one["starts_at"].startswith(starts)), None)
    if found is None:
        wanted = {"body_id": sitting.body.id, "starts_at": sitting.starts_at, "place": "Tŷ Dysgu, Nantgarw"}
        found = clerk.post("/v1/meetings", wanted).body
    return f"/v1/meetings/{found['id']}"


def opened(people: People, sitting: Sitting, meeting: Answer, present: Sequence[str]) -> Answer:
    """Records who is there and has the chair open the meeting."""
    path = f"/v1/meetings/{meeting['id']}"
    chair = people.signed_in("body-member", sitting.body.chair)
    arrive(people, sitting, meeting, present)
    return walk(chair, path, {"notice_given": lambda _: chair.post(f"{path}/open")})


def arrive(people: People, sitting: Sitting, meeting: Answer, present: Sequence[str]) -> None:
    """Records members who are there, as far as they are not recorded."""
    clerk, seated = clerk_of(people, sitting.body), members_of(people, sitting.body)
    there = {one["member_id"] for one in clerk.pages("/v1/attendances", meeting_id=meeting["id"], limit=100)}
    arriving = [seated[people.id_of(name)] for name in present]

    def record(member: str) -> None:
        if member not in there:
            wanted = {"meeting_id": meeting["id"], "member_id": member, "arrived_at": sitting.starts_at}
            clerk.post("/v1/attendances", wanted)

    together(record, arriving)


def item_of(people: People, body: Body, meeting: Answer) -> str:
    """The id of the first item on a meeting's agenda."""
    found = only(clerk_of(people, body), "/v1/agenda-items", meeting_id=meeting["id"])
    if found is None:
        raise LookupError(f"nothing is on the agenda of {meeting['id']}")
    return str(found["id"])


def moved(people: People, body: Body, meeting: Answer, wanted: Mapping[str, Any]) -> Answer:
    """The resolution of a meeting, moved and put to the vote where that was not done before."""
    clerk = clerk_of(people, body)
    found = only(clerk, "/v1/resolutions", meeting_id=meeting["id"])
    if found is None:
        item = item_of(people, body, meeting)
        found = clerk.post(
            "/v1/resolutions", {"meeting_id": meeting["id"], "agenda_item_id": item, **wanted}
        ).body
    path = f"/v1/resolutions/{found['id']}"
    return walk(clerk, path, {"moved": lambda _: clerk.post(f"{path}/put")})


def closed(people: People, sitting: Sitting, meeting: Answer) -> Answer:
    """Has the chair close a meeting."""
    path = f"/v1/meetings/{meeting['id']}"
    chair = people.signed_in("body-member", sitting.body.chair)
    return walk(chair, path, {"opened": lambda _: chair.post(f"{path}/close")})
