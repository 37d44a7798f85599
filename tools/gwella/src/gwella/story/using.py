"""What each kind of client then does with the register, and what it may not."""

from typing import Any

from gwella.story import sources
from gwella.story.clients import Clients
from gwella.story.telling import Telling
from testkit.client import Answer, ApiClient, ApiProblem

VALE = "673"
SCHOOL = "6732118"
"""Gladstone Primary in the Vale of Glamorgan; Cardiff has one of the same name."""
CONTACT = f"/v1/schools/{SCHOOL}/contacts/head_teacher"


def refused(what: Any) -> tuple[int, str]:
    """Status and code of the problem that a request ends in; (0, "not refused") where it was not refused."""
    try:
        what()
    except ApiProblem as problem:
        return problem.status, problem.code
    return 0, "not refused"


def work_as_authority(telling: Telling, clients: Clients) -> None:
    """The Vale of Glamorgan's case-management system reads its schools and keeps a contact up to date."""
    vale = clients.machine(f"authority-{VALE}")
    pages = list(vale.page_by_page("/v1/schools", authority=VALE, limit=20, total=True))
    numbers = [school["school_number"] for page in pages for school in page["items"]]
    telling.check(
        "schools read page by page, each once", len(numbers) == len(set(numbers)) == pages[0]["total"], True
    )
    telling.say(f"{len(numbers)} schools on {len(pages)} pages (55 maintained, the rest independent and PRU)")
    held = vale.get(f"/v1/schools/{SCHOOL}")
    telling.check("read again with its ETag", vale.get(f"/v1/schools/{SCHOOL}", etag=held.etag).status, 304)
    first = _contact(vale)
    telephone = "01446 000002" if first["telephone"] != "01446 000002" else "01446 000003"
    changed = vale.patch(CONTACT, {"telephone": telephone}, etag=first.etag)
    telling.check("a head teacher's contact changed under If-Match", changed["telephone"], telephone)
    try:
        vale.patch(CONTACT, {"telephone": "01446 000009"}, etag=first.etag)
        telling.check("a stale version", "not refused", "refused")
    except ApiProblem as stale:
        current = stale.document.get("current", {}).get("telephone")
        telling.check(
            "a stale version: status, code, and the current value shown",
            [stale.status, stale.code, current], [412, "precondition_failed", telephone],
        )  # fmt: skip


def _contact(vale: ApiClient) -> Answer:
    try:
        return vale.get(CONTACT)
    except ApiProblem as absent:
        if absent.code != "not_found":
            raise
    vale.post(
        f"/v1/schools/{SCHOOL}/contacts",
        {"post": "head_teacher", "name": "Sandbox Head", "telephone": "01446 000001"},
    )
    return vale.get(CONTACT)


def repeat_a_command(telling: Telling, clients: Clients) -> None:
    """A POST whose answer was lost on the way is sent again with the same key: done once, answered twice."""
    consortium = clients.machine("consortium")
    key = f"demo-{consortium.get('/v1/me').request_id}"
    wanted = {"name": "Sandbox Newcomer", "authority": "674", "employer": "csc"}
    first = consortium.post("/v1/people", wanted, key=key)
    again = consortium.post("/v1/people", wanted, key=key)
    replayed = again.headers.get("Idempotency-Replayed")
    telling.check(
        "the same answer, marked as replayed", [again["id"] == first["id"], replayed], [True, "true"]
    )
    other = {**wanted, "name": "Sandbox Somebody Else"}
    refusal = refused(lambda: consortium.post("/v1/people", other, key=key))
    telling.check("the same key for another body", refusal, (422, "idempotency_key_reused"))
    dry = consortium.post("/v1/people", wanted, dry_run=True)
    telling.check("a dry run answers and keeps nothing", dry.headers.get("Dry-Run"), "true")


