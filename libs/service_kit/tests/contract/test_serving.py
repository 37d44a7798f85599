"""What a service serves beside its routes: health, its description, its problems; and a run of schemathesis on it."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from pydantic import SecretStr
from sqlalchemy import text

from contracts.text import Text
from eventing.loop import Health as LoopHealth
from service_kit.app import NotMigratedError, create_app
from service_kit.jobs.api import JobView
from service_kit.problems import generic_catalogue
from service_kit.routing import Router
from service_kit.settings import Settings


async def test_health(bench) -> None:
    """R60: live, ready, started; ready fails while draining, without the database, with a stopped consumer."""
    for path in ("/livez", "/readyz", "/startupz"):
        answer = await bench.ask("GET", path, None)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok"), answer.text
    assert answer.headers["cache-control"] == "no-store"
    health = bench.app.state.health
    health.draining = True
    assert (await bench.ask("GET", "/readyz", None)).status_code == 503
    assert (await bench.ask("GET", "/livez", None)).status_code == 200
    health.draining = False
    health._ticked -= 60
    assert (await bench.ask("GET", "/livez", None)).status_code == 503


async def test_ready_needs_the_database_and_its_consumers(bench) -> None:
    """R60: a database that cannot be reached, an old schema, a part that stopped itself: not ready."""
    import contract_example

    beside = SimpleNamespace(loops=[LoopHealth("consumer", running=True)], wakes={}, bells={})
    nowhere = "postgresql+asyncpg://nobody:x@127.0.0.1:1/none"
    settings = Settings(database_url=SecretStr(nowhere), cursor_secret=SecretStr("x" * 16))
    app = create_app(contract_example.service, settings, clock=bench.clock, runtime=beside)
    checks = await app.state.health.ready()
    assert checks == {
        "accepting": False, "issuer_keys": False, "database": False, "migrations": False, "background": True,
    }  # fmt: skip
    beside.loops[0].stopped = "too many parked"
    assert (await app.state.health.ready())["background"] is False
    await app.state.serving.database.dispose()


async def test_an_old_schema_stops_the_start(bench) -> None:
    """R61: a service whose database is not at the head of its migrations does not start."""
    import contract_example

    async with bench.worker.transaction() as connection:
        await connection.execute(text("select 1"))
    owner = bench.database.owner_url
    from service_kit.database import Database

    database = Database(owner)
    async with database.transaction() as connection:
        await connection.execute(text("delete from alembic_version"))
    await database.dispose()
    settings = Settings(database_url=SecretStr(bench.database.api_url), cursor_secret=SecretStr("x" * 16))
    app = create_app(contract_example.service, settings, clock=bench.clock)
    with pytest.raises(NotMigratedError):
        async with app.router.lifespan_context(app):
            pass


async def test_a_database_that_goes_away_is_503(bench) -> None:
    """R09: what passes is 503 with Retry-After, not 500."""
    await bench.app.state.serving.database.dispose()
    engine = bench.app.state.serving.database.engine
    replaced = replace(bench.app.state.serving, database=_unreachable())
    bench.app.state.serving = replaced
    answer = await bench.ask("GET", "/v1/schools")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
        503,
        "unavailable",
        "1",
    )
    await engine.dispose()


def _unreachable() -> Any:
    from service_kit.database import Database

    return Database("postgresql+asyncpg://nobody:x@127.0.0.1:1/none")


async def test_problems_are_served(bench) -> None:
    """R01: the type of every problem resolves, in both languages."""
    listed = (await bench.ask("GET", "/problems", None)).json()["problems"]
    assert {entry["code"] for entry in listed} == set(generic_catalogue().problems)
    one = (await bench.ask("GET", "/problems/not_found", None)).json()
    assert (one["type"], one["status"], one["title"]["cy"]) == ("/problems/not_found", 404, "Heb ei ganfod")
    assert (await bench.ask("GET", "/problems/none", None)).status_code == 404


async def test_the_description(bench) -> None:
    """R62: OpenAPI 3.1 with stable operation ids, rights, problems as problem+json, classes of fields."""
    described = (await bench.ask("GET", "/openapi.json", None)).json()
    assert described["openapi"] == "3.1.0"
    change = described["paths"]["/v1/schools/{number}"]["patch"]
    assert change["operationId"] == "change_school"
    assert change["x-gwella-operation"] == "schools.write"
    assert change["x-operation-title"] == {"en": "Change schools", "cy": "Newid ysgolion"}
    assert change["security"] == [{"oauth2": ["schools.write"]}]
    assert list(change["requestBody"]["content"]) == ["application/merge-patch+json"]
    assert set(change["responses"]) == {
        "200", "400", "401", "403", "404", "406", "412", "413", "415", "422", "428", "429", "500", "503",
        "504",
    }  # fmt: skip
    assert list(change["responses"]["422"]["content"]) == ["application/problem+json"]
    headers = {p["name"]: p["required"] for p in change["parameters"] if p["in"] == "header"}
    assert headers == {"Accept-Language": False, "If-Match": True}
    school = described["components"]["schemas"]["SchoolView"]
    assert school["properties"]["head_teacher"]["x-data-class"] == "personal"
    assert "head_teacher" not in school["required"]
    assert "name" in school["required"]
    for path in described["paths"].values():
        for operation in path.values():
            assert "HTTPValidationError" not in str(operation)
    for schema in described["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


async def test_a_route_that_promises_nothing_is_refused() -> None:
    """R63: no route without an operation that exists, and none that reads the contract's parameters itself."""
    router = Router("things", Text("Things", "Pethau"))

    with pytest.raises(ValueError, match="no such operation"):
        router.get("/things", operation="things.read", response_model=JobView)
    with pytest.raises(TypeError):
        router.get("/things", operation="schools.read")
    with pytest.raises(ValueError, match="contract reads"):

        @router.page("/things", operation="schools.read", response_model=None)
        async def list_things(limit: int) -> None: ...


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application on a real server in a thread with a loop of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 15
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(15)


