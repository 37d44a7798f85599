import csv
from datetime import date

from registry_data import AUTHORITIES, DATA

from contracts.codes import FOOTPRINT_KINDS
from registry.domain.day_range import DayRange
from registry.domain.footprints import FOOTPRINTS, Membership, footprint_of, members_on


def shipped() -> list[Membership]:
    def day(text: str) -> date | None:
        return date.fromisoformat(text) if text else None

    with (DATA / "footprint-memberships.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        Membership(
            r["la_code"], r["kind"], r["footprint"], DayRange(day(r["valid_from"]), day(r["valid_to"]))
        )
        for r in rows
    ]


def test_bridgend_moved_on_1_april_2019() -> None:
    """Domain §3.2: a lookup for 2018 must return Abertawe Bro Morgannwg for Bridgend."""
    memberships = shipped()
    before, after = date(2019, 3, 31), date(2019, 4, 1)
    old = footprint_of("672", "health_board", before, memberships)
    assert old == "swansea_bay"
    assert FOOTPRINTS[old].name_on(before).en == "Abertawe Bro Morgannwg University Health Board"
    new = footprint_of("672", "health_board", after, memberships)
    assert new == "cwm_taf_morgannwg"
    assert FOOTPRINTS[new].name_on(after).cy == "Bwrdd Iechyd Prifysgol Cwm Taf Morgannwg"
    assert members_on("cwm_taf_morgannwg", before, memberships) == ("674", "675")
    assert members_on("cwm_taf_morgannwg", after, memberships) == ("672", "674", "675")


def test_central_south_is_five_authorities() -> None:
    assert members_on("csc", date(2020, 1, 6), shipped()) == ("672", "673", "674", "675", "681")


def test_every_authority_is_in_one_footprint_of_each_kind_at_a_time() -> None:
    memberships = shipped()
    for day in (date(2018, 4, 10), date(2019, 3, 31), date(2019, 4, 1), date(2026, 1, 1)):
        for kind in ("consortium", "health_board"):
            for authority in AUTHORITIES:
                held = [
                    m for m in memberships if (m.authority, m.kind) == (authority, kind) and day in m.days
                ]
                assert len(held) == 1
                assert held[0].footprint in FOOTPRINTS
    assert footprint_of("672", "consortium", date(2010, 1, 1), memberships) is None
    assert {footprint.kind for footprint in FOOTPRINTS.values()} == {entry.code for entry in FOOTPRINT_KINDS}


def test_a_name_outside_the_known_days_is_the_nearest() -> None:
    footprint = FOOTPRINTS["swansea_bay"]
    assert footprint.name_on(date(1990, 1, 1)).cy == "Bwrdd Iechyd Prifysgol Abertawe Bro Morgannwg"
    assert footprint.name_on(date(2050, 1, 1)).cy == "Bwrdd Iechyd Prifysgol Bae Abertawe"
