"""A small region of spring 2020 as the services tell of it, and the people who make its return."""

from typing import Any

from contracts.event import Event
from contracts.events.registry import (
    CalendarPublished,
    FootprintMembershipChanged,
    PersonRegistered,
    RegimeAdopted,
    SchoolDetailsChanged,
    SchoolRegistered,
)
from contracts.events.visits import VisitHeld, VisitPlanned
from contracts.events.visits_categories import CategoryPublished

RETURN = "2019-20.spring_1.csc"
BEFORE = "2019-20.autumn_2.csc"
VERSION = f"/v1/returns/{RETURN}/versions/1"
PERIODS = [
    {"code": "autumn_2", "first_day": "2019-11-04", "last_day": "2020-01-05"},
    {"code": "spring_1", "first_day": "2020-01-06", "last_day": "2020-02-23"},
]
PEOPLE = {
    name: f"0199c0de-0000-7000-8000-00000000000{n}"
    for n, name in enumerate(("officer", "managing_director", "lead_director", "other_director"), 1)
}
OFFICER = {"role": "data_officer", "body": "csc", "person_id": PEOPLE["officer"]}
FIRST = {"role": "managing_director", "body": "csc", "person_id": PEOPLE["managing_director"]}
SECOND = {"role": "director", "body": "csc", "authority": "681", "person_id": PEOPLE["lead_director"]}
WALES = {"role": "welsh_government"}


def made(event: type[Event], **values: Any) -> Event:
    """An event: its example with other values."""
    return event.model_validate({**event.EXAMPLE, **values})


def school(number: str, event: type[Event] = SchoolRegistered, **values: Any) -> tuple[Event, str]:
    """A school of the authority that its number names, open since the list of 2018."""
    facts = {"school_number": number, "school": number, "authority": number[:3], "valid_from": "2018-04-10"}
    return made(event, **{**facts, **values}), number


def closing(number: str, day: str) -> tuple[Event, str]:
    """A school closes from a day on."""
    return school(number, SchoolDetailsChanged, status="closed", valid_from=day)


def category(number: str, value: str) -> tuple[Event, str]:
    """A published category of January 2020."""
    id_ = f"national_2014.2019-20.{number}"
    days = {"green": 4, "yellow": 10, "amber": 15, "red": 25}[value]
    facts = {
        "school": number, "authority": number[:3], "category_id": id_, "value": value, "ceiling_days": days,
        "intensive_monitoring": value in ("amber", "red"),
    }  # fmt: skip
    return made(CategoryPublished, **facts), id_


def visit(number: str, id_: str, event: type[Event] = VisitPlanned, **values: Any) -> tuple[Event, str]:
    """A spring visit of a school, planned for 20 January 2020."""
    facts = {"school": number, "authority": number[:3], "visit_id": id_}
    return made(event, **{**facts, **values}), id_


def frame() -> list[tuple[Event, str]]:
    """Two authorities under the National Model in one consortium, one on its own; people; term dates."""
    told: list[tuple[Event, str]] = []
    for code, regime, by in (
        ("673", "national_model_2014", "consortium"),
        ("681", "national_model_2014", "consortium"),
        ("660", "authority_led_2025", "authority"),
    ):
        told += [
            (made(RegimeAdopted, authority=code, regime_code=regime, delivered_by=by), code),
            (made(CalendarPublished, authority=code, periods=PERIODS), f"{code}:2019"),
        ]
        if by == "consortium":
            member = made(
                FootprintMembershipChanged, authority=code, kind="consortium", footprint="csc",
                valid_from="2012-09-01",
            )  # fmt: skip
            told.append((member, f"member-{code}"))
    told += [(made(PersonRegistered, person_id=id_), id_) for id_ in PEOPLE.values()]
    return told


def region() -> list[tuple[Event, str]]:
    """Six schools, of which one closes and one opens in the period; four categories, two visits."""
    return [
        *frame(),
        *(school(number) for number in ("6732001", "6732002", "6732003", "6812001", "6812002")),
        school("6812003", valid_from="2020-02-01", language_category="WM"),
        closing("6732003", "2020-01-20"),
        school("6802001"),
        category("6732001", "green"),
        category("6732002", "amber"),
        category("6812001", "green"),
        category("6812002", "red"),
        visit("6732001", "visit-1"),
        visit("6732001", "visit-1", VisitHeld),
        visit("6732002", "visit-2"),
    ]


async def told(exchange: Any, facts: list[tuple[Event, str]]) -> None:
    """Tells the exchange and waits until its change log holds it all."""
    await exchange.hear(*(exchange.envelope(event, key) for event, key in facts))
    await exchange.settled()


async def step(exchange: Any, name: str, who: dict[str, Any], body: Any = None, **of: Any) -> Any:
    """A step of a version; its answer."""
    path = f"/v1/returns/{of.pop('of', RETURN)}/versions/{of.pop('number', 1)}/{name}"
    return await exchange.ask("POST", path, sent=body, **who, **of)


async def passed(
    exchange: Any, name: str, who: dict[str, Any], body: Any = None, **of: Any
) -> dict[str, Any]:
    """A step that succeeds; the version after it."""
    answer = await step(exchange, name, who, body, **of)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def opened(exchange: Any, return_id: str = RETURN) -> None:
    """Opens a return, where the clock has not done so yet."""
    answer = await exchange.ask("POST", "/v1/returns", sent={"return_id": return_id}, **OFFICER)
    assert answer.status_code == 201, answer.text


async def frozen(exchange: Any, **of: Any) -> dict[str, Any]:
    """Fills, comments on every warning, validates and freezes."""
    await passed(exchange, "fill", OFFICER, **of)
    found = await passed(exchange, "validate", OFFICER, **of)
    for finding in found["findings"]:
        said = {"rule": finding["rule"], "kind": "comment", "text": "Looked at."}
        if finding["authority"] is not None:
            said["authority"] = finding["authority"]
        await passed(exchange, "remarks", OFFICER, said, **of)
    await passed(exchange, "validate", OFFICER, **of)
    return await passed(exchange, "freeze", OFFICER, **of)


async def submitted(exchange: Any, **of: Any) -> dict[str, Any]:
    """Freezes, signs off twice and submits."""
    digest = {"digest": (await frozen(exchange, **of))["digest"]}
    await passed(exchange, "sign", FIRST, digest, **of)
    await passed(exchange, "sign", SECOND, digest, **of)
    return await passed(exchange, "submit", OFFICER, **of)


async def document(exchange: Any, path: str = VERSION, who: dict[str, Any] = WALES, **query: Any) -> Any:
    """A rendering."""
    answer = await exchange.ask("GET", f"{path}/document", query=query, **who)
    assert answer.status_code == 200, answer.text
    return answer


def value(content: dict[str, Any], figure: str, authority: str | None = None, **by: str) -> Any:
    """One value of a document, with its status where it is no count."""
    cell = next(
        c for c in content["figures"] if (c["figure"], c["authority"], c["by"]) == (figure, authority, by)
    )
    return cell["value"] if cell["status"] == "value" else cell["status"]
