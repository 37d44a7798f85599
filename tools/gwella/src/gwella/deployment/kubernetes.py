"""A service's manifests: a deployment per role, the migration's job, and what keeps them well and apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from gwella.deployment.network import policy
from gwella.deployment.processes import Addresses, Process, processes
from gwella.suite.topology import ServicePlan, Topology

Manifest = dict[str, Any]

PART_OF: Final = "gwella"
DATABASE_HOST: Final = "postgres-rw"
USER: Final = 10001
"""Uid and gid of every process of ours, as in deploy/Dockerfile."""
IMAGE: Final = "gwella"
"""Without a tag: each overlay says which."""
KEYS_FOLDER: Final = "/run/keys"
STORE: Final = {"GWELLA_DOCUMENT_STORE_KEY_ID": "key-id", "GWELLA_DOCUMENT_STORE_SECRET": "secret"}
"""Of the Secret `document-store`, which need not exist: then the platform's credentials are used, or none."""
DOCUMENTS: Final = "gwella.cymru/keeps"
LEAST_COPIES: Final = 2
MOST_COPIES: Final = 6
ADDRESSES: Final = Addresses(DATABASE_HOST, lambda service: f"{service}-api", gateways=LEAST_COPIES)
_MEMORY: Final = {"api": "512Mi", "relay": "384Mi", "consumer": "512Mi", "migrate": "384Mi"}


def labels(plan: ServicePlan, part: str | None = None) -> dict[str, str]:
    """What selects a service's pods, or those of one role."""
    found = {"app.kubernetes.io/name": plan.name, "app.kubernetes.io/part-of": PART_OF}
    return found if part is None else {**found, "app.kubernetes.io/component": part}


def service_manifests(topology: Topology, plan: ServicePlan) -> list[Manifest]:
    """Everything of one service that any Kubernetes understands."""
    own = [process for process in processes(topology, ADDRESSES) if process.plan == plan]
    return [_account(plan), *(manifest for process in own for manifest in _of_process(topology, process))]


def _of_process(topology: Topology, process: Process) -> Iterator[Manifest]:
    if process.part == "migrate":
        yield _job(process)
    else:
        yield _deployment(process)
        yield _disruption_budget(process)
    if process.part == "api":
        yield _service(process)
        yield _autoscaler(process)
    yield policy(topology, process, _meta(process), labels)


def _account(plan: ServicePlan) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": plan.name, "labels": labels(plan)},
        "automountServiceAccountToken": False,
    }


def _meta(process: Process) -> Manifest:
    return {"name": process.name, "labels": labels(process.plan, process.part)}


def _deployment(process: Process) -> Manifest:
    selected = labels(process.plan, process.part)
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selected},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(process),
        "spec": {
            # The others' copies are an autoscaler's business; a relay beside another only waits for its lock.
            **({"replicas": 1} if process.part == "relay" else {}),
            "revisionHistoryLimit": 3,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "selector": {"matchLabels": selected},
            "template": {
                "metadata": {
                    "labels": selected | ({DOCUMENTS: "documents"} if process.keeps_documents else {})
                },
                "spec": {
                    **_pod(process),
                    # Longer than GWELLA_DRAIN_SECONDS and the pause before it.
                    "terminationGracePeriodSeconds": 45,
                    "topologySpreadConstraints": [spread],
                },
            },
        },
    }


def _job(process: Process) -> Manifest:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _meta(process),
        "spec": {
            "backoffLimit": 6,
            "ttlSecondsAfterFinished": 3600,
            "template": {
                "metadata": {"labels": labels(process.plan, process.part)},
                "spec": {**_pod(process), "restartPolicy": "OnFailure"},
            },
        },
    }


def _pod(process: Process) -> Manifest:
    keys = [
        {
            "name": file.key.removesuffix(".json"),
            "secret": {"secretName": file.secret, "items": [{"key": file.key, "path": file.key}]},
        }
        for file in process.files
    ]
    return {
        "serviceAccountName": process.plan.name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(process)],
        # The only place that can be written to: uploads larger than memory is spent on.
        "volumes": [{"name": "temporary", "emptyDir": {"sizeLimit": "256Mi"}}, *keys],
    }


