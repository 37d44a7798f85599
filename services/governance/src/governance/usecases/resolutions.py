"""Resolutions: moved, put, voted on, numbered [flows 2; S4-25, S4-26; S0-20, S0-21]."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from contracts.events import governance_decisions as events
from contracts.identifiers import new_id
from governance.domain import voting
from governance.domain.constitutions import Member, votes_of
from governance.domain.refusals import VOTE_REFUSALS
from governance.domain.resolutions import ResolutionNow
from governance.domain.voting import Cast, Count, Refused
from governance.storage.conventions import constitutions
from governance.storage.meetings import Presence, interested_in, presence
from governance.storage.numbering import next_number
from governance.storage.tables import resolutions, votes
from governance.usecases.writes import move, write_of
from service_kit.problems import Fault, ProblemError
from service_kit.reading import Row
from service_kit.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewResolution:
    """A resolution moved by a member and seconded by another."""

    kind: str
    text_en: str
    text_cy: str
    reason: str | None
    moved_by: str | None
    seconded_by: str | None
    about_kind: str | None
    about_id: str | None


@dataclass(frozen=True, slots=True)
class VoteGiven:
    """A vote as it was taken: counted, or by name. `declared`: the outcome as the chair declared it."""

    count: Count | None
    names: Sequence[Cast]
    casting_vote: str | None
    declared: str | None


@dataclass(frozen=True, slots=True)
class Room:
    """Who is there as a resolution is decided, and who of them declared a prejudicial interest in its item."""

    presence: Presence
    interested: frozenset[str]

    @property
    def voters(self) -> list[Member]:
        """Those present who may vote on the item."""
        return voting.eligible(self.presence.present, self.interested)

    @property
    def quorate(self) -> bool:
        """Whether enough of those who may vote on the item are there."""
        return voting.quorate(self.presence.constitution, self.voters, self.presence.needed)


async def room_of(uow: UnitOfWork, meeting: Row, agenda_item_id: str) -> Room:
    """The room as far as one item is concerned."""
    return Room(await presence(uow.connection, meeting), await interested_in(uow.connection, agenda_item_id))


def facts_of(row: Row, meeting: Row, room: Room) -> ResolutionNow:
    """What decides the steps of a resolution."""
    still_here = sum(1 for member in room.presence.present if member.id in room.interested)
    return ResolutionNow(row["kind"], meeting["state"] == "opened", room.quorate, still_here)


async def move_resolution(uow: UnitOfWork, meeting: Row, item: Row, new: NewResolution) -> str:
    """Records that a resolution was moved.

    Raises 409 `meeting_not_in_session`; 422 for words that the body does not decide in, a recommendation without its
    reason (S0-21), a mover or seconder who is not there to vote, and one person as both.
    """
    if meeting["state"] != "opened" or item["state"] != "on_agenda":
        raise ProblemError("meeting_not_in_session")
    rules = constitutions()[meeting["constitution"]]
    faults = []
    if new.kind not in rules.resolution_kinds:
        faults.append(Fault("/kind", "not_in_list", {"expected": ", ".join(rules.resolution_kinds)}))
    if new.kind == "recommended" and new.reason is None:
        faults.append(Fault("/reason", "missing"))
    voters = {member.id for member in (await room_of(uow, meeting, item["id"])).voters}
    for pointer, member_id in (("/moved_by", new.moved_by), ("/seconded_by", new.seconded_by)):
        if member_id is not None and member_id not in voters:
            faults.append(Fault(pointer, "member_does_not_vote_here"))
    if new.moved_by is not None and new.moved_by == new.seconded_by:
        faults.append(Fault("/seconded_by", "repeated_value"))
    if faults:
        raise ProblemError("validation_failed", errors=faults)
    values = dict.fromkeys(resolutions.own) | {
        **{name: item[name] for name in ("body_id", "authority", "school_number", "meeting_id", "matter")},
        **asdict(new),
        "agenda_item_id": item["id"],
        "municipal_year": meeting["municipal_year"],
        "state": "moved",
        "data_class": "confidential" if item["data_class"] == "confidential" else "internal",
    }
    id_ = new_id()
    await uow.write(resolutions, [write_of(resolutions, events.ResolutionMoved, id_, values, create=True)])
    return id_


async def put(uow: UnitOfWork, row: Row) -> None:
    """The chair puts it to the vote."""
    await move(uow, resolutions, events.ResolutionPut, row, state="put")


async def _decided(uow: UnitOfWork, row: Row) -> dict[str, Any]:
    number = await next_number(uow.connection, row["body_id"], row["municipal_year"])
    return {"number": number, "decided_on": uow.clock.today()}


async def assent(uow: UnitOfWork, row: Row) -> None:
    """Carried without a count, as most resolutions are [S4-26]."""
    await move(uow, resolutions, events.ResolutionCarried, row, state="carried", **await _decided(uow, row))


async def defer(uow: UnitOfWork, row: Row) -> None:
    """Deferred to a later meeting."""
    await move(uow, resolutions, events.ResolutionDeferred, row, state="deferred", **await _decided(uow, row))


async def withdraw(uow: UnitOfWork, row: Row) -> None:
    """Withdrawn by its mover; it gets no number."""
    await move(uow, resolutions, events.ResolutionWithdrawn, row, state="withdrawn")


async def vote(uow: UnitOfWork, row: Row, room: Room, given: VoteGiven) -> None:
    """Records a vote, and the resolution as carried or lost by it.

    Raises 409 `vote_refused` for more votes than voting members present, a vote of one who is away, does not vote or
    has a prejudicial interest, a casting vote without a tie, and an outcome that the count contradicts or leaves open.
    """
    rules = room.presence.constitution
    count = voting.counted(given.names) if given.count is None else given.count
    refused = voting.refusal_of_names(given.names, room.presence.present, room.interested, rules)
    refused = refused or voting.refusal_of(count, rules, room.voters)
    entitled = votes_of(rules, room.voters)
    if refused is not None:
        raise _refusal(refused)
    outcome = voting.outcome_of(count, entitled, rules.majority, given.declared)
    if given.casting_vote is not None:
        if not (rules.casting_vote and voting.is_tie(count)):
            raise _refusal(Refused("no_casting_vote"))
        outcome = "carried" if given.casting_vote == "for" else "lost"
    if outcome is None:
        raise _refusal(Refused("outcome_left_open"))
    if given.declared not in (None, outcome):
        raise _refusal(Refused("outcome_contradicted"))
    counts: dict[str, Any] = {
        "votes_for": count.in_favour,
        "votes_against": count.against,
        "abstained": count.abstained,
    }
    values = {
        **{name: row[name] for name in ("body_id", "meeting_id")},
        **counts,
        "resolution_id": row["id"],
        "basis": rules.voting,
        "outcome": outcome,
        "entitled": entitled,
        "quorum": room.presence.needed,
        "names": [asdict(cast) for cast in given.names],
        "casting_vote": given.casting_vote,
    }
    vote_id = new_id()
    recorded = write_of(votes, events.VoteRecorded, vote_id, values, create=True, named=bool(given.names))
    await uow.write(votes, [recorded])
    kind = events.ResolutionCarried if outcome == "carried" else events.ResolutionLost
    decided = await _decided(uow, row)
    await move(uow, resolutions, kind, row, state=outcome, vote_id=vote_id, **counts, **decided)


def _refusal(refused: Refused) -> ProblemError:
    extra = {name: value for name, value in asdict(refused).items() if value is not None and name != "code"}
    words = {"reason": VOTE_REFUSALS[refused.code]}
    return ProblemError("vote_refused", words, extra={"reason": refused.code, **extra})
