"""The register as a whole: its texts, its migration, its description."""

import re

from registry_api import Register
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import create_async_engine

from registry.domain.data_quality import RULES, Severity
from registry.service import service
from registry.storage.tables import metadata
from service_kit.app import catalogue_of
from service_kit.migrations.draft import draft
from service_kit.problems import load_catalogue


def test_every_fault_of_a_list_is_in_the_catalogue_with_the_words_of_its_rule() -> None:
    faults = {id_: rule.text for id_, rule in RULES.items() if rule.severity is Severity.fault}
    catalogue = catalogue_of(service)
    for id_, text in faults.items():
        kind = catalogue.faults[id_]
        assert (kind.detail.en, kind.detail.cy) == (f"{text.en} {{where}}", f"{text.cy} {{where}}")
    own = load_catalogue(service.package / "problems.toml")
    assert {code for code in own.faults if code.startswith("DQ-")} == set(faults)


def test_every_fault_of_a_calendar_is_in_the_catalogue() -> None:
    faults = {code for code in catalogue_of(service).faults if code.startswith("calendar_")}
    source = (service.package / "domain" / "school_calendar.py").read_text("utf-8")
    assert set(re.findall(r'CalendarFault\(\s*"(\w+)"', source)) == faults


async def test_the_migration_makes_the_declared_tables(register: Register) -> None:
    engine = create_async_engine(register.database.owner_url)
    async with engine.begin() as connection:
        said = await connection.run_sync(draft, metadata)
    await engine.dispose()
    assert "op." not in said, said


async def test_without_a_decision_the_api_role_sees_nobody(region: Register) -> None:
    """Row-level security is the second lock: a transaction that says nothing about its caller sees no row."""
    person_id = await region.person("Llinos Prawf")
    officer = region.caller("consortium_officer", body="csc", person_id="p0")
    await officer.post("/v1/schools/6732118/contacts", {"post": "clerk", "name": "Clerc Prawf"})
    await officer.post(
        "/v1/adviser-allocations",
        {"school_number": "6732118", "person_id": person_id, "valid_from": "2019-09-01"},
    )
    engine = create_async_engine(region.database.api_url)
    async with engine.connect() as connection:
        for table in ("contact_slices", "person_slices", "adviser_allocation_slices", "school_slices"):
            assert await region.count(table) > 0
            assert await connection.scalar(select(func.count()).select_from(metadata.tables[table])) == 0
    await engine.dispose()


async def test_the_description_names_an_operation_for_every_route(register: Register) -> None:
    document = (await register.client.get("/openapi.json")).json()
    routes = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/v1/")
    ]
    assert len(routes) >= 40
    assert all(operation.get("x-gwella-operation") for _, _, operation in routes)
    assert len({operation["operationId"] for _, _, operation in routes}) == len(routes)
