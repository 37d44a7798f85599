"""`/measurements`: what this copy counted of its requests, for the exchange to gather.

Asked without a token, like `/readyz`: it holds sums of the whole, and the service levels made of it are every
caller's to read.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.usecases.measure import RequestCounts


def measurement_routes(counts: RequestCounts) -> list[Route]:
    """The one address."""

    async def measurements(_: Request) -> Response:
        said = counts.told().model_dump_json()
        return Response(said, media_type="application/json", headers={"Cache-Control": "no-store"})

    return [Route("/measurements", measurements, include_in_schema=False)]
