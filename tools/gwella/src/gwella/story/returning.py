"""The half-termly return: filled from events, frozen, signed by two people, pulled and verified by Welsh Government."""

from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gwella.story.categorising import CEILING_DAYS, PUBLISHED
from gwella.story.clients import Clients
from gwella.story.deciding import MANAGING_DIRECTOR
from gwella.story.half_term import PERIOD, YEAR, bars, on, walk
from gwella.story.people import People
from gwella.story.telling import Telling
from gwella.story.using import refused
from gwella.story.visiting import REVIEW, the_visit
from registry.domain.address_list.decoding import decode
from testkit.client import Answer, ApiClient

RETURN = "2019-20.spring_1.csc"
VERSION = f"/v1/returns/{RETURN}/versions/1"
DATA_OFFICER, LEAD_DIRECTOR = "Sandbox Data Officer", "Sandbox Lead Director"
LAST_EVENTS = (
    "cymru.gwella.visits.visit.finalised.v1",
    "cymru.gwella.brokerage.commission.closed.v1",
    "cymru.gwella.governance.reference.closed.v1",
)
"""What the half-term ends with, by service: when the change feed has these, it has what came before them."""


def fill(telling: Telling, clients: Clients) -> None:
    """The period is over: the return opens, takes its figures from the change feed, and answers to its rules."""
    on(telling, clients, "2020-02-24T16:00")
    consortium = clients.machine("consortium")
    for kind in LAST_EVENTS:
        next(iter(consortium.follow_changes(0, type=kind)))
    officer = data_officer(clients)
    owed = officer.get("/v1/return-obligations", school_year=YEAR, period=PERIOD)["items"]
    telling.check("the return that is owed for spring 1", [one["return_id"] for one in owed], [RETURN])
    officer.post("/v1/returns", {"return_id": RETURN})

    frozen = freeze(officer, VERSION)
    errors = [finding["rule"] for finding in frozen["findings"] if finding["severity"] == "error"]
    telling.check("errors that the rules found", errors, [])
    telling.say(
        f"{len(frozen['findings'])} warnings, each with its comment; frozen at {frozen['digest'][:12]}…"
    )


def sign(telling: Telling, clients: Clients) -> None:
    """Two different people sign exactly what was frozen; then it is submitted, and not before it is seen."""
    people, officer = People(clients), data_officer(clients)
    director = people.signed_in("managing-director", MANAGING_DIRECTOR)
    lead = people.signed_in("lead-director", LEAD_DIRECTOR)
    government = clients.machine("welsh-government")
    digest = {"digest": officer.get(VERSION)["digest"]}
    state = officer.get(VERSION)["state"]
    if state == "frozen":
        telling.check("Welsh Government before it is submitted", refused(lambda: government.get(VERSION)), (
            404, "not_found",
        ))  # fmt: skip
        late = bars(officer, f"{VERSION}/fill")
        telling.check(
            "changed after it was frozen", late, (409, "transition_not_allowed", "not_from_this_state")
        )
        who_froze = clients.person("managing-director", people.id_of(DATA_OFFICER))
        telling.check(
            "signed by whoever froze it", bars(who_froze, f"{VERSION}/sign", digest),
            (409, "transition_not_allowed", "signatory_froze_it"),
        )  # fmt: skip
        director.post(f"{VERSION}/sign", digest)
        again = clients.person("lead-director", people.id_of(MANAGING_DIRECTOR))
        telling.check(
            "signed twice by one person", bars(again, f"{VERSION}/sign", digest),
            (409, "transition_not_allowed", "signed_already"),
        )  # fmt: skip
    submitted = walk(officer, VERSION, {
        "signed_first": lambda _: lead.post(f"{VERSION}/sign", digest),
        "signed_second": lambda _: officer.post(f"{VERSION}/submit"),
    })  # fmt: skip
    telling.check(
        "signed by two different people of the register, and submitted",
        [
            submitted["signed_first_by"] != submitted["signed_second_by"],
            submitted["submitted_at"] is not None,
        ],
        [True, True],
    )


def pull(telling: Telling, clients: Clients) -> None:
    """Welsh Government pulls the return; its figures are those of the half-term that was told."""
    government, consortium = clients.machine("welsh-government"), clients.machine("consortium")
    answer = government.get(f"{VERSION}/document")
    again = government.get(f"{VERSION}/document", etag=answer.etag).status
    telling.check("pulled again, unchanged", again, 304)
    totals = _totals(answer.body)
    schools = [totals[code] for code in ("register.open", "categories.count", "categories.uncategorised")]
    telling.check("schools open, with a category, without", schools, [381, 375, 6])
    telling.check("schools by category in the return", _by_category(answer.body), PUBLISHED)
    supported = [
        totals[code] for code in ("support_days.ceiling", "support_days.used", "impact.strong", "impact.some")
    ]
    telling.check("days of ceiling, used; impact judged strong, some", supported, [CEILING_DAYS, 5, 1, 1])
    visited = totals["visits.held"] + totals["visits.outstanding"]
    telling.check("visits: due = held + outstanding", totals["visits.due"], visited)
    met = [
        one
        for one in consortium.pages("/v1/monitoring", visit_type=REVIEW, school_year=YEAR, limit=100)
        if one["state"] == "met" and one["period"] == PERIOD
    ]
    reviewed = [totals["amber_and_red.reviewed"], totals["amber_and_red.not_reviewed"]]
    watched = PUBLISHED["amber"] + PUBLISHED["red"]
    telling.check("amber and red schools: reviewed, not reviewed", reviewed, [len(met), watched - len(met)])


