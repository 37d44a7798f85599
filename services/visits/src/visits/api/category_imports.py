"""Published lists of support categories: sent in as a file, applied by a job as one change."""

from datetime import date
from typing import Final

from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Text
from service_kit.call import Call
from service_kit.jobs.api import JobView, begin_job
from service_kit.permitting import demand
from service_kit.problems import ProblemError
from service_kit.reading import Row
from service_kit.routing import Router
from service_kit.unit_of_work import UnitOfWork
from service_kit.uploads import Upload
from visits.api.fields import SchemeCode, SchoolYear
from visits.usecases.import_categories import IMPORT, SentCategories, check_list, receive_list
from visits.usecases.judge_category import refuse_scheme

router = Router("category-imports", Text("Imports of categories", "Mewnforio categorïau"))

FILE: Final = Upload(("text/csv",), max_bytes=5_000_000)


@router.post(
    "/category-imports", operation="categories.import", response_model=JobView, status=202, upload=FILE,
    problems=["list_has_faults", "scheme_not_published", "category_on_this_day"],
)  # fmt: skip
async def import_category_list(
    call: Call, dated: date, scheme: SchemeCode, school_year: SchoolYear
) -> Response:
    """Sends in the published list (CSV): with a fault nothing is kept, and every fault is answered with its row.

    Otherwise a job publishes the categories, dated `dated`. A list that was imported before changes nothing.
    """
    upload = call.upload
    if upload is None:
        raise ProblemError("malformed_request")
    sent = SentCategories(upload.file.read(), refuse_scheme(scheme, school_year), school_year, dated)

    async def do(uow: UnitOfWork) -> Row:
        _, known = await check_list(uow, sent)
        for school in known.values():
            demand(call, DataClass.public, authority=school.authority, school=school.number)
        list_id = await receive_list(uow, sent)
        return await begin_job(call, uow, IMPORT, {"list": list_id})

    return await call.command(JobView, do, status=202, location="/v1/jobs/{id}", shown_under="jobs.read")
