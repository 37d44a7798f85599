"""Who may talk to whom: everything is denied that is not written here or in the overlays' `network.yaml`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from gwella.deployment.processes import MEASURES, Process
from gwella.suite.topology import ServicePlan, Topology

Manifest = dict[str, Any]
Labels = Callable[[ServicePlan, str | None], dict[str, str]]

PROVIDES: Final = "gwella.cymru/provides"
"""Label of pods that are not ours, whatever runs them: `database`, `broker`, `collector`, `issuer`."""
POSTGRES_PORT: Final = 5432
KAFKA_PORT: Final = 9092
OTLP_PORT: Final = 4318
INGRESS_NAMESPACE: Final = "ingress-nginx"


def policy(topology: Topology, process: Process, meta: Manifest, labels: Labels) -> Manifest:
    """What may reach a process and what it may reach. The issuer's place differs: the overlays allow it."""
    selected = labels(process.plan, process.part)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta,
        "spec": {
            "podSelector": {"matchLabels": selected},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": _ingress(topology, process, labels),
            "egress": _egress(process, labels),
        },
    }


def _ingress(topology: Topology, process: Process, labels: Labels) -> list[Manifest]:
    if process.part != "api":
        return []  # health is asked from the node, which no policy keeps away
    callers = [
        {"podSelector": {"matchLabels": labels(plan, "api")}}
        for plan in topology.services
        if process.plan.name in plan.upstreams
    ]
    if process.plan == topology.front:
        callers.append({"podSelector": {"matchLabels": labels(topology.service(MEASURES), "consumer")}})
        front = {"kubernetes.io/metadata.name": INGRESS_NAMESPACE}
        callers.append({"namespaceSelector": {"matchLabels": front}})
    return [{"from": callers, "ports": [_tcp(process.plan.port)]}]


def _egress(process: Process, labels: Labels) -> list[Manifest]:
    rules = []
    if process.plan.database:
        rules.append(_to_provider("database", POSTGRES_PORT))
    if process.uses_broker:
        rules.append(_to_provider("broker", KAFKA_PORT))
    if process.serves:
        rules.append(_to_provider("collector", OTLP_PORT))
    for called in process.calls:
        selector = {"podSelector": {"matchLabels": labels(called, "api")}}
        rules.append({"to": [selector], "ports": [_tcp(called.port)]})
    return rules


def _to_provider(kind: str, port: int) -> Manifest:
    return {"to": [{"podSelector": {"matchLabels": {PROVIDES: kind}}}], "ports": [_tcp(port)]}


def _tcp(port: int) -> Manifest:
    return {"protocol": "TCP", "port": port}
