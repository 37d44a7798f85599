"""R35: a client's own ids on bodies, their members and everything that they do."""

from datetime import UTC, datetime

from governance_api import Governance

from testkit.own_references import assert_referenced

CABINET, SCRUTINY = "vale_cabinet", "vale_scrutiny"


async def bodies(governance: Governance) -> tuple[list[str], list[str]]:
    """A cabinet and its scrutiny committee; the memberships of both, those of the cabinet first."""
    governance.on(2022, 2, 10)
    made = []
    for body, constitution, seat in (
        (CABINET, "cabinet_2012", "cabinet_member"),
        (SCRUTINY, "scrutiny_committee_2012", "elected_member"),
    ):
        await governance.establish(body, constitution, ["673"])
        for n in range(4):
            office = {"office": "chair"} if n == 0 else {}
            made.append(await governance.appoint(body, seat, f"{body} {n}", **office))
    return made[:4], made[4:]


async def sat(
    governance: Governance, body: str, day: datetime, members: list[str], kind: str
) -> dict[str, list[str]]:
    """Two meetings of a body with everything that came of them, by path."""
    clerk = governance.clerk(f"clerk of {body}")
    found: dict[str, list[str]] = {}
    for n in (0, 7):
        starts_at = day.replace(day=day.day + n)
        meeting = await governance.opened(body, starts_at, f"{body} 0", members)
        reason = {"reason": "To inform the cabinet"} if kind == "recommended" else {}
        resolution = await governance.moved(meeting, kind, **reason)
        counted = {"votes_for": 3, "votes_against": 1, "abstained": 0}
        carried = await clerk.done(f"/v1/resolutions/{resolution['id']}/vote", counted)
        declared = await clerk.done("/v1/declarations", {
            "meeting_id": meeting["id"], "agenda_item_id": meeting["item_ids"][0], "member_id": members[1],
            "kind": "personal", "nature": "A governor of the school",
        })  # fmt: skip
        made = {
            "meetings": meeting["id"], "agenda-items": meeting["item_ids"][0], "resolutions": resolution["id"],
            "votes": carried["vote_id"], "declarations": declared["id"],
        }  # fmt: skip
        if kind == "recommended":
            made["references"] = (await clerk.done("/v1/references", {
                "resolution_id": resolution["id"], "to_body": CABINET, "due_on": "2022-05-01",
                "reason": "To inform the cabinet",
            }))["id"]  # fmt: skip
        else:
            made["decisions"] = (await clerk.done("/v1/decisions", {
                "resolution_id": resolution["id"], "text_en": "The plan is agreed", "text_cy": "Cytunwyd",
                "scrutiny_body": SCRUTINY,
            }))["id"]  # fmt: skip
        await governance.member(f"{body} 0").done(f"/v1/meetings/{meeting['id']}/close")
        made["minutes"] = (
            await clerk.done("/v1/minutes", {"meeting_id": meeting["id"], "text_en": "Minutes"})
        )["id"]
        there = (await clerk.read("/v1/attendances", meeting_id=meeting["id"]))["items"]
        made["attendances"] = there[0]["id"]
        for path, id_ in made.items():
            found.setdefault(path, []).append(id_)
    return found


async def test_records_of_bodies_take_a_clients_own_references(governance: Governance) -> None:
    """R35: set, shown, found; unique per client; nobody else's business."""
    cabinet, scrutiny = await bodies(governance)
    kept = await sat(governance, SCRUTINY, datetime(2022, 3, 3, 18, tzinfo=UTC), scrutiny, "recommended")
    kept["decisions"] = (
        await sat(governance, CABINET, datetime(2022, 4, 7, 14, tzinfo=UTC), cabinet, "resolved")
    )["decisions"]
    kept |= {"bodies": [CABINET, SCRUTINY], "body-members": cabinet[:2]}
    assert {len(ids) for ids in kept.values()} == {2}
    assert len(kept) == 11
    name = f"clerk of {SCRUTINY}"
    mine, other = governance.clerk(name), governance.caller("clerk", name, client_id="another")
    for path, (first, second) in kept.items():
        listed = f"/v1/{path}"
        await assert_referenced(mine.send, other.send, listed, f"{listed}/{first}", f"{listed}/{second}")
