"""Every event has one publisher, every route says who may call it, every metric is measured (design §3, §4, §6)."""

import copy
import re
from pathlib import Path
from typing import Any

import pytest

import contracts.events  # noqa: F401  (registers every event class)
from contracts.event import EVENTS
from contracts.events.registry import ListApplied, SchoolRegistered
from contracts.text import Text
from eventing import metrics as backbone
from eventing.envelope import Envelope
from eventing.reactions import Unit, reactions_of, reacts_to
from gwella.contracts.openapi import service_document
from gwella.suite.topology import read_topology
from service_kit import metrics
from service_kit.service import Service
from testkit.architecture import python_files, service_names
from testkit.architecture.promises import (
    load_services,
    misnamed,
    published_by_others,
    reacts_to_nothing,
    undeclared_routes,
)

ROOT = Path(__file__).parents[2]
NAMES = service_names(ROOT)
SERVICES = {service.name: service for service in load_services(NAMES)}


def test_services_are_called_what_their_folders_are_called() -> None:
    assert list(misnamed(list(SERVICES.values()), NAMES)) == []
    assert len(list(misnamed(list(SERVICES.values()), [f"x{name}" for name in NAMES]))) == len(NAMES)


def test_every_event_has_one_publisher() -> None:
    breaches = [str(breach) for breach in published_by_others(list(SERVICES.values()), EVENTS)]
    assert not breaches, "\n".join(breaches)


def test_every_reaction_has_something_to_react_to() -> None:
    assert [str(breach) for breach in reacts_to_nothing(list(SERVICES.values()))] == []

    @reacts_to(SchoolRegistered)
    async def keep(event: SchoolRegistered, envelope: Envelope, unit: Unit) -> None:
        """Keeps nothing."""

    waits = Service("visits", Text("Planted", "Wedi'i blannu"), Path(), reactions=reactions_of(keep))
    assert len(list(reacts_to_nothing([waits]))) == 1
    assert list(reacts_to_nothing([waits, planted("registry", SchoolRegistered)])) == []


def planted(name: str, *publishes: Any) -> Service:
    return Service(name, Text("Planted", "Wedi'i blannu"), Path(), publishes=publishes)


@pytest.mark.parametrize(
    ("services", "said"),
    [
        ([planted("registry")], "names registry, is published by nobody"),
        ([planted("visits", SchoolRegistered)], "names registry, is published by visits"),
        (
            [planted("registry", SchoolRegistered), planted("visits", SchoolRegistered)],
            "names registry, is published by registry, visits",
        ),
    ],
)
def test_a_wrong_publisher_is_found(services: list[Service], said: str) -> None:
    known = {SchoolRegistered.TYPE: SchoolRegistered}
    assert [breach.message for breach in published_by_others(services, known)] == [said]


def test_an_event_outside_the_contracts_is_found() -> None:
    services = [planted("registry", SchoolRegistered, ListApplied)]
    known = {SchoolRegistered.TYPE: SchoolRegistered}
    assert [b.message for b in published_by_others(services, known)] == ["ListApplied is not in contracts"]


@pytest.mark.parametrize("name", NAMES)
def test_every_route_is_declared(name: str) -> None:
    document = service_document(SERVICES[name])
    breaches = [str(breach) for breach in undeclared_routes(name, document)]
    assert not breaches, "\n".join(breaches)


ROUTE: dict[str, Any] = {
    "x-gwella-operation": "schools.read",
    "security": [{"oauth2": ["schools.read"]}],
    "description": "One school.",
    "responses": {
        "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/SchoolView"}}}},
        "404": {"description": "not_found"},
    },
}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({}, None),
        (
            {"x-gwella-operation": "schools.burn"},
            "its operation is 'schools.burn', which no role can be granted",
        ),
        ({"security": []}, "its security does not ask for its operation"),
        ({"description": " "}, "no docstring: it is the public description"),
        ({"responses": {"200": ROUTE["responses"]["200"]}}, "no problem is declared"),
        ({"responses": {"200": {"description": "x"}, "404": {}}}, "no response model"),
        (
            {"responses": {"200": {"content": {"application/json": {"schema": {}}}}, "404": {}}},
            "no response model",
        ),
    ],
)
def test_an_undeclared_route_is_found(fault: dict[str, Any], said: str | None) -> None:
    document = {
        "paths": {"/v1/schools/{number}": {"get": copy.deepcopy(ROUTE) | fault}, "/livez": {"get": {}}}
    }
    found = [breach.message for breach in undeclared_routes("registry", document)]
    assert (said in found) if said else (found == [])


def unmeasured(module: str, catalogue: tuple[str, ...], code: str) -> list[str]:
    """Names of a catalogue that nothing outside its own module uses."""
    return [name for name in catalogue if not re.search(rf"\b{name}\b", code)]


def names_in(module: Any) -> tuple[str, ...]:
    return tuple(name for name, value in vars(module).items() if value in module.CATALOGUE and name.isupper())


def test_every_metric_of_the_backbone_is_measured_somewhere() -> None:
    code = "\n".join(
        f.text for f in python_files(ROOT) if "src" in f.path and not f.path.endswith("metrics.py")
    )
    assert len(names_in(backbone)) == len(backbone.CATALOGUE)
    assert unmeasured("eventing", names_in(backbone), code) == []
    assert unmeasured("eventing", ("NEVER_MEASURED_ANYWHERE",), code) == ["NEVER_MEASURED_ANYWHERE"]


def test_metrics_have_one_name_a_unit_and_a_description() -> None:
    both = [*metrics.CATALOGUE, *backbone.CATALOGUE]
    assert len({metric.name for metric in both}) == len(both)
    assert all(metric.unit and metric.description.endswith(".") for metric in both)


def test_the_topology_says_what_the_services_do() -> None:
    """Who publishes and who hears, as it runs, is what deploy/topology.toml says."""
    topology = read_topology(ROOT / "deploy" / "topology.toml")
    assert sorted(plan.name for plan in topology.services) == NAMES
    for plan in topology.services:
        service = SERVICES[plan.name]
        assert plan.database == (service.foundation is not None), plan.name
        assert plan.publishes == (service.topic if service.publishes else None), plan.name
        published = set(topology.topics)
        assert set(plan.hears) == set(service.hears) & published, plan.name
