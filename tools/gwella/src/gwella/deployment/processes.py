"""One process of a deployment: which service in which role, and what it is told; the same for every platform."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from gwella.suite.topology import ServicePlan, Topology

Part = Literal["api", "relay", "consumer", "migrate"]

DATABASE_ROLES: Final = {"api": "api", "relay": "worker", "consumer": "worker", "migrate": "owner"}
"""The database role of each part: row-level security and privileges differ."""
MEASURES: Final = "exchange"
"""The service whose worker measures the service levels, at the gateway."""
_PREFIXES: Final = {"api": "", "worker": "WORKER_", "owner": "OWNER_"}


@dataclass(frozen=True)
class SecretValue:
    """A variable whose value is the key of a secret: `registry-api`, `password`."""

    variable: str
    secret: str
    key: str


@dataclass(frozen=True)
class SecretFile:
    """A variable that names the file in which the platform puts the key of a secret."""

    variable: str
    secret: str
    key: str


@dataclass(frozen=True)
class Process:
    """What runs: `python -m <service> <part>`, with variables that anybody may read and secrets by reference."""

    plan: ServicePlan
    part: Part
    variables: Mapping[str, str]
    secrets: tuple[SecretValue, ...] = ()
    files: tuple[SecretFile, ...] = ()
    calls: tuple[ServicePlan, ...] = field(default=())
    """The services that it calls over HTTP."""

    @property
    def name(self) -> str:
        """`registry-api`."""
        return f"{self.plan.name}-{self.part}"

    @property
    def serves(self) -> bool:
        """Whether it stays and answers at its port: an API, or health alone."""
        return self.part != "migrate"

    @property
    def keeps_documents(self) -> bool:
        """Whether it reads or writes files: callers' and those that tasks look after."""
        return self.plan.documents and self.part in {"api", "consumer"}

    @property
    def uses_broker(self) -> bool:
        """Whether it ships or hears events."""
        return self.part in {"relay", "consumer"}


@dataclass(frozen=True)
class Addresses:
    """Where a platform has what the processes share."""

    database: str
    """Host of PostgreSQL."""
    api_of: Callable[[str], str]
    """Host of a service's API, by the service's name."""
    gateways: int = 1
    """Copies of the gateway at least. Each grants its share of a client's limit, so the limit is wider with more."""


def processes(topology: Topology, addresses: Addresses) -> Iterator[Process]:
    """Every process of the topology: of each service its migration first, then its roles."""
    for plan in topology.services:
        for part in (("migrate",) if plan.database else ()) + plan.roles:
            if part not in DATABASE_ROLES:
                raise ValueError(f"{plan.name} cannot be deployed in the role {part!r}")
            yield _process(plan, part, topology, addresses)  # type: ignore[arg-type]  # checked above


def _process(plan: ServicePlan, part: Part, topology: Topology, addresses: Addresses) -> Process:
    variables = {} if part == "migrate" else {"GWELLA_PORT": str(plan.port)}
    called = tuple(topology.service(name) for name in plan.upstreams) if part == "api" else ()
    if called:
        urls = {one.name: f"http://{addresses.api_of(one.name)}:{one.port}" for one in called}
        variables |= {"GWELLA_UPSTREAMS": json.dumps(urls), "GWELLA_REPLICAS": str(addresses.gateways)}
    if part == "consumer" and plan.name == MEASURES:
        front = topology.front
        variables["GWELLA_GATEWAY_URL"] = f"http://{addresses.api_of(front.name)}:{front.port}"
        called = (front,)
    secrets: list[SecretValue] = []
    files: list[SecretFile] = []
    if plan.database:
        role = DATABASE_ROLES[part]
        name = f"GWELLA_{_PREFIXES[role]}DATABASE"
        variables[f"{name}_URL"] = (
            f"postgresql+asyncpg://{plan.name}_{role}@{addresses.database}:5432/{plan.name}"
        )
        secrets.append(SecretValue(f"{name}_PASSWORD", f"{plan.name}-{role}", "password"))
        if part == "api":
            secrets.append(SecretValue("GWELLA_CURSOR_SECRET", f"{plan.name}-cursors", "cursor-secret"))
        if part == "relay":
            files.append(SecretFile("GWELLA_AUDIT_KEY_FILE", f"{plan.name}-audit", "audit-key.json"))
        if part == "api" and plan.name == "exchange":
            files.append(SecretFile("GWELLA_RETURN_KEY_FILE", "exchange-returns", "return-key.json"))
    return Process(plan, part, variables, tuple(secrets), tuple(files), called)
