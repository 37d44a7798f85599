"""The manifests are valid for their kinds and keep our rules; each rule finds what breaks it."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from testkit.deployment.kubernetes_rules import breaches, pod_of
from testkit.deployment.schemas import faults, own_schemas

SCHEMAS = own_schemas(Path(__file__).parent / "schemas")
OVERLAYS = ("development", "production")
Manifests = list[dict[str, Any]]
Overlays = dict[str, Manifests]


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_manifest_is_what_its_kind_demands(name: str, overlays: Overlays) -> None:
    found = [fault for manifest in overlays[name] for fault in faults(manifest, SCHEMAS)]
    assert not found, "\n".join(found)
    assert len(overlays[name]) > 60


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_manifest_keeps_the_rules(name: str, overlays: Overlays) -> None:
    assert breaches(overlays[name]) == []


def test_every_schema_is_in_use(overlays: Overlays) -> None:
    used = {(one["apiVersion"], one["kind"]) for one in overlays["production"]}
    assert set(SCHEMAS) <= used
    assert {"Apache-2.0" in schema["$comment"] for schema in SCHEMAS.values()} == {True}


def one(manifests: Manifests, kind: str, name: str) -> dict[str, Any]:
    return next(found for found in manifests if (found["kind"], found["metadata"]["name"]) == (kind, name))


def container(manifests: Manifests, kind: str = "Deployment", name: str = "registry-api") -> dict[str, Any]:
    found: dict[str, Any] = pod_of(one(manifests, kind, name))["containers"][0]
    return found


def without(manifests: Manifests, kind: str, name: str) -> None:
    manifests.remove(one(manifests, kind, name))


Mutation = Callable[[Manifests], Any]
MUTANTS: dict[str, tuple[Mutation, str]] = {
    "root is allowed": (
        lambda m: pod_of(one(m, "Deployment", "registry-api"))["securityContext"].pop("runAsNonRoot"),
        "Deployment/registry-api: may run as root",
    ),
    "root is meant": (
        lambda m: container(m)["securityContext"].update(runAsUser=0),
        "Deployment/registry-api: may run as root",
    ),
    "no seccomp": (
        lambda m: pod_of(one(m, "Job", "visits-migrate"))["securityContext"].pop("seccompProfile"),
        "Job/visits-migrate: no seccomp profile",
    ),
    "the node's network": (
        lambda m: pod_of(one(m, "Deployment", "registry-api")).update(hostNetwork=True),
        "is in the node's own network",
    ),
    "a folder of the node": (
        lambda m: pod_of(one(m, "Deployment", "registry-api"))["volumes"].append(
            {"name": "x", "hostPath": {"path": "/"}}
        ),
        "has a folder of the node",
    ),
    "privileges": (
        lambda m: container(m)["securityContext"].update(allowPrivilegeEscalation=True),
        "may gain privileges",
    ),
    "capabilities": (
        lambda m: container(m)["securityContext"].update(
            capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}
        ),
        "keeps capabilities",
    ),
    "a writable image": (
        lambda m: container(m)["securityContext"].pop("readOnlyRootFilesystem"),
        "writes into its image",
    ),
    "latest": (lambda m: container(m).update(image="registry.gwella.example/gwella:latest"), "is not pinned"),
    "no tag": (lambda m: container(m).update(image="postgres"), "is not pinned"),
    "a major version alone": (
        lambda m: one(m, "Cluster", "postgres")["spec"].update(
            imageName="ghcr.io/cloudnative-pg/postgresql:18"
        ),
        "Cluster/postgres: image",
    ),
    "a secret's manifest": (
        lambda m: m.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {}}),
        "Secret/x: is a secret in a file",
    ),
    "a password in the environment": (
        lambda m: container(m)["env"].append({"name": "GWELLA_DATABASE_PASSWORD", "value": "hunter2"}),
        "GWELLA_DATABASE_PASSWORD is a secret in a file",
    ),
    "a password in an address": (
        lambda m: container(m)["env"].append({"name": "X", "value": "postgresql://a:b@host/db"}),
        "X is a secret in a file",
    ),
    "a secret in a ConfigMap": (
        lambda m: next(c for c in m if c["kind"] == "ConfigMap")["data"].update(CLIENT_SECRET="x"),
        "CLIENT_SECRET is a secret in a file",
    ),
    "the sandbox's clock": (
        lambda m: container(m)["env"].append({"name": "GWELLA_SANDBOX_CLOCK", "value": "/run/clock"}),
        "GWELLA_SANDBOX_CLOCK is for a sandbox alone",
    ),
    "a sandbox by configuration": (
        lambda m: next(c for c in m if c["kind"] == "ConfigMap")["data"].update(GWELLA_SANDBOX="true"),
        "GWELLA_SANDBOX is for a sandbox alone",
    ),
    "not asked whether it is ready": (lambda m: container(m).pop("readinessProbe"), "has no readinessProbe"),
    "not asked whether it has started": (lambda m: container(m).pop("startupProbe"), "has no startupProbe"),
    "unmeasured": (lambda m: container(m)["resources"].pop("limits"), "does not say what it needs"),
    "a token": (
        lambda m: pod_of(one(m, "Deployment", "registry-api")).pop("automountServiceAccountToken"),
        "is given a token of the cluster",
    ),
    "a second way in": (
        lambda m: one(m, "Service", "registry-api")["spec"].update(type="NodePort"),
        "Service/registry-api: can be reached from outside",
    ),
    "another behind the ingress": (
        lambda m: one(m, "Ingress", "gateway")["spec"]["rules"][0]["http"]["paths"][0]["backend"][
            "service"
        ].update(name="registry-api"),
        "lets others than the gateway be reached",
    ),
    "an ingress in clear": (lambda m: one(m, "Ingress", "gateway")["spec"].pop("tls"), "is not encrypted"),
    "everybody may come in": (
        lambda m: without(m, "NetworkPolicy", "deny-ingress"),
        "nothing denies what is not allowed to come in",
    ),
    "everything may go out": (
        lambda m: without(m, "NetworkPolicy", "deny-egress"),
        "nothing denies what is not allowed to go out",
    ),
    "no policy of its own": (
        lambda m: without(m, "NetworkPolicy", "registry-relay"),
        "Deployment/registry-relay: has no network policy",
    ),
    "a policy that lets everybody in": (
        lambda m: one(m, "NetworkPolicy", "registry-api")["spec"]["ingress"][0].pop("from"),
        "lets everybody in",
    ),
    "all copies at once": (
        lambda m: without(m, "PodDisruptionBudget", "registry-api"),
        "Deployment/registry-api: has no disruption budget",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_what_breaks_a_rule_is_found(name: str, overlays: Overlays) -> None:
    change, said = MUTANTS[name]
    broken = copy.deepcopy(overlays["production"])
    change(broken)
    assert [breach for breach in breaches(broken) if said in breach], breaches(broken)


WRONG: dict[str, tuple[Mutation, str]] = {
    "a member that no deployment has": (
        lambda m: one(m, "Deployment", "registry-api")["spec"].update(replica=2),
        "replica",
    ),
    "a port that is no number": (
        lambda m: one(m, "Service", "registry-api")["spec"]["ports"][0].update(port="http"),
        "Service/registry-api",
    ),
    "a member that no topic has": (
        lambda m: one(m, "KafkaTopic", "registry.events")["spec"].update(partition=1),
        "partition",
    ),
    "too few partitions": (
        lambda m: one(m, "KafkaTopic", "registry.events")["spec"].update(partitions=0),
        "minimum",
    ),
    "a role that no node has": (
        lambda m: one(m, "KafkaNodePool", "nodes")["spec"].update(roles=["zookeeper"]),
        "zookeeper",
    ),
    "a lag that is no text": (
        lambda m: one(m, "ScaledObject", "visits-consumer")["spec"]["triggers"][0]["metadata"].update(
            lagThreshold=200
        ),
        "200",
    ),
    "a reserved role": (
        lambda m: one(m, "DatabaseRole", "registry-api")["spec"].update(name="postgres"),
        "postgres",
    ),
    "a kind that nobody checks": (
        lambda m: m.append(
            {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaUser", "metadata": {"name": "x"}, "spec": {}}
        ),
        "nobody checks kafka.strimzi.io/v1 KafkaUser",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_kind_does_not_allow_is_found(name: str, overlays: Overlays) -> None:
    change, said = WRONG[name]
    broken = copy.deepcopy(overlays["production"])
    change(broken)
    differing = [after for after in broken if after not in overlays["production"]]
    found = [fault for manifest in differing for fault in faults(manifest, SCHEMAS)]
    assert any(said in fault for fault in found), found
