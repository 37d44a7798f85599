"""What runs, where it listens and what it publishes: `deploy/topology.toml`, read once and checked."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from gwella.exits import CommandError, Exit

Role = Literal["api", "relay", "consumer", "all"]
# In `--split` every role has a port of its own for its health endpoints: 8101, 8201, 8301.
_ROLE_OFFSETS: dict[str, int] = {"all": 0, "api": 0, "relay": 100, "consumer": 200}


@dataclass(frozen=True)
class ServicePlan:
    """One service of the topology. `port` is where its HTTP API listens on the host."""

    name: str
    port: int
    database: bool
    roles: tuple[Role, ...]
    publishes: str | None = None
    hears: tuple[str, ...] = ()
    upstreams: tuple[str, ...] = ()
    documents: bool = False
    """Whether it keeps files, for which a deployment needs a store."""

    def port_of(self, role: Role) -> int:
        """The port of one role's process; `api` and `all` have the service's own."""
        return self.port + _ROLE_OFFSETS[role]


@dataclass(frozen=True)
class Topology:
    """All services and the port of the development issuer."""

    issuer_port: int
    services: tuple[ServicePlan, ...]

    def service(self, name: str) -> ServicePlan:
        """The service of that name; raises KeyError."""
        return next(plan for plan in self.services if plan.name == name)

    @property
    def front(self) -> ServicePlan:
        """The service that clients call: the one that has others behind it (the gateway)."""
        return next((plan for plan in self.services if plan.upstreams), self.services[0])

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic that some service publishes."""
        return tuple(plan.publishes for plan in self.services if plan.publishes)

    @property
    def with_database(self) -> tuple[ServicePlan, ...]:
        """The services that keep data."""
        return tuple(plan for plan in self.services if plan.database)

    def shifted(self, offset: int) -> Topology:
        """The same with every port raised, so that two suites can run beside one another."""
        return replace(
            self,
            issuer_port=self.issuer_port + offset,
            services=tuple(replace(plan, port=plan.port + offset) for plan in self.services),
        )

    def listeners(self, *, split: bool) -> Iterator[tuple[int, str]]:
        """Every port that will be listened on, with the name of what listens there."""
        yield self.issuer_port, "issuer"
        for plan in self.services:
            if split:
                yield from ((plan.port_of(role), f"{plan.name} {role}") for role in plan.roles)
            else:
                yield plan.port, plan.name


def topology_path() -> Path:
    """`GWELLA_TOPOLOGY`, or `deploy/topology.toml` of the checkout that this package lies in."""
    given = os.environ.get("GWELLA_TOPOLOGY")
    candidates = (
        [Path(given)] if given else [up / "deploy" / "topology.toml" for up in Path(__file__).parents]
    )
    for path in candidates:
        if path.exists():
            return path
    raise CommandError(
        Exit.USAGE,
        f"no topology at {candidates[0]}" if given else "no deploy/topology.toml above the installed package",
        hint="run from a checkout, or name the file in GWELLA_TOPOLOGY",
    )


def read_topology(path: Path | None = None) -> Topology:
    """Read and check the topology; raises `CommandError` naming what is wrong in it."""
    path = path or topology_path()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        services = tuple(_plan(name, entry) for name, entry in content["services"].items())
        topology = Topology(issuer_port=int(content["issuer"]["port"]), services=services)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as problem:
        raise CommandError(Exit.USAGE, f"{path} is no topology: {problem!r}") from problem
    _check(topology, path)
    return topology


def _plan(name: str, entry: dict[str, Any]) -> ServicePlan:
    for role in entry["roles"]:
        if role not in _ROLE_OFFSETS:
            raise ValueError(f"{name} has the unknown role {role!r}")
    return ServicePlan(
        name=name,
        port=int(entry["port"]),
        database=bool(entry["database"]),
        roles=tuple(entry["roles"]),
        publishes=entry.get("publishes"),
        hears=tuple(entry.get("hears", ())),
        upstreams=tuple(entry.get("upstreams", ())),
        documents=bool(entry.get("documents", False)),
    )


def _check(topology: Topology, path: Path) -> None:
    faults = [] if topology.services else ["it names no service"]
    ports: dict[int, str] = {}
    for port, name in topology.listeners(split=True):
        if port in ports:
            faults.append(f"{name} and {ports[port]} share port {port}")
        ports[port] = name
    names = {plan.name for plan in topology.services}
    for plan in topology.services:
        faults += [
            f"{plan.name} calls the unknown service {name!r}" for name in plan.upstreams if name not in names
        ]
        unheard = set(plan.hears) - set(topology.topics)
        faults += [
            f"{plan.name} hears the topic {topic!r}, which nobody publishes" for topic in sorted(unheard)
        ]
    if faults:
        raise CommandError(Exit.USAGE, f"{path}: " + "; ".join(faults))
