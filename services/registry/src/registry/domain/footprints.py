"""Footprints: the consortium and the health board to which an authority belongs, by date.

An authority is in at most one footprint of a kind on one day. Health boards carry the name that they had on that day:
Abertawe Bro Morgannwg became Swansea Bay, and Cwm Taf became Cwm Taf Morgannwg, when Bridgend moved from one to the
other on 1 April 2019.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from contracts.text import Text
from registry.domain.day_range import DayRange


@dataclass(frozen=True, slots=True)
class Footprint:
    """A footprint and the names that it has had. `names` do not overlap and are in order."""

    code: str
    kind: str
    names: tuple[tuple[DayRange, Text], ...]

    def name_on(self, day: date) -> Text:
        """Its name on a day; the earliest name for a day before it, the latest for a day after it."""
        for days, name in self.names:
            if day in days:
                return name
        first_days, first_name = self.names[0]
        before = first_days.start is not None and day < first_days.start
        return first_name if before else self.names[-1][1]


@dataclass(frozen=True, slots=True)
class Membership:
    """An authority is in a footprint for these days."""

    authority: str
    kind: str
    footprint: str
    days: DayRange


def footprint_of(authority: str, kind: str, day: date, memberships: Iterable[Membership]) -> str | None:
    """The footprint of a kind in which an authority lies on a day."""
    return next(
        (
            membership.footprint
            for membership in memberships
            if membership.authority == authority and membership.kind == kind and day in membership.days
        ),
        None,
    )


def members_on(footprint: str, day: date, memberships: Iterable[Membership]) -> tuple[str, ...]:
    """The authorities in a footprint on a day, by their codes."""
    return tuple(sorted({m.authority for m in memberships if m.footprint == footprint and day in m.days}))


_SWANSEA_SPLIT = date(2019, 4, 1)


def _always(code: str, kind: str, en: str, cy: str) -> Footprint:
    return Footprint(code, kind, ((DayRange(), Text(en, cy)),))


def _renamed(code: str, before: Text, after: Text) -> Footprint:
    return Footprint(
        code, "health_board", ((DayRange(None, _SWANSEA_SPLIT), before), (DayRange(_SWANSEA_SPLIT), after))
    )


_FOOTPRINTS = (
    _always("gwe", "consortium", "GwE, North Wales", "GwE, Gogledd Cymru"),
    _always("erw", "consortium", "ERW, South West and Mid Wales", "ERW, De-orllewin a Chanolbarth Cymru"),
    _always("csc", "consortium", "Central South Consortium", "Consortiwm Canolbarth y De"),
    _always("eas", "consortium", "Education Achievement Service, South East Wales",
            "Gwasanaeth Cyflawni Addysg, De-ddwyrain Cymru"),
    _always("betsi_cadwaladr", "health_board", "Betsi Cadwaladr University Health Board",
            "Bwrdd Iechyd Prifysgol Betsi Cadwaladr"),
    _always("powys", "health_board", "Powys Teaching Health Board", "Bwrdd Iechyd Addysgu Powys"),
    _always("hywel_dda", "health_board", "Hywel Dda University Health Board", "Bwrdd Iechyd Prifysgol Hywel Dda"),
    _renamed("swansea_bay",
             Text("Abertawe Bro Morgannwg University Health Board",
                  "Bwrdd Iechyd Prifysgol Abertawe Bro Morgannwg"),
             Text("Swansea Bay University Health Board", "Bwrdd Iechyd Prifysgol Bae Abertawe")),
    _renamed("cwm_taf_morgannwg",
             Text("Cwm Taf University Health Board", "Bwrdd Iechyd Prifysgol Cwm Taf"),
             Text("Cwm Taf Morgannwg University Health Board", "Bwrdd Iechyd Prifysgol Cwm Taf Morgannwg")),
    _always("cardiff_and_vale", "health_board", "Cardiff and Vale University Health Board",
            "Bwrdd Iechyd Prifysgol Caerdydd a'r Fro"),
    _always("aneurin_bevan", "health_board", "Aneurin Bevan University Health Board",
            "Bwrdd Iechyd Prifysgol Aneurin Bevan"),
)  # fmt: skip

FOOTPRINTS: Mapping[str, Footprint] = {footprint.code: footprint for footprint in _FOOTPRINTS}
"""Every footprint by its code. Which authority is in which is dated and loaded by the operator, not fixed here."""
