"""Paths of several services side by side at the gateway, from the descriptions that it is built with (R70)."""

import json
from pathlib import Path

from gateway.domain.routes import compile_routes

UPSTREAMS = Path(__file__).parents[2] / "services/gateway/src/gateway/upstreams"


def test_a_finding_is_read_from_visits_and_its_chain_from_the_exchange() -> None:
    """X-06: one resource for the client; what is below it may be another service's."""
    documents = {
        path.name.partition(".")[0]: json.loads(path.read_text()) for path in UPSTREAMS.glob("*.openapi.json")
    }
    table = compile_routes(documents)
    found = {}
    for path in ("/v1/findings/1", "/v1/findings/1/chain", "/v1/findings"):
        route = table.match(path)
        assert route is not None
        found[path] = (route.methods["GET"].service, route.methods["GET"].operation)
    assert found == {
        "/v1/findings/1": ("visits", "visits.read"),
        "/v1/findings/1/chain": ("exchange", "visits.read"),
        "/v1/findings": ("visits", "visits.read"),
    }
