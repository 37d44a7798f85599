"""Minutes: drafted, approved by the next meeting, published in both languages [domain 6.1.8]."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.events import governance_proceedings as events
from contracts.events.governance import MeetingMinuted, MeetingPublished
from contracts.events.governance_decisions import ResolutionPublished
from contracts.identifiers import new_id
from governance.domain.resolutions import NUMBERED
from governance.storage.meetings import resolutions_of
from governance.storage.tables import meetings, minutes, resolutions
from governance.usecases.writes import move, write_of
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row, values_of
from service_kit.unit_of_work import UnitOfWork


def languages_of(row: Mapping[str, Any]) -> list[str]:
    """The languages in which minutes are written."""
    return [language for language in ("en", "cy") if row[f"text_{language}"] is not None]


async def _tell(uow: UnitOfWork, row: Row, kind: type[events.MinutesFacts], **new: Any) -> None:
    after = {**row, **new}
    facts = {"languages": languages_of(after), "amended": bool(after["amendments"])}
    await move(uow, minutes, kind, row, facts=facts, **new)


async def draft(uow: UnitOfWork, meeting: Row, text_en: str | None, text_cy: str | None) -> str:
    """Drafts the minutes of a closed meeting, in one language or both. Raises 422 for neither."""
    if text_en is None and text_cy is None:
        raise ProblemError(
            "validation_failed", errors=[Fault("/text_en", "missing"), Fault("/text_cy", "missing")]
        )
    values = dict.fromkeys(minutes.own) | {
        **{name: meeting[name] for name in ("body_id", "authority", "school_number")},
        "meeting_id": meeting["id"],
        "state": "drafted",
        "data_class": "internal",
        "text_en": text_en,
        "text_cy": text_cy,
        "amendments": [],
    }
    id_ = new_id()
    write = write_of(
        minutes,
        events.MinutesDrafted,
        id_,
        values,
        create=True,
        languages=languages_of(values),
        amended=False,
    )
    await uow.write(minutes, [write])
    await move(uow, meetings, MeetingMinuted, meeting, state="minutes_drafted")
    return id_


async def change(uow: UnitOfWork, row: Row, changes: Mapping[str, Any], version: int) -> None:
    """Changes a draft; of approved minutes only the missing language is added. Raises 409 `minutes_approved`."""
    changed = tuple(name for name, value in changes.items() if row[name] != value)
    if not changed:
        return
    approved = row["state"] != "drafted"
    if row["state"] == "published" or (approved and any(row[name] is not None for name in changed)):
        raise ProblemError("minutes_approved")
    values = values_of(minutes, row, **changes)
    kind = events.MinutesTranslated if approved else events.MinutesDrafted
    if not languages_of(values):
        raise ProblemError("validation_failed", errors=[Fault("/" + changed[0], "must_not_be_null")])
    write = write_of(
        minutes, kind, row["id"], values, changed=changed, expected_version=version,
        languages=languages_of(values), amended=bool(values["amendments"]),
    )  # fmt: skip
    await uow.write(minutes, [write])


async def approve(
    uow: UnitOfWork, row: Row, meeting: Row, at_meeting: Row | None, amendments: Sequence[str]
) -> None:
    """A later meeting of the body, while it is open, approves them as a correct record, or subject to amendments."""
    later = (
        at_meeting is not None
        and at_meeting["body_id"] == meeting["body_id"]
        and at_meeting["starts_at"] > meeting["starts_at"]
        and at_meeting["state"] == "opened"
    )
    if at_meeting is None or not later:
        raise ProblemError("not_at_the_next_meeting")
    await _tell(
        uow, row, events.MinutesApproved,
        state="approved", amendments=list(amendments), approved_at_meeting_id=at_meeting["id"],
    )  # fmt: skip
    await move(uow, meetings, MeetingMinuted, meeting, state="approved")


async def publish(uow: UnitOfWork, row: Row, meeting: Row) -> None:
    """Publishes minutes and the open resolutions of their meeting. Raises 409 `one_language_only`."""
    languages = languages_of(row)
    if len(languages) < 2:
        missing = [language for language in ("en", "cy") if language not in languages]
        raise ProblemError("one_language_only", extra={"missing": missing})
    today = uow.clock.today()
    await _tell(uow, row, events.MinutesPublished, state="published", data_class="public", published_on=today)
    await move(uow, meetings, MeetingPublished, meeting, state="published", data_class="public")
    writes = [
        write_of(
            resolutions, ResolutionPublished, held["id"], values_of(resolutions, held, data_class="public")
        )
        for held in await resolutions_of(uow.connection, meeting["id"])
        if held["data_class"] == "internal" and held["state"] in NUMBERED
    ]
    await uow.write(resolutions, writes)
