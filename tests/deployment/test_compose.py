"""The compose file and the Dockerfile are valid and keep our rules; each rule finds what breaks it."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from testkit.deployment.compose import read_compose
from testkit.deployment.compose_rules import breaches, dockerfile_breaches
from testkit.deployment.dockerfile import read_stages

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
SCHEMA = json.loads((Path(__file__).parent / "compose" / "compose-spec.json").read_text("utf-8"))
Document = dict[str, Any]
Mutation = Callable[[Document], Any]


def schema_faults(document: Document) -> list[str]:
    validator = jsonschema.validators.validator_for(SCHEMA)(SCHEMA)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.mark.parametrize(
    "path", ["docker-compose.yml", "deploy/compose/services.yaml", "deploy/compose/process.yaml"]
)
def test_each_file_is_what_compose_demands(path: str) -> None:
    document = yaml.safe_load((ROOT / path).read_text("utf-8"))
    assert schema_faults(document) == []
    next(iter(document["services"].values()))["imge"] = "postgres"
    assert schema_faults(document)


def test_the_whole_is_what_compose_demands_and_keeps_the_rules(compose: Document) -> None:
    assert schema_faults(compose) == []
    assert breaches(compose) == []


def test_everything_that_is_referred_to_exists(compose: Document) -> None:
    services = compose["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        for needed, how in service.get("depends_on", {}).items():
            ends = services[needed].get("restart") == "no"
            assert how["condition"] == ("service_completed_successfully" if ends else "service_healthy"), name
        for secret in service.get("secrets", []):
            assert secret["source"] in compose["secrets"], name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./deploy/") and "secrets" not in source:
                assert (ROOT / source).exists(), volume
            elif not source.startswith("."):
                assert source in compose["volumes"], volume


def test_what_is_extended_and_included_is_merged(tmp_path: Path) -> None:
    (tmp_path / "docker-compose.yml").write_text(
        "include: [{path: more/a.yaml, project_directory: .}]\nservices: {db: {image: 'x:1.0'}}\n"
    )
    (tmp_path / "more").mkdir()
    (tmp_path / "more/a.yaml").write_text(
        "services: {api: {extends: {file: more/b.yaml, service: two}, environment: {A: '2'}}}\n"
    )
    (tmp_path / "more/b.yaml").write_text(
        "services: {one: {image: 'y:1.0', environment: {A: '1', B: '1'}}, two: {extends: {service: one}, init: true}}\n"
    )
    assert read_compose(tmp_path / "docker-compose.yml")["services"] == {
        "db": {"image": "x:1.0"},
        "api": {"image": "y:1.0", "environment": {"A": "2", "B": "1"}, "init": True},
    }
    (tmp_path / "more/a.yaml").write_text("services: {db: {image: 'z:1.0'}}\n")
    with pytest.raises(ValueError, match="two files"):
        read_compose(tmp_path / "docker-compose.yml")


def service(document: Document, name: str = "registry-api") -> Document:
    found: Document = document["services"][name]
    return found


MUTANTS: dict[str, tuple[Mutation, str]] = {
    "root": (lambda d: service(d).update(user="0:0"), "registry-api: runs as root"),
    "nobody named": (lambda d: service(d, "postgres").pop("user"), "postgres: runs as root"),
    "capabilities": (lambda d: service(d).update(cap_add=["NET_ADMIN"]), "keeps capabilities"),
    "privileges": (lambda d: service(d).pop("security_opt"), "may gain privileges"),
    "privileged": (lambda d: service(d).update(privileged=True), "has more of the machine"),
    "the machine's network": (lambda d: service(d).update(network_mode="host"), "has more of the machine"),
    "a writable image": (lambda d: service(d).pop("read_only"), "registry-api: writes into its image"),
    "latest": (lambda d: service(d, "kafka").update(image="apache/kafka:latest"), "kafka: image"),
    "a major version alone": (
        lambda d: service(d, "postgres").update(image="postgres:18"),
        "postgres: image",
    ),
    "a password": (
        lambda d: service(d, "postgres")["environment"].update(POSTGRES_PASSWORD="x"),
        "is a secret in a file",
    ),
    "a committed file of secrets": (
        lambda d: service(d, "keycloak").update(env_file=["deploy/issuer.env"]),
        "may be committed",
    ),
    "a committed secret": (lambda d: d["secrets"].update(x={"file": "./deploy/x"}), "secret x: is no file"),
    "the sandbox's clock": (
        lambda d: service(d)["environment"].update(GWELLA_SANDBOX_CLOCK="/run/clock"),
        "is for a sandbox alone",
    ),
    "unwatched": (lambda d: service(d).update(healthcheck={"disable": True}), "registry-api: nobody asks"),
    "a server unwatched": (lambda d: service(d, "kafka").pop("healthcheck"), "kafka: nobody asks"),
    "a second way in": (
        lambda d: service(d).update(ports=["127.0.0.1:8101:8101"]),
        "registry-api: can be reached",
    ),
    "open to other machines": (
        lambda d: service(d, "gateway-api").update(ports=["8080:8080"]),
        "from other machines",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_what_breaks_a_rule_is_found(name: str, compose: Document) -> None:
    change, said = MUTANTS[name]
    broken = copy.deepcopy(compose)
    change(broken)
    assert [breach for breach in breaches(broken) if said in breach], breaches(broken)


def test_the_dockerfile_keeps_the_rules() -> None:
    assert list(dockerfile_breaches(read_stages(DOCKERFILE))) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("FROM python:3.11.14-slim-bookworm\n", "FROM python:latest\n", "FROM: image"),
        ("FROM python:3.11.14-slim-bookworm AS", "FROM python AS", "FROM: image"),
        ("USER 10001:10001", "USER root", "USER"),
        ("USER 10001:10001", "", "USER"),
        ("USER 10001:10001", "USER 0", "USER"),
        ("USER 10001:10001", "USER gwella", "USER"),
        (
            "HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 \\\n",
            "HEALTHCHECK NONE\n# ",
            "HEALTHCHECK",
        ),
        ("GWELLA_PORT=8000", "GWELLA_PORT=8000 GWELLA_CURSOR_SECRET=x", "is a secret in a file"),
        ("GWELLA_PORT=8000", "GWELLA_PORT=8000 GWELLA_SANDBOX=true", "is for a sandbox alone"),
        ("--locked ", "", "does not keep to the lock"),
        ("COPY libs libs", "ADD libs libs", "ADD"),
        ('ENTRYPOINT ["python", "-m"]', "ENTRYPOINT python -m", "ENTRYPOINT"),
        ('      org.opencontainers.image.version="${VERSION}"', "      x=y", "LABEL"),
    ],
)
def test_what_breaks_a_rule_of_the_image_is_found(before: str, after: str, said: str) -> None:
    assert DOCKERFILE.count(before) == 1
    found = list(dockerfile_breaches(read_stages(DOCKERFILE.replace(before, after))))
    assert any(breach.startswith(said) or said in breach for breach in found), found
