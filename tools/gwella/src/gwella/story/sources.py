"""The real data that the story loads, from the registry's package: as published, with its licence beside it."""

import csv
from collections.abc import Iterator
from importlib import resources
from itertools import groupby
from typing import Any

from registry.domain.successions import read_successions

ADDRESS_LIST = "180410-address-list-schools-wales-ency.ods"
LIST_DATE = "2018-04-10"
REGION = ("672", "673", "674", "675", "681")
"""Central South: Bridgend, the Vale of Glamorgan, Rhondda Cynon Taf, Merthyr Tydfil, Cardiff."""


def content(name: str) -> bytes:
    """One file of the registry's data."""
    return resources.files("registry").joinpath("data", name).read_bytes()


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV file of the registry's data."""
    yield from csv.DictReader(content(name).decode("utf-8-sig").splitlines())


def authorities() -> list[dict[str, str]]:
    """The 22 local authorities, as the API takes them."""
    return [
        {
            "authority": row["la_code"],
            "gss_code": row["gss_code"],
            "name_en": row["name_en"],
            "name_cy": row["name_cy"],
        }
        for row in rows("wales-local-authorities.csv")
    ]


def memberships() -> list[dict[str, str]]:
    """Which authority was in which footprint when."""
    return [
        {
            "authority": row["la_code"],
            "footprint": row["footprint"],
            **{name: row[name] for name in ("valid_from", "valid_to") if row[name]},
        }
        for row in rows("footprint-memberships.csv")
    ]


def calendars() -> Iterator[dict[str, Any]]:
    """Term dates of each authority of the region, for both school years that are shipped."""
    for name in ("school-term-dates-2019-20.csv", "school-term-dates-2025-26.csv"):
        for (authority, year), group in groupby(rows(name), key=lambda r: (r["la_code"], r["school_year"])):
            periods = {row["period"]: row for row in group}
            yield {
                "authority": authority,
                "school_year": year,
                "assumed": any("assumed" in row["source_status"] for row in periods.values()),
                "terms": [_term(term, periods) for term in ("autumn", "spring", "summer")],
            }


def successions() -> list[dict[str, Any]]:
    """The amalgamations of Central South until January 2020, as the API takes them."""
    read = read_successions(content("csc-school-successions.csv").decode("utf-8"))
    return [
        {
            "valid_from": one.valid_from.isoformat(),
            "predecessors": list(one.predecessors),
            "successor": one.successor,
            "new_school": {
                "name": one.name,
                "sector": one.sector,
                "school_type": one.school_type,
                "language_category": one.language_category,
            },
        }
        for one in read
    ]


def _term(name: str, periods: dict[str, dict[str, str]]) -> dict[str, str]:
    term, holiday = periods[f"{name}_term"], periods[f"{name}_half_term_holiday"]
    return {
        "name": name,
        "first_day": term["start"],
        "last_day": term["end"],
        "holiday_first_day": holiday["start"],
        "holiday_last_day": holiday["end"],
    }
