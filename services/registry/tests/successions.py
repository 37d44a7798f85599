"""The successions of Central South that the package ships, as the API takes them."""

from typing import Any

from registry_data import DATA

from registry.domain.successions import read_successions

FILE = "csc-school-successions.csv"


def amalgamations() -> list[dict[str, Any]]:
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
        for one in read_successions((DATA / FILE).read_text("utf-8"))
    ]
