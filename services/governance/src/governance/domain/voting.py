"""Votes: who may cast one, how many there can be, what came of it. Abstentions do not count [flows 2]."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from governance.domain.constitutions import Constitution, Member, Share, counted_present, votes_of


@dataclass(frozen=True, slots=True)
class Count:
    """Votes as counted. `against` None: not counted, as in the schools forum's "8 in favour, 4 abstained" [S4-26]."""

    in_favour: int
    against: int | None
    abstained: int

    @property
    def cast(self) -> int:
        """How many are known to have voted or abstained."""
        return self.in_favour + (self.against or 0) + self.abstained


@dataclass(frozen=True, slots=True)
class Cast:
    """How one member voted: for, against or abstained."""

    member_id: str
    way: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a vote is refused: a fault's code, and whom or how many it is about."""

    code: str
    member_id: str | None = None
    cast: int | None = None
    entitled: int | None = None


def carried(count: Count, majority: Share) -> bool:
    """Whether more than the majority's share of the votes cast was in favour; a tie is lost."""
    against = count.against or 0
    return count.in_favour * majority.denominator > (count.in_favour + against) * majority.numerator


def outcome_of(count: Count, entitled: int, majority: Share, declared: str | None) -> str | None:
    """carried or lost.

    Where the votes against were not counted, as many as were entitled and are unaccounted for may have been cast: what
    holds whatever their number is the outcome; otherwise it is what the chair declared, and None where nothing was.
    """
    if count.against is not None:
        return "carried" if carried(count, majority) else "lost"
    most = max(0, entitled - count.in_favour - count.abstained)
    if carried(Count(count.in_favour, most, count.abstained), majority):
        return "carried"
    if not carried(Count(count.in_favour, 0, count.abstained), majority):
        return "lost"
    return declared


def is_tie(count: Count) -> bool:
    """As many for as against, and some: where a constitution gives it, the chair has a casting vote."""
    return count.against is not None and count.in_favour == count.against and count.in_favour > 0


def eligible(present: Sequence[Member], interested: Collection[str]) -> list[Member]:
    """Those present who vote and have no prejudicial interest in the item."""
    return [member for member in present if member.voting and member.id not in interested]


def refusal_of(count: Count, constitution: Constitution, voters: Sequence[Member]) -> Refused | None:
    """Why a count cannot be: more votes than voting members present (or authorities, where these vote)."""
    entitled = votes_of(constitution, voters)
    if count.cast > entitled:
        return Refused("more_votes_than_members", None, count.cast, entitled)
    return None


def refusal_of_names(
    names: Sequence[Cast], present: Sequence[Member], interested: Collection[str], constitution: Constitution
) -> Refused | None:
    """Why a vote by name cannot be: one who is not there, does not vote, has an interest, or votes twice."""
    here = {member.id: member for member in present}
    twice = Counter(
        here[cast.member_id].represents if constitution.voting == "per_authority" else cast.member_id
        for cast in names
        if cast.member_id in here
    )
    for cast in names:
        member = here.get(cast.member_id)
        if member is None:
            return Refused("member_not_present", cast.member_id)
        if not member.voting:
            return Refused("member_does_not_vote", cast.member_id)
        if member.id in interested:
            return Refused("member_has_interest", cast.member_id)
        voice = member.represents if constitution.voting == "per_authority" else member.id
        if twice[voice] > 1:
            return Refused("votes_twice", cast.member_id)
    return None


def counted(names: Sequence[Cast]) -> Count:
    """The count of a vote by name."""
    ways = Counter(cast.way for cast in names)
    return Count(ways["for"], ways["against"], ways["abstained"])


def quorate(constitution: Constitution, present: Sequence[Member], needed: int) -> bool:
    """Whether those present suffice; asked anew whenever somebody leaves or returns."""
    return counted_present(constitution, present) >= needed
