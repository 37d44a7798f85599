"""One version per school, raised by every event about it that the caller may see (C-10, C-17, design §4)."""

from typing import Any

import pytest

from contracts.events.registry import (
    AdviserAllocated,
    ContactChanged,
    LiaisonDesignated,
    SchoolDetailsChanged,
    SchoolRegistered,
)

SCHOOL: dict[str, Any] = SchoolRegistered.EXAMPLE
NUMBER = SCHOOL["school_number"]


def school(number: str) -> SchoolRegistered:
    return SchoolRegistered.model_validate(
        {**SCHOOL, "school_number": number, "school": number, "authority": number[:3]}
    )


async def version(exchange: Any, path: str, role: str = "operator", **of: Any) -> dict[str, Any]:
    answer = await exchange.ask("GET", f"/v1/{path}", role, **of)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_every_event_about_a_school_raises_its_version(exchange: Any) -> None:
    """Design §4; another school's events leave it, its authority's own raise it, and the authority's counts all."""
    nothing = await version(exchange, f"school-versions/{NUMBER}")
    assert (nothing["version"], nothing["changed_at"]) == (0, None)
    await exchange.hear(
        exchange.envelope(school(NUMBER), NUMBER), exchange.envelope(school("6732999"), "6732999")
    )
    await exchange.settled()
    first = await version(exchange, f"school-versions/{NUMBER}")
    assert first["version"] == 1
    assert first["changed_at"] is not None
    assert (nothing["settled"], first["settled"]) == (True, False)
    assert (await version(exchange, "authority-versions/673"))["version"] == 2
    changed = SchoolDetailsChanged.model_validate({**SCHOOL, "pupils": 7})
    liaison = LiaisonDesignated.model_validate(LiaisonDesignated.EXAMPLE)
    await exchange.hear(exchange.envelope(changed, NUMBER))
    await exchange.settled()
    assert (await version(exchange, f"school-versions/{NUMBER}"))["version"] == 3
    await exchange.hear(exchange.envelope(liaison, "liaison"))
    await exchange.settled()
    mine = {"authority": liaison.authority}
    assert (await version(exchange, f"school-versions/{NUMBER}", "lead_officer", **mine))["version"] == 4
    assert (await version(exchange, "authority-versions/673", "lead_officer", **mine))["version"] == 4
    assert (await version(exchange, "authority-versions/681"))["version"] == 0


async def test_a_version_tells_nothing_that_the_feed_hides(exchange: Any) -> None:
    """E-15: who may not see an entry is not told that there was one."""
    contact = ContactChanged.model_validate(ContactChanged.EXAMPLE)
    await exchange.hear(exchange.envelope(school(contact.school or ""), contact.school or ""))
    await exchange.hear(exchange.envelope(contact, "contact"))
    await exchange.settled()
    path = f"school-versions/{contact.school}"
    assert (await version(exchange, path, "authority_system", authority=contact.authority))["version"] == 2
    assert (await version(exchange, path, "authority_system", authority="681"))["version"] == 1
    assert (await version(exchange, path, "welsh_government"))["version"] == 1


async def test_rights_are_part_of_what_is_unchanged(exchange: Any) -> None:
    """C-10: another role, another authority, an allocation begun: another value of `rights`; else the same."""
    path = f"school-versions/{NUMBER}"
    seen = [
        (await version(exchange, path, role, **of))["rights"]
        for role, of in (
            ("authority_system", {"authority": "673"}),
            ("authority_system", {"authority": "681"}),
            ("welsh_government", {}),
            ("adviser", {"person_id": AdviserAllocated.EXAMPLE["person_id"]}),
        )
    ]
    assert len(set(seen)) == 4
    again = await version(exchange, path, "authority_system", authority="673")
    assert again["rights"] == seen[0]
    allocated = AdviserAllocated.model_validate(AdviserAllocated.EXAMPLE)
    await exchange.hear(exchange.envelope(allocated, "allocation"))
    await exchange.settled()
    adviser = await version(exchange, path, "adviser", person_id=AdviserAllocated.EXAMPLE["person_id"])
    assert adviser["rights"] != seen[3]


@pytest.mark.parametrize(
    "path", ["school-versions/12", "authority-versions/12345", "school-versions/673211x"]
)
async def test_a_number_has_its_form(exchange: Any, path: str) -> None:
    """R02: what is no number is a fault of the path."""
    answer = await exchange.ask("GET", f"/v1/{path}", "operator")
    assert answer.status_code == 422, answer.text