def _container(process: Process) -> Manifest:
    port = {"name": "http", "containerPort": process.plan.port}
    mounts = [
        {
            "name": file.key.removesuffix(".json"),
            "mountPath": f"{KEYS_FOLDER}/{file.secret}",
            "readOnly": True,
        }
        for file in process.files
    ]
    return {
        "name": process.part,
        "image": IMAGE,
        "args": [process.plan.name, process.part],
        **({"ports": [port]} if process.serves else {}),
        "envFrom": [{"configMapRef": {"name": "gwella"}}],
        "env": _environment(process),
        **(_probes(process) if process.serves else {}),
        "resources": {
            "requests": {"cpu": "100m", "memory": "192Mi"},
            # No limit of processor time: it would throttle while others are idle.
            "limits": {"memory": _MEMORY[process.part]},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "temporary", "mountPath": "/tmp"}, *mounts],  # noqa: S108 - the container's own
    }


def _environment(process: Process) -> list[Manifest]:
    plain = [{"name": name, "value": value} for name, value in process.variables.items()]
    files = [
        {"name": file.variable, "value": f"{KEYS_FOLDER}/{file.secret}/{file.key}"} for file in process.files
    ]
    secrets = [
        {"name": one.variable, "valueFrom": {"secretKeyRef": {"name": one.secret, "key": one.key}}}
        for one in process.secrets
    ]
    store = [
        {
            "name": name,
            "valueFrom": {"secretKeyRef": {"name": "document-store", "key": key, "optional": True}},
        }
        for name, key in STORE.items()
        if process.keeps_documents
    ]
    return [*plain, *files, *secrets, *store]


def _probes(process: Process) -> Manifest:
    def get(path: str, seconds: int, failures: int) -> Manifest:
        return {
            "httpGet": {"path": path, "port": "http"},
            "periodSeconds": seconds,
            "timeoutSeconds": 3,
            "failureThreshold": failures,
        }

    probes: Manifest = {
        "startupProbe": get("/startupz", 2, 60),
        "livenessProbe": get("/livez", 10, 3),
        "readinessProbe": get("/readyz", 5, 2),
    }
    if process.part == "api":
        # Until every node has heard that this copy is going, requests still come.
        probes["lifecycle"] = {"preStop": {"sleep": {"seconds": 5}}}
    return probes


def _service(process: Process) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _meta(process),
        "spec": {
            "selector": labels(process.plan, process.part),
            "ports": [{"name": "http", "port": process.plan.port, "targetPort": "http"}],
        },
    }


def _autoscaler(process: Process) -> Manifest:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _meta(process),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": process.name},
            "minReplicas": LEAST_COPIES,
            "maxReplicas": MOST_COPIES,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
                }
            ],
        },
    }


def _disruption_budget(process: Process) -> Manifest:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _meta(process),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels(process.plan, process.part)}},
    }


def index(resources: Sequence[str]) -> Manifest:
    """The index of a folder of manifests."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list(resources),
    }


def database_passwords(topology: Topology) -> Manifest:
    """Part of the development's PostgreSQL: the passwords of the roles that its init script makes."""
    sources = [
        {
            "secret": {
                "name": f"{plan.name}-{role}",
                "items": [{"key": "password", "path": f"{plan.name}-{role}/password"}],
            }
        }
        for plan in topology.with_database
        for role in ("owner", "api", "worker")
    ]
    volume = {"name": "passwords", "projected": {"sources": sources}}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "postgres"},
        "spec": {"template": {"spec": {"volumes": [volume]}}},
    }


def kept_documents(topology: Topology, folder: str) -> list[Manifest]:
    """Part of the development's deployments: the one volume in which all of them keep files."""
    found = []
    for process in processes(topology, ADDRESSES):
        if process.keeps_documents:
            mount = {"name": "documents", "mountPath": folder}
            pod = {
                "containers": [{"name": process.part, "volumeMounts": [mount]}],
                "volumes": [{"name": "documents", "persistentVolumeClaim": {"claimName": "documents"}}],
            }
            found.append(
                {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "metadata": {"name": process.name},
                    "spec": {"template": {"spec": pod}},
                }
            )
    return found