def test_schemathesis_finds_nothing(migrated_database, tmp_path) -> None:
    """R62: the description and the service agree, for what is generated from the description and against it."""
    import contract_example
    from contract_conftest import authenticate, migrate

    database = migrated_database("registry", migrate)
    settings = Settings(database_url=SecretStr(database.api_url), cursor_secret=SecretStr("x" * 16))
    app = create_app(contract_example.service, settings, authenticate=authenticate)
    # 428 is what RFC 6585 has for a missing If-Match.
    (tmp_path / "schemathesis.toml").write_text(
        "[checks.missing_required_header]\nexpected-statuses = [400, 422, 428]\n"
        # An If-Match of another form names a version that is not the current one, like any other old tag.
        "[checks.negative_data_rejection]\n"
        'expected-statuses = ["400", "401", "403", "404", "406", "409", "412", "415", "422", "428", "429", "5xx"]\n'
    )
    with served(app) as url:
        token = {"Authorization": "Bearer operator"}
        for number in range(3):
            new = {"number": f"673210{number}", "authority": "673", "name": "A"}
            done = httpx.post(f"{url}/v1/schools", json=new, headers=token | {"Idempotency-Key": str(number)})
            assert done.status_code == 201
        found = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", "--header",
                "Authorization: Bearer operator", "--phases", "examples,coverage,fuzzing", "--max-examples", "5",
                # What a client must have been given (a cursor, an ETag) or may use once (a key) no schema can say.
                "--exclude-checks", "positive_data_acceptance", "--seed", "1", "--no-color",
                "--generation-database", "none",
            ],
            check=False, capture_output=True, text=True, cwd=tmp_path, timeout=240,
            env={**os.environ, "SCHEMATHESIS_HOOKS": ""},
        )  # fmt: skip
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]