def follow_the_feed(telling: Telling, clients: Clients) -> None:
    """A second system follows the change feed from the beginning and ends with the same schools."""
    consortium = clients.machine("consortium")
    entries = list(consortium.follow_changes(0, wait=1, stop_when_empty=True))
    positions = [entry["position"] for entry in entries]
    telling.check("positions rise, none twice", positions == sorted(set(positions)), True)
    versions: dict[tuple[str, str], int] = {}
    in_order = True
    for entry in entries:
        about = (entry["type"].split(".")[3], entry["key"])
        in_order &= entry["version"] > versions.get(about, 0)
        versions[about] = entry["version"]
    telling.check("each record's versions in order", in_order, True)
    schools = {key for kind, key in versions if kind == "school"}
    telling.check("schools in the second system", len(schools), 1521 + 72 + 23 + 7)
    telling.say(f"{len(entries)} entries over {len(versions)} records, up to position {positions[-1]}")
    contacts = [e for e in entries if ".contact." in e["type"]]
    carried = {name for entry in contacts for name in entry["data"]} & {"name", "email", "telephone"}
    telling.check(
        "a contact's entry names what changed and carries nothing personal",
        [bool(contacts), carried],
        [True, set()],
    )


def keep_to_rights(telling: Telling, clients: Clients) -> None:
    """What each kind of client may not do, and what it still may."""
    cardiff, government = clients.machine("authority-681"), clients.machine("welsh-government")
    identity = cardiff.get(f"/v1/schools/{SCHOOL}")
    telling.check("Cardiff sees the Vale school's public identity", identity["school_number"], SCHOOL)
    telling.check("Cardiff asks for its contacts", refused(lambda: cardiff.get(CONTACT)), (404, "not_found"))
    change = refused(lambda: cardiff.patch(CONTACT, {"telephone": "0"}, etag=identity.etag))
    telling.check("Cardiff tries to change one", change, (404, "not_found"))
    telling.check(
        "Welsh Government reads schools", government.get(f"/v1/schools/{SCHOOL}")["name"] != "", True
    )
    people = refused(lambda: government.get("/v1/people"))
    telling.check("Welsh Government asks for people", people, (403, "operation_not_permitted"))
    mine = cardiff.get("/v1/me")
    telling.say(f"/v1/me says who one is: {mine['client_id']}, {', '.join(r['role'] for r in mine['roles'])}")
    in_welsh = clients.machine("authority-681", "cy")
    try:
        in_welsh.get("/v1/schools", colour="red", limit=5000)
        telling.check("an impossible question", "not refused", "refused")
    except ApiProblem as problem:
        named = sorted(error["pointer"] for error in problem.errors)
        telling.check(
            "every fault at once, in Welsh",
            [problem.document["language"], named],
            ["cy", ["colour", "limit"]],
        )
        telling.say(f"{problem.title}: {problem.errors[0]['detail']}")


def send_bad_lists(telling: Telling, clients: Clients) -> None:
    """Lists that cannot be right are refused whole, with every fault and its place; nothing changes."""
    operator = clients.machine("operator")
    before = operator.get("/v1/changes", limit=1)["safe_until"]
    good = sources.content("wales-independent-schools-2018-04-10.en.csv").decode()
    half_ods = sources.content(sources.ADDRESS_LIST)[:100_000]
    ods = "application/vnd.oasis.opendocument.spreadsheet"
    for what, content, media_type in (
        ("a wrong header", good.replace("School Name", "Name of School", 1).encode(), "text/csv"),
        ("an authority that does not exist", good.replace(",660,", ",999,").encode(), "text/csv"),
        ("half an ODS", half_ods, ods),
    ):
        try:
            operator.upload("/v1/school-lists", content, media_type, list_date=sources.LIST_DATE)
            telling.check(what, "not refused", "refused")
        except ApiProblem as problem:
            telling.check(what, [problem.status, len(problem.errors) >= 1], [422, True])
            telling.say(f"{problem.code}: {problem.errors[0]['detail']}")
    telling.check("nothing came of it", operator.get("/v1/changes", limit=1)["safe_until"], before)
