"""What each process is told: one mapping of settings, used as `Settings` in one process or as its environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gwella.suite.secret_store import SuiteSecrets
from gwella.suite.topology import Role, ServicePlan, Topology
from testkit.databases import ServiceDatabase


@dataclass(frozen=True)
class Wiring:
    """Everything that the processes of one suite must agree on. `kafka` is None for the local transport."""

    topology: Topology
    host: str
    secrets: SuiteSecrets
    databases: Mapping[str, ServiceDatabase] = field(default_factory=dict)
    kafka: str | None = None
    clock: Path | None = None
    """The file that sets the clock: what `gwella up` starts is a sandbox."""

    @property
    def issuer_url(self) -> str:
        """The development issuer's address, which is also the `iss` of its tokens."""
        return f"http://{self.reachable_host}:{self.topology.issuer_port}"

    @property
    def reachable_host(self) -> str:
        """The host in addresses: where we listen on every interface, the machine itself."""
        return "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound

    def url_of(self, service: str) -> str:
        """The base URL of a service's HTTP API."""
        return f"http://{self.reachable_host}:{self.topology.service(service).port}"

    def values(self, plan: ServicePlan, role: Role | None) -> dict[str, Any]:
        """The settings of one process by field name; `role` None is `migrate`.

        Each gets the database addresses that its role needs and no others.
        """
        values: dict[str, Any] = {
            "host": self.host,
            "port": plan.port_of(role or "all"),
            "public_url": self.url_of(self.topology.front.name),
            "issuer_url": self.issuer_url,
            "cursor_secret": self.secrets.cursor_secret,
            "audit_key_file": str(self.secrets.audit_key_file),
            "data_dir": str(self.secrets.audit_key_file.parent),
        }
        if self.clock is not None:
            values |= {"sandbox": True, "sandbox_clock": str(self.clock)}
        if plan.name == "exchange":
            values["return_key_file"] = str(self.secrets.return_key_file)
            values["gateway_url"] = self.url_of(self.topology.front.name)
        if self.kafka is not None:
            values["kafka_bootstrap_servers"] = self.kafka
            if role in {"all", "consumer"}:
                # One process of each name: static membership spares a rebalance when it is started again.
                values["static_member"] = plan.name
        if plan.upstreams:
            values["upstreams"] = {name: self.url_of(name) for name in plan.upstreams}
        if plan.name in self.databases:
            values |= _database_values(self.databases[plan.name], role)
        return values


def _database_values(database: ServiceDatabase, role: Role | None) -> dict[str, str]:
    if role is None:
        return {"owner_database_url": database.owner_url}
    values = {}
    if role in {"all", "api"}:
        values["database_url"] = database.api_url
    if role in {"all", "relay", "consumer"}:
        values["worker_database_url"] = database.worker_url
    return values


def as_environment(values: Mapping[str, Any]) -> dict[str, str]:
    """The environment of a child: ours without any `GWELLA_` of our own, and its settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GWELLA_")}
    # What the operator set for telemetry and logs holds for the children, too.
    for name in ("GWELLA_TELEMETRY_ENDPOINT", "GWELLA_TRACE_RATIO", "GWELLA_LOG_LEVEL"):
        if name in os.environ:
            environment[name] = os.environ[name]
    for name, value in values.items():
        environment[f"GWELLA_{name.upper()}"] = json.dumps(value) if isinstance(value, dict) else str(value)
    return environment
