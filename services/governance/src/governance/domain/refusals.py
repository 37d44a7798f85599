"""Why an appointment or a vote is refused, as a person reads it: by the code that the rules give."""

from collections.abc import Mapping
from typing import Final

from contracts.text import Text

APPOINTMENT_REFUSALS: Final[Mapping[str, Text]] = {
    "no_such_seat": Text(
        "The body's constitution has no such seat.", "Nid oes sedd o'r fath yng nghyfansoddiad y corff."
    ),
    "authority_not_of_body": Text(
        "The seat belongs to an authority, and this is none of the body's.",
        "Mae'r sedd yn perthyn i awdurdod, ac nid yw hwn yn un o awdurdodau'r corff.",
    ),
    "office_taken": Text(
        "Somebody else holds this office.", "Mae rhywun arall yn dal y swydd hon o fewn y corff."
    ),
    "chair_not_eligible": Text("The chair comes from another seat.", "O sedd arall y daw'r cadeirydd."),
    "attends_only": Text(
        "Whoever holds this seat attends only, and has no vote.",
        "Dim ond mynychu a wna'r sawl sydd yn y sedd hon, heb bleidlais.",
    ),
    "seat_full": Text("The seat is taken.", "Mae'r sedd wedi'i llenwi."),
    "already_member": Text(
        "This person is a member of the body already.", "Mae'r person hwn yn aelod o'r corff eisoes."
    ),
}

VOTE_REFUSALS: Final[Mapping[str, Text]] = {
    "more_votes_than_members": Text(
        "There are more votes than those present may cast.",
        "Mae mwy o bleidleisiau nag y caiff y rhai sy'n bresennol eu bwrw.",
    ),
    "member_not_present": Text("A member named is not in the room.", "Nid yw aelod a enwir yn yr ystafell."),
    "member_does_not_vote": Text("A member named has no vote.", "Nid oes pleidlais gan aelod a enwir."),
    "member_has_interest": Text(
        "A member named has a prejudicial interest in the item.",
        "Mae gan aelod a enwir fuddiant rhagfarnol yn yr eitem.",
    ),
    "votes_twice": Text("A vote is cast twice.", "Bwriwyd pleidlais ddwywaith."),
    "no_casting_vote": Text(
        "There is no casting vote: the constitution gives none, or the votes are not tied.",
        "Nid oes pleidlais fwrw: nid yw'r cyfansoddiad yn rhoi un, neu nid yw'r pleidleisiau'n gyfartal.",
    ),
    "outcome_contradicted": Text(
        "The count has another outcome than the one declared.",
        "Mae canlyniad y cyfrif yn wahanol i'r un a ddatganwyd.",
    ),
    "outcome_left_open": Text(
        "The count leaves the outcome open: the chair declares it.",
        "Mae'r cyfrif yn gadael y canlyniad yn agored: y cadeirydd sy'n ei ddatgan.",
    ),
}
