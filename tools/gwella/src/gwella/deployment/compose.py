"""The services' part of the compose file: a container per role, and the migration before them."""

from __future__ import annotations

from typing import Any, Final

from gwella.deployment.processes import Addresses, Process, SecretFile, SecretValue, processes
from gwella.deployment.secret_files import FOLDER, path_of
from gwella.suite.topology import Topology

Document = dict[str, Any]

SECRETS: Final = "/run/secrets"
DOCUMENTS: Final = "/var/lib/gwella"
"""Where the image has a folder that belongs to its user; the volume takes its owner from it."""
ADDRESSES: Final = Addresses("postgres", lambda service: f"{service}-api")


def compose_services(topology: Topology) -> Document:
    """The document: `services` and `secrets`. Infrastructure is in the file that includes it."""
    found = list(processes(topology, ADDRESSES))
    referred: list[SecretValue | SecretFile] = []
    for process in found:
        referred += [*process.secrets, *process.files]
    return {
        "services": {process.name: _container(topology, process) for process in found},
        "secrets": {
            _secret_name(one): {"file": f"./{FOLDER}/{path_of(one.secret, one.key)}"}
            for one in sorted(referred, key=_secret_name)
        },
    }


def _container(topology: Topology, process: Process) -> Document:
    secrets = [{"source": _secret_name(one), "target": one.variable.lower()} for one in process.secrets] + [
        {"source": _secret_name(one), "target": one.key} for one in process.files
    ]
    environment = dict(process.variables)
    environment |= {one.variable: f"{SECRETS}/{one.key}" for one in process.files}
    if process.keeps_documents:
        environment["GWELLA_DATA_DIR"] = DOCUMENTS
    if secrets:
        environment["GWELLA_SECRETS_DIR"] = SECRETS
    return {
        "extends": {"file": "deploy/compose/process.yaml", "service": _kind(process)},
        "command": [process.plan.name, process.part],
        "environment": environment,
        **({"secrets": secrets} if secrets else {}),
        "depends_on": _depends_on(process),
        **({"volumes": [f"documents:{DOCUMENTS}"]} if process.keeps_documents else {}),
        **_published(topology, process),
    }


def _kind(process: Process) -> str:
    return "process" if process.serves else "migration"


def _depends_on(process: Process) -> Document:
    if process.part == "migrate":
        return {"postgres": {"condition": "service_healthy"}}
    needed: Document = {}
    if process.plan.database:
        needed[f"{process.plan.name}-migrate"] = {"condition": "service_completed_successfully"}
    if process.uses_broker:
        needed["kafka"] = {"condition": "service_healthy"}
    if process.part == "api":
        needed["keycloak"] = {"condition": "service_healthy"}
    # A worker that looks at another service sees it come and go: only who serves callers waits for it.
    for called in process.calls if process.part == "api" else ():
        needed[f"{called.name}-api"] = {"condition": "service_healthy"}
    return needed


def _published(topology: Topology, process: Process) -> Document:
    if process.plan != topology.front:
        return {}
    return {"ports": [f"127.0.0.1:{process.plan.port}:{process.plan.port}"]}


def _secret_name(one: SecretValue | SecretFile) -> str:
    return f"{one.secret}-{one.key.removesuffix('.json')}"
