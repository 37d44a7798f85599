"""The rules of Kubernetes manifests. Each gives its breaches as text; `breaches` asks all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from testkit.deployment.rules import image_breaches, may_write, variable_breaches

Manifest = dict[str, Any]
Rule = Callable[[Sequence[Manifest]], Iterator[str]]

WITH_PODS: Final = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
STAYING: Final = ("Deployment", "StatefulSet", "DaemonSet")
OURS: Final = "app.kubernetes.io/part-of"
FRONT: Final = "gateway-api"


def where(manifest: Manifest) -> str:
    """`Deployment/registry-api`."""
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def pod_of(manifest: Manifest) -> Manifest:
    """The pod's specification of a workload."""
    spec: Manifest = manifest["spec"]
    if manifest["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    pod: Manifest = spec["template"]["spec"]
    return pod


def containers(manifest: Manifest) -> list[Manifest]:
    """All containers of a workload."""
    pod = pod_of(manifest)
    return [*pod.get("initContainers", []), *pod["containers"]]


def workloads(manifests: Sequence[Manifest], kinds: Sequence[str] = WITH_PODS) -> list[Manifest]:
    """What runs pods."""
    return [one for one in manifests if one["kind"] in kinds]


def no_root(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Nobody is root or becomes it, or has more of the node than a process needs."""
    for one in workloads(manifests):
        pod = pod_of(one)
        security = pod.get("securityContext", {})
        if security.get("runAsNonRoot") is not True or not security.get("runAsUser"):
            yield f"{where(one)}: may run as root"
        if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{where(one)}: no seccomp profile"
        if any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC")):
            yield f"{where(one)}: is in the node's own network or processes"
        if any("hostPath" in volume for volume in pod.get("volumes", [])):
            yield f"{where(one)}: has a folder of the node"
        for container in containers(one):
            own = container.get("securityContext", {})
            if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
                yield f"{where(one)}: may gain privileges"
            if own.get("capabilities", {}).get("drop") != ["ALL"] or own.get("capabilities", {}).get("add"):
                yield f"{where(one)}: keeps capabilities"
            if own.get("runAsUser") == 0 or own.get("runAsNonRoot") is False:
                yield f"{where(one)}: may run as root"


def read_only(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Nothing writes into its image."""
    for one in workloads(manifests):
        for container in containers(one):
            if may_write(container["image"]):
                continue
            if container.get("securityContext", {}).get("readOnlyRootFilesystem") is not True:
                yield f"{where(one)}: writes into its image"


def pinned(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Images are named exactly."""
    for one in workloads(manifests):
        for container in containers(one):
            yield from image_breaches(where(one), container["image"])
    for one in manifests:
        if image := one.get("spec", {}).get("imageName"):
            yield from image_breaches(where(one), image)


def no_secrets(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Secrets are named, never written."""
    for one in manifests:
        if one["kind"] == "Secret":
            yield f"{where(one)}: is a secret in a file"
        if one["kind"] == "ConfigMap":
            for name, value in one.get("data", {}).items():
                yield from variable_breaches(where(one), name, value if "\n" not in value else None)
    for one in workloads(manifests):
        for container in containers(one):
            for variable in container.get("env", []):
                yield from variable_breaches(where(one), variable["name"], variable.get("value"))


def watched(manifests: Sequence[Manifest]) -> Iterator[str]:
    """What stays is asked whether it is alive and ready; ours also whether it has started."""
    for one in workloads(manifests, STAYING):
        ours = OURS in one["metadata"].get("labels", {})
        for container in containers(one):
            needed = ["livenessProbe", "readinessProbe", *(["startupProbe"] if ours else [])]
            for probe in needed:
                if probe not in container:
                    yield f"{where(one)}: has no {probe}"


def measured(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Every container says what it needs, and how much memory it may have."""
    for one in workloads(manifests):
        for container in containers(one):
            resources = container.get("resources", {})
            if set(resources.get("requests", {})) < {"cpu", "memory"} or "memory" not in resources.get(
                "limits", {}
            ):
                yield f"{where(one)}: does not say what it needs"


def without_token(manifests: Sequence[Manifest]) -> Iterator[str]:
    """No process of ours speaks to Kubernetes."""
    for one in workloads(manifests):
        if pod_of(one).get("automountServiceAccountToken") is not False:
            yield f"{where(one)}: is given a token of the cluster"


def one_way_in(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Only the gateway can be reached from outside, by the ingress."""
    for one in manifests:
        if one["kind"] == "Service" and one["spec"].get("type", "ClusterIP") != "ClusterIP":
            yield f"{where(one)}: can be reached from outside"
        if one["kind"] == "Ingress":
            paths = [path for rule in one["spec"].get("rules", []) for path in rule["http"]["paths"]]
            backends = [path["backend"] for path in paths]
            if default := one["spec"].get("defaultBackend"):
                backends.append(default)
            if any(backend["service"]["name"] != FRONT for backend in backends):
                yield f"{where(one)}: lets others than the gateway be reached"
            if not one["spec"].get("tls"):
                yield f"{where(one)}: is not encrypted"


def apart(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Everything is denied that no policy allows, and each workload of ours has a policy of its own."""
    policies = [one["spec"] for one in manifests if one["kind"] == "NetworkPolicy"]
    if not any(one["podSelector"] == {} and not one.get("ingress") for one in policies):
        yield "NetworkPolicy: nothing denies what is not allowed to come in"
    outward = {"matchLabels": {OURS: "gwella"}}
    if not any(
        one["podSelector"] == outward and one["policyTypes"] == ["Egress"] and not one.get("egress")
        for one in policies
    ):
        yield "NetworkPolicy: nothing denies what is not allowed to go out"
    selected = [one["podSelector"].get("matchLabels", {}) for one in policies]
    for one in workloads(manifests):
        template = one["spec"]["template"]["metadata"]["labels"] if one["kind"] != "CronJob" else {}
        own = {name: value for name, value in template.items() if name.startswith("app.kubernetes.io/")}
        if OURS in template and own not in selected:
            yield f"{where(one)}: has no network policy"
    for one in policies:
        for rule in one.get("ingress", []) or []:
            if not rule.get("from"):
                yield f"NetworkPolicy for {one['podSelector']}: lets everybody in"


def disrupted_slowly(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Whoever empties a node takes one copy at a time."""
    budgets = [one["spec"]["selector"] for one in manifests if one["kind"] == "PodDisruptionBudget"]
    for one in workloads(manifests, STAYING):
        if OURS in one["metadata"].get("labels", {}) and one["spec"]["selector"] not in budgets:
            yield f"{where(one)}: has no disruption budget"


RULES: Final[tuple[Rule, ...]] = (
    no_root, read_only, pinned, no_secrets, watched, measured, without_token, one_way_in, apart, disrupted_slowly,
)  # fmt: skip


def breaches(manifests: Sequence[Manifest]) -> list[str]:
    """What breaks a rule, a line each."""
    return [breach for rule in RULES for breach in rule(manifests)]
