"""A school's governing body follows it to another authority.

Rights on its meetings are the body's own. What it did before stays as it was recorded, under the authority of then.
"""

from collections.abc import Mapping
from typing import Any, Final

from contracts.events.governance_moves import BodyMoved
from governance.storage.conventions import constitutions
from governance.storage.tables import bodies
from governance.usecases.writes import write_of
from service_kit.moving import Move, Moving
from service_kit.records import Write


def _of_new_authority(values: dict[str, Any], move: Move) -> dict[str, Any]:
    named = [move.new_authority if code == move.old_authority else code for code in values["authorities"]]
    return values | {"authorities": named}


def _body(id_: str, values: Mapping[str, Any]) -> Write:
    meetings = constitutions()[values["constitution"]].meetings_a_year
    return write_of(bodies, BodyMoved, id_, values, meetings_a_year=meetings)


KINDS: Final = (Moving(bodies, _body, renamed=_of_new_authority),)
