"""A school's support category through its steps, from the self-evaluation to the publication and after (S2-21, D-06).

Until it is published a category holds on no day and is confidential; published, it holds from its date on, and the
school's earlier category holds until then.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.exc import IntegrityError

from contracts.data_class import DataClass
from contracts.events.visits_categories import (
    CategoryAgreed,
    CategoryChangedInYear,
    CategoryDisagreementLodged,
    CategoryFacts,
    CategoryHeld,
    CategoryModerated,
    CategoryProposed,
    CategoryPublished,
    CategorySelfEvaluated,
    CategorySettledInConfidence,
    CategorySuperseded,
    CategoryVerified,
)
from service_kit.known_schools import KnownSchool
from service_kit.problems import Fault, ProblemError
from service_kit.reading import values_of
from service_kit.records import Write
from service_kit.refusals import sqlstate
from service_kit.unit_of_work import UnitOfWork
from visits.domain.schemes import Judged, Scheme, direction
from visits.storage.categories import held_around
from visits.storage.conventions import schemes
from visits.storage.tables import categories

Row = Mapping[str, Any]
_EXCLUDED = "23P01"


def category_id(scheme: str, school_year: str, number: str) -> str:
    """Like `national_2014.2019-20.6732118`: one round of a school in a scheme and year."""
    return f"{scheme}.{school_year.replace('/', '-')}.{number}"


def category_write(
    id_: str,
    kind: type[CategoryFacts],
    values: Mapping[str, Any],
    *,
    create: bool = False,
    alone: bool = False,
    valid_from: date | None = None,
    valid_to: date | None = None,
    **told: Any,
) -> Write:
    """The write of one category; a value is carried only by the events of a category that is public."""
    carried: dict[str, Any] = {
        "category_id": id_,
        "authority": values["authority"],
        "school": values["school_number"],
        **{name: values[name] for name in ("scheme", "school_year", "state")},
        "valid_from": valid_from,
        "valid_to": valid_to,
        **told,
    }
    if issubclass(kind, CategoryHeld):
        carried |= {
            name: values[name]
            for name in ("value", "dated", "ceiling_days", "intensive_monitoring", "imported")
        }
    return Write(
        id=id_,
        subject=f"/categories/{id_}",
        values=values,
        event=kind(**carried),
        valid_from=valid_from,
        valid_to=valid_to,
        create=create,
        alone=alone,
        reason=values["reason"],
    )


def refuse_scheme(code: str, school_year: str) -> Scheme:
    """The scheme. Raises 422 where there is none of this code, or it was not in use in the year."""
    scheme = schemes().get(code)
    if scheme is None:
        raise ProblemError(
            "validation_failed", errors=[Fault("/scheme", "not_in_list", {"expected": ", ".join(schemes())})]
        )
    if not scheme.judged_in(school_year):
        raise ProblemError(
            "validation_failed",
            errors=[Fault("/school_year", "scheme_not_in_use", {"first": scheme.first_school_year})],
        )
    return scheme


def refuse_value(scheme: Scheme, value: str, pointer: str = "/value") -> None:
    """Raises 422 where the scheme has no such value."""
    if value not in scheme.values:
        expected = ", ".join(scheme.values)
        raise ProblemError(
            "validation_failed", errors=[Fault(pointer, "not_in_list", {"expected": expected})]
        )


def new_values(school: KnownSchool, scheme: Scheme, school_year: str, **given: Any) -> dict[str, Any]:
    """The values of a category at its beginning."""
    return (
        dict.fromkeys(categories.own)
        | {
            "school_number": school.number,
            "authority": school.authority,
            "scheme": scheme.code,
            "school_year": school_year,
            "data_class": DataClass.confidential.value,
            "holds_for": category_id(scheme.code, school_year, school.number),
            "intensive_monitoring": False,
            "imported": False,
        }
        | given
    )


def holding(scheme: Scheme, number: str, value: str, dated: date) -> dict[str, Any]:
    """What becomes of the values when a category holds."""
    of_value = scheme.values[value]
    return {
        "state": "published",
        "value": value,
        "dated": dated,
        "holds_for": number,
        "data_class": (DataClass.public if scheme.public else DataClass.confidential).value,
        "ceiling_days": of_value.ceiling_days,
        "intensive_monitoring": of_value.intensive_monitoring,
    }


async def begin(uow: UnitOfWork, school: KnownSchool, scheme: Scheme, school_year: str, text: str) -> str:
    """Begins the round of a school with its own evaluation. Raises 409 `already_exists`."""
    id_ = category_id(scheme.code, school_year, school.number)
    values = new_values(school, scheme, school_year, state="self_evaluated", self_evaluation=text)
    await uow.write(categories, [category_write(id_, CategorySelfEvaluated, values, create=True)])
    return id_


async def _move(uow: UnitOfWork, row: Row, kind: type[CategoryFacts], *changed: str, **new: Any) -> None:
    values = values_of(categories, row, **new)
    await uow.write(categories, [category_write(row["id"], kind, values, changed=changed)])


async def propose(uow: UnitOfWork, row: Row, value: str, rationale: str) -> None:
    """The adviser proposes a value of the scheme."""
    refuse_value(schemes()[row["scheme"]], value)
    await _move(
        uow,
        row,
        CategoryProposed,
        "value",
        "rationale",
        state="adviser_proposed",
        value=value,
        rationale=rationale,
    )


async def agree(uow: UnitOfWork, row: Row) -> None:
    """The school agrees."""
    await _move(uow, row, CategoryAgreed, state="agreed_with_school")


async def disagree(uow: UnitOfWork, row: Row, text: str) -> None:
    """The school lodges a disagreement (form F1)."""
    await _move(
        uow, row, CategoryDisagreementLodged, "disagreement", state="disagreement_lodged", disagreement=text
    )


async def moderate(uow: UnitOfWork, row: Row, value: str | None, reason: str | None) -> None:
    """The region moderates; a value other than the proposed one needs a reason."""
    moved = value is not None and value != row["value"]
    if value is not None:
        refuse_value(schemes()[row["scheme"]], value)
    if moved and not reason:
        raise ProblemError("validation_failed", errors=[Fault("/reason", "missing")])
    changed = ("value",) if moved else ()
    await _move(
        uow,
        row,
        CategoryModerated,
        *changed,
        state="regionally_moderated",
        value=value or row["value"],
        reason=reason,
    )


async def verify(uow: UnitOfWork, row: Row) -> None:
    """The national verification is recorded."""
    await _move(uow, row, CategoryVerified, state="nationally_verified")


async def publish(uow: UnitOfWork, row: Row, dated: date) -> None:
    """Publishes a category: it holds from `dated` on, and the one before until then.

    Raises 409 `category_on_this_day` where another one begins on that day or later.
    """
    scheme, number = schemes()[row["scheme"]], row["school_number"]
    values = values_of(categories, row, **holding(scheme, number, row["value"], dated))
    kind = CategoryPublished if scheme.public else CategorySettledInConfidence
    closing = await superseding(uow, [number], dated)
    await write_held(
        uow, [*closing, category_write(row["id"], kind, values, alone=True, valid_from=dated)], number
    )


async def superseding(uow: UnitOfWork, numbers: list[str], dated: date) -> list[Write]:
    """The writes by which the schools' earlier categories no longer hold from a day on; the days before stay.

    Raises 409 `category_on_this_day` where one begins on that day or later.
    """
    writes = []
    for held in await held_around(uow.connection, numbers, dated):
        if held["valid_from"] >= dated:
            raise _on_this_day(held["school_number"])
        kind = CategorySuperseded if held["data_class"] == DataClass.public else CategorySettledInConfidence
        values = values_of(categories, held, state="superseded", holds_for=held["id"], reason=None)
        writes.append(category_write(held["id"], kind, values, valid_from=dated, changed=("state",)))
    return writes


async def write_held(uow: UnitOfWork, writes: list[Write], number: str) -> None:
    """Writes categories that hold; the exclusion constraint decides between two who publish in the same moment."""
    try:
        await uow.write(categories, writes)
    except IntegrityError as error:
        if sqlstate(error) == _EXCLUDED:
            raise _on_this_day(number) from error
        raise


async def change_in_year(uow: UnitOfWork, row: Row, value: str, dated: date, reason: str) -> None:
    """Changes a published category from a day of its year on, with a reason; earlier days keep the earlier value."""
    scheme = schemes()[row["scheme"]]
    refuse_value(scheme, value)
    if direction(Judged(scheme, row["value"]), Judged(scheme, value)) == 0:
        raise ProblemError("validation_failed", errors=[Fault("/value", "same_value")])
    if row["valid_from"] is None or dated <= row["valid_from"]:
        raise ProblemError("validation_failed", errors=[Fault("/dated", "before_the_category")])
    values = values_of(categories, row, **holding(scheme, row["school_number"], value, dated), reason=reason)
    told: dict[str, Any] = {"previous_value": row["value"]} if scheme.public else {}
    kind = CategoryChangedInYear if scheme.public else CategorySettledInConfidence
    await write_held(
        uow,
        [
            category_write(
                row["id"],
                kind,
                values,
                valid_from=dated,
                valid_to=row["valid_to"],
                changed=("value",),
                **told,
            )
        ],
        row["school_number"],
    )


def _on_this_day(number: str) -> ProblemError:
    return ProblemError("category_on_this_day", {"school": number})