def verify(telling: Telling, clients: Clients) -> None:
    """The spreadsheet in Welsh has the values of the JSON, and one signature over the JSON covers both."""
    government, welsh = clients.machine("welsh-government"), clients.machine("welsh-government", "cy")
    answer = government.get(f"{VERSION}/document")
    content = answer.body
    sheet = welsh.get(f"{VERSION}/document", format="ods")
    sheets, _ = decode(sheet.content, "return.ods")
    rows = next(found for found in sheets if found.name == "Ffigurau").rows[1:]
    figures = [row for row in rows if row[2]]
    values = [str(cell["value"]) if cell["value"] is not None else "" for cell in content["figures"]]
    equal = [row[-1] for row in figures] == values
    telling.check("the ODS in Welsh: every value equals the JSON", equal, True)
    telling.say(f"{len(values)} values; the first: {figures[0][3]}, {figures[0][-1]}")
    named = {(one["format"], one["language"]): one["sha256"] for one in content["renderings"]}
    is_named = sha256(sheet.content).hexdigest() == named["ods", "cy"]
    telling.check("it is the spreadsheet whose digest the JSON names", is_named, True)
    signature = government.get(f"{VERSION}/signature")["jws"]
    keys = KeySet.import_key_set(government.get("/v1/return-keys").body)
    verified = _verified(signature, answer.content, keys)
    telling.check("the signature verifies with the published key", verified, True)
    telling.check("one byte changed: it does not", _verified(signature, answer.content + b" ", keys), False)


def trace(telling: Telling, clients: Clients) -> None:
    """A figure leads to the ids and versions of what it counts; Welsh Government sees those, not the records."""
    government = clients.machine("welsh-government")
    counted = _totals(government.get(f"{VERSION}/document").body)["visits.held"]
    traced = government.get(f"{VERSION}/figures/visits.held/trace")
    visit = the_visit(clients)
    found = [one["id"] for one in traced["records"]]
    telling.check(
        "visits held, traced: as many records, and the story's visit among them",
        [traced["count"], len(found), visit["id"] in found], [counted, counted, True],
    )  # fmt: skip
    telling.check(
        "Welsh Government asks for that visit itself",
        refused(lambda: government.get(f"/v1/visits/{visit['id']}")), (403, "operation_not_permitted"),
    )  # fmt: skip
    done = walk(government, VERSION, {"submitted": lambda _: government.post(f"{VERSION}/acknowledge")})
    telling.check("the return, acknowledged", done["state"], "acknowledged")


def freeze(officer: ApiClient, path: str) -> Answer:
    """Fills a version, answers every warning with a comment, and freezes it; gives it as it is then."""

    def settle(now: Answer) -> None:
        missing = _uncommented(now)
        for finding in missing:
            officer.post(f"{path}/remarks", {
                "rule": finding["rule"], "authority": finding["authority"], "kind": "comment",
                "text": "Looked at with the authority. Edrychwyd arno gyda'r awdurdod.",
            })  # fmt: skip
        if not missing:
            officer.post(f"{path}/freeze")

    return walk(officer, path, {
        "opened": lambda _: officer.post(f"{path}/fill"), "filled": lambda _: officer.post(f"{path}/validate"),
        "validated": settle,
    })  # fmt: skip


def data_officer(clients: Clients) -> ApiClient:
    """Who fills and freezes the return; the second signatory is registered with it."""
    people = People(clients)
    people.id_of(LEAD_DIRECTOR)
    return people.signed_in("data-officer", DATA_OFFICER)


def _uncommented(now: Mapping[str, Any] | Answer) -> list[Mapping[str, Any]]:
    said = {(remark["rule"], remark["authority"]) for remark in now["remarks"]}
    return [one for one in now["findings"] if (one["rule"], one["authority"]) not in said]


def _totals(content: Mapping[str, Any]) -> dict[str, int]:
    """The figures of the whole return by code."""
    whole = (one for one in content["figures"] if one["authority"] is None and not one["by"])
    return {one["figure"]: one["value"] for one in whole if one["status"] == "value"}


def _by_category(content: Mapping[str, Any]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for one in content["figures"]:
        if one["figure"] == "categories.count" and one["authority"] is not None and one["by"]:
            found[one["by"]["category"]] += one["value"] or 0
    return {value: found[value] for value in PUBLISHED}


class _Documents(jws.JWSRegistry):
    """A return of a region is longer than the library thinks a payload to be."""

    max_payload_length = 25 * 1024 * 1024


def _verified(signature: str, content: bytes, keys: KeySet) -> bool:
    """Whether a detached signature is that of exactly these bytes."""
    protected, _, signed = signature.split(".")
    payload = urlsafe_b64encode(content).rstrip(b"=").decode()
    registry = _Documents(algorithms=["Ed25519"])
    try:
        jws.deserialize_compact(f"{protected}.{payload}.{signed}", keys, registry=registry)
    except JoseError:
        return False
    return True
