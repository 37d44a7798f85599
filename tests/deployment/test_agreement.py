"""Compose, Kubernetes and the topology name the same services, roles, ports, variables and topics."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gwella.deployment.secret_files import needed, path_of
from gwella.suite.parts import load_service
from gwella.suite.topology import Topology
from service_kit.settings import Settings
from testkit.deployment.kubernetes_rules import pod_of, workloads
from testkit.deployment.rules import OWN_IMAGE
from testkit.kafka_jars import KAFKA_VERSION

ROOT = Path(__file__).parents[2]
SETTINGS = {f"GWELLA_{name.upper()}" for name in Settings.model_fields}
NOT_SETTINGS = {"GWELLA_SECRETS_DIR"}
"""Read before the settings are: where they are found."""
OF_A_PLATFORM = (
    "PGSSLMODE",
    "GWELLA_ISSUER_DISCOVERY_URL",
    "GWELLA_LOG_LEVEL",
    "GWELLA_DATA_DIR",
    "GWELLA_DOCUMENT_",
)
"""What one platform must say and another need not."""
Overlays = Mapping[str, list[dict[str, Any]]]
Document = dict[str, Any]


def processes_of(topology: Topology) -> set[tuple[str, str]]:
    migrations = {(plan.name, "migrate") for plan in topology.with_database}
    return migrations | {(plan.name, role) for plan in topology.services for role in plan.roles}


def ours(document: Document) -> dict[str, Document]:
    return {name: one for name, one in document["services"].items() if OWN_IMAGE.match(one["image"])}


def own_workloads(overlay: list[Document]) -> list[Document]:
    return [
        one for one in workloads(overlay) if "app.kubernetes.io/part-of" in one["metadata"].get("labels", {})
    ]


def variables_of(workload: Document, overlay: list[Document]) -> dict[str, str]:
    container = pod_of(workload)["containers"][0]
    maps = {one["metadata"]["name"]: one["data"] for one in overlay if one["kind"] == "ConfigMap"}
    found: dict[str, str] = {}
    for source in container["envFrom"]:
        found |= maps[source["configMapRef"]["name"]]
    return found | {one["name"]: one.get("value", "a secret") for one in container["env"]}


def test_compose_runs_every_role_of_every_service(compose: Document, topology: Topology) -> None:
    assert {tuple(one["command"]) for one in ours(compose).values()} == processes_of(topology)
    assert all(name == "-".join(one["command"]) for name, one in ours(compose).items())


@pytest.mark.parametrize("name", ["development", "production"])
def test_a_cluster_runs_every_role_of_every_service(
    name: str, overlays: Overlays, topology: Topology
) -> None:
    found = own_workloads(overlays[name])
    assert {tuple(pod_of(one)["containers"][0]["args"]) for one in found} == processes_of(topology)
    kinds = {one["metadata"]["name"]: one["kind"] for one in found}
    assert all((kind == "Job") == name.endswith("-migrate") for name, kind in kinds.items())


def test_the_services_are_what_the_topology_says(topology: Topology) -> None:
    for plan in topology.services:
        service = load_service(plan.name)
        assert plan.publishes == (service.topic if service.publishes else None), plan.name
        assert sorted(plan.hears) == sorted(service.hears), plan.name
        assert plan.database == (service.foundation is not None), plan.name
        assert plan.documents == (service.documents is not None), plan.name


@pytest.mark.parametrize("name", ["development", "production"])
def test_ports_are_those_of_the_topology(
    name: str, overlays: Overlays, compose: Document, topology: Topology
) -> None:
    services = {one["metadata"]["name"]: one["spec"] for one in overlays[name] if one["kind"] == "Service"}
    for one in own_workloads(overlays[name]):
        service, part = pod_of(one)["containers"][0]["args"]
        if part == "migrate":
            continue
        port = topology.service(service).port
        assert variables_of(one, overlays[name])["GWELLA_PORT"] == str(port)
        assert [entry["containerPort"] for entry in pod_of(one)["containers"][0]["ports"]] == [port]
        assert compose["services"][f"{service}-{part}"]["environment"]["GWELLA_PORT"] == str(port)
        if part == "api":
            assert [entry["port"] for entry in services[f"{service}-api"]["ports"]] == [port]
    front = topology.front
    expected = {called: f"http://{called}-api:{topology.service(called).port}" for called in front.upstreams}
    told = compose["services"][f"{front.name}-api"]["environment"]["GWELLA_UPSTREAMS"]
    gateway = next(
        one for one in own_workloads(overlays[name]) if one["metadata"]["name"] == f"{front.name}-api"
    )
    assert (
        json.loads(told) == json.loads(variables_of(gateway, overlays[name])["GWELLA_UPSTREAMS"]) == expected
    )


def test_every_variable_is_a_setting(overlays: Overlays, compose: Document) -> None:
    told = {name for one in ours(compose).values() for name in one["environment"]}
    # What a mounted secret is called is the name of a setting, or of a file that a variable names.
    for one in ours(compose).values():
        files = {
            Path(value).name for value in one["environment"].values() if value.startswith("/run/secrets/")
        }
        targets = {secret["target"] for secret in one.get("secrets", [])}
        told |= {target.upper() for target in targets - files}
        assert files <= targets
    for overlay in overlays.values():
        for workload in own_workloads(overlay):
            told |= {name for name in variables_of(workload, overlay) if name != "PGSSLMODE"}
    assert told - NOT_SETTINGS - SETTINGS == set()


def test_each_role_is_told_the_same_everywhere(overlays: Overlays, compose: Document) -> None:
    expected = {name: told_in_compose(one) for name, one in ours(compose).items()}
    for name, overlay in overlays.items():
        for one in own_workloads(overlay):
            told = set(variables_of(one, overlay))
            different = told ^ expected[one["metadata"]["name"]]
            assert not [told_name for told_name in different if not told_name.startswith(OF_A_PLATFORM)], name


def told_in_compose(service: Document) -> set[str]:
    secrets = {
        one["target"].upper() for one in service.get("secrets", []) if one["target"].startswith("gwella_")
    }
    return (set(service["environment"]) | secrets) - NOT_SETTINGS


def test_no_role_has_a_password_of_another(overlays: Overlays) -> None:
    allowed = {"api": "api", "relay": "worker", "consumer": "worker", "migrate": "owner"}
    for one in own_workloads(overlays["production"]):
        service, part = pod_of(one)["containers"][0]["args"]
        named = {
            entry["valueFrom"]["secretKeyRef"]["name"]
            for entry in pod_of(one)["containers"][0]["env"]
            if "valueFrom" in entry
        }
        roles = {name for name in named if name.endswith(("-api", "-worker", "-owner"))}
        assert roles <= {f"{service}-{allowed[part]}"}, one["metadata"]["name"]


def test_the_secrets_that_are_named_are_those_that_are_made(
    overlays: Overlays, compose: Document, topology: Topology
) -> None:
    made = {one.path for one in needed(topology)}
    assert {one["file"].removeprefix("./deploy/secrets/") for one in compose["secrets"].values()} == made
    named = set()
    for one in own_workloads(overlays["production"]):
        pod = pod_of(one)
        for entry in pod["containers"][0]["env"]:
            reference = entry.get("valueFrom", {}).get("secretKeyRef", {"optional": True})
            if not reference.get("optional"):
                named.add(path_of(reference["name"], reference["key"]))
        for volume in pod["volumes"]:
            for item in volume.get("secret", {}).get("items", []):
                named.add(path_of(volume["secret"]["secretName"], item["key"]))
    assert named == made - {path_of("postgres-superuser", "password")}


def test_topics_are_those_that_services_publish(overlays: Overlays, topology: Topology) -> None:
    production = overlays["production"]
    topics = {one["metadata"]["name"]: one["spec"] for one in production if one["kind"] == "KafkaTopic"}
    assert set(topics) == set(topology.topics)
    scaled = {one["metadata"]["name"]: one["spec"] for one in production if one["kind"] == "ScaledObject"}
    hearing = {f"{plan.name}-consumer": plan for plan in topology.services if plan.hears}
    assert set(scaled) == set(hearing)
    for name, plan in hearing.items():
        told = [trigger["metadata"] for trigger in scaled[name]["triggers"]]
        assert {one["topic"] for one in told} == set(plan.hears)
        assert {one["consumerGroup"] for one in told} == {plan.name}
        assert scaled[name]["maxReplicaCount"] <= min(topics[topic]["partitions"] for topic in plan.hears)


def test_databases_and_roles_are_those_of_the_services(overlays: Overlays, topology: Topology) -> None:
    production = overlays["production"]
    databases = {one["spec"]["name"]: one["spec"]["owner"] for one in production if one["kind"] == "Database"}
    assert databases == {plan.name: f"{plan.name}_owner" for plan in topology.with_database}
    roles = {one["spec"]["name"] for one in production if one["kind"] == "DatabaseRole"}
    assert roles == {
        f"{plan.name}_{role}" for plan in topology.with_database for role in ("owner", "api", "worker")
    }


def test_only_the_gateway_is_let_through(overlays: Overlays, topology: Topology) -> None:
    policies = {
        one["metadata"]["name"]: one["spec"]
        for one in overlays["production"]
        if one["kind"] == "NetworkPolicy"
    }
    for plan in topology.services:
        (rule,) = policies[f"{plan.name}-api"]["ingress"]
        outside = [one for one in rule["from"] if "namespaceSelector" in one]
        assert bool(outside) == (plan == topology.front), plan.name
        callers = {
            one["podSelector"]["matchLabels"]["app.kubernetes.io/name"]
            for one in rule["from"]
            if "podSelector" in one
        }
        # The exchange's worker measures the service levels at the gateway.
        measured_by = {"exchange"} if plan == topology.front else set()
        assert callers == {one.name for one in topology.services if plan.name in one.upstreams} | measured_by
        assert policies[f"{plan.name}-api"]["egress"] or not plan.database


def test_the_kafka_that_is_tested_is_the_kafka_that_runs(compose: Document, overlays: Overlays) -> None:
    images = {compose["services"]["kafka"]["image"]}
    images |= {
        container["image"]
        for one in workloads(overlays["development"])
        for container in pod_of(one)["containers"]
        if "kafka" in container["image"]
    }
    assert images == {f"apache/kafka:{KAFKA_VERSION}"}


def test_whatever_is_given_in_two_files_is_given_alike(compose: Document, overlays: Overlays) -> None:
    """Images of the same thing have one version in compose and in the cluster."""
    versions: dict[str, set[str]] = {}
    text = [one["image"] for one in compose["services"].values()]
    for overlay in overlays.values():
        text += [container["image"] for one in workloads(overlay) for container in pod_of(one)["containers"]]
    for image in text:
        name, _, tag = image.partition(":")
        if not re.search(r"(^|/)gwella$", name):
            versions.setdefault(name, set()).add(tag)
    assert all(len(found) == 1 for found in versions.values()), versions


def test_whoever_keeps_documents_has_a_store(
    overlays: Overlays, compose: Document, topology: Topology
) -> None:
    keeping = {
        f"{plan.name}-{part}" for plan in topology.services if plan.documents for part in ("api", "consumer")
    }
    assert {name for name, one in ours(compose).items() if "GWELLA_DATA_DIR" in one["environment"]} == keeping
    for one in own_workloads(overlays["development"]):
        mounts = [mount["mountPath"] for mount in pod_of(one)["containers"][0]["volumeMounts"]]
        where = variables_of(one, overlays["development"])["GWELLA_DATA_DIR"]
        assert (where in mounts) == (one["metadata"]["name"] in keeping)
    for one in own_workloads(overlays["production"]):
        told = variables_of(one, overlays["production"])
        assert told["GWELLA_DOCUMENT_STORE"].startswith("s3://")
        assert ("GWELLA_DOCUMENT_STORE_SECRET" in told) == (one["metadata"]["name"] in keeping)
