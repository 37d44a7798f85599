"""Long work as a resource: begun by a command, watched at `/v1/jobs/{id}`, done by the worker.

async def apply_list(work: Work) -> Mapping[str, Any]:            # runs in one transaction, may be repeated
    for done, batch in enumerate(batches, 1):
        ...                                                       # write through work.uow
        await work.progress(done, len(batches))                   # seen at once by whoever watches
    return {"applied": len(batches)}

APPLY = JobKind("list_application", Text("Applying a list", "Cymhwyso rhestr"), apply_list)

async def do(uow):                                                # in an endpoint (jobs.api)
    return await begin_job(call, uow, APPLY, {"list": id})
return await call.command(JobView, do, status=202, location="/v1/jobs/{id}", shown_under="jobs.read")
"""

from service_kit.jobs.kinds import JobKind, Work

__all__ = ["JobKind", "Work"]
