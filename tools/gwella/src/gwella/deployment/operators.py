"""What the operators of production make for us: databases and roles, topics, and consumers by their lag."""

from __future__ import annotations

from typing import Any, Final

from eventing.transports.kafka import KafkaSettings
from gwella.suite.topology import ServicePlan, Topology

Manifest = dict[str, Any]

POSTGRES_CLUSTER: Final = "postgres"
KAFKA_CLUSTER: Final = "kafka"
BOOTSTRAP: Final = f"{KAFKA_CLUSTER}-kafka-bootstrap:9092"
BROKERS: Final = 3
PARTITIONS: Final = KafkaSettings("").partitions
"""Never to be changed: it decides where the events of an aggregate lie."""
MOST_CONSUMERS: Final = 4
LAG: Final = 200
"""Events behind for which one consumer more is started."""


def databases(topology: Topology) -> list[Manifest]:
    """For CloudNativePG: three roles and a database of each service; what they may do there `migrate` decides."""
    found: list[Manifest] = []
    for plan in topology.with_database:
        found += [_database_role(plan, role) for role in ("owner", "api", "worker")]
        found.append(
            {
                "apiVersion": "postgresql.cnpg.io/v1",
                "kind": "Database",
                "metadata": {"name": plan.name},
                "spec": {
                    "cluster": {"name": POSTGRES_CLUSTER},
                    "name": plan.name,
                    "owner": f"{plan.name}_owner",
                    "databaseReclaimPolicy": "retain",
                },
            }
        )
    return found


def _database_role(plan: ServicePlan, role: str) -> Manifest:
    return {
        "apiVersion": "postgresql.cnpg.io/v1",
        "kind": "DatabaseRole",
        "metadata": {"name": f"{plan.name}-{role}"},
        "spec": {
            "cluster": {"name": POSTGRES_CLUSTER},
            "name": f"{plan.name}_{role}",
            "login": True,
            "superuser": False,
            "bypassrls": False,
            "passwordSecret": {"name": f"{plan.name}-{role}"},
            "databaseRoleReclaimPolicy": "retain",
        },
    }


def topics(topology: Topology) -> list[Manifest]:
    """For Strimzi: every topic that a service publishes."""
    return [
        {
            "apiVersion": "kafka.strimzi.io/v1",
            "kind": "KafkaTopic",
            "metadata": {"name": topic, "labels": {"strimzi.io/cluster": KAFKA_CLUSTER}},
            "spec": {
                "partitions": PARTITIONS,
                "replicas": BROKERS,
                # Kept for ever: projections are rebuilt from their topics.
                "config": {
                    "cleanup.policy": "delete",
                    "min.insync.replicas": 2,
                    "retention.ms": -1,
                    "retention.bytes": -1,
                },
            },
        }
        for topic in topology.topics
    ]


def scaled_consumers(topology: Topology) -> list[Manifest]:
    """For KEDA: consumers by how far they are behind. Never none: the first to join a group takes seconds."""
    return [
        {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": {"name": f"{plan.name}-consumer"},
            "spec": {
                "scaleTargetRef": {"name": f"{plan.name}-consumer"},
                "minReplicaCount": 1,
                "maxReplicaCount": min(MOST_CONSUMERS, PARTITIONS),
                "triggers": [_lag_of(plan, topic) for topic in plan.hears],
            },
        }
        for plan in topology.services
        if "consumer" in plan.roles and plan.hears
    ]


def _lag_of(plan: ServicePlan, topic: str) -> Manifest:
    return {
        "type": "kafka",
        "metadata": {
            "bootstrapServers": BOOTSTRAP,
            "consumerGroup": plan.name,  # a consumer's group has the name of its service
            "topic": topic,
            "lagThreshold": str(LAG),
            "activationLagThreshold": "1",
            "limitToPartitionsWithLag": "true",
        },
    }
