"""The rules of the compose file and of the Dockerfile. Each gives its breaches as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from testkit.deployment.dockerfile import Stage, variables
from testkit.deployment.rules import OWN_IMAGE, image_breaches, may_write, variable_breaches

Document = dict[str, Any]
Rule = Callable[[Document], Iterator[str]]

PUBLISHED: Final = ("gateway-api", "keycloak")
"""What clients call: the gateway, and the issuer that gives tokens for it."""
CANNOT_ASK_ITSELF: Final = ("otel/opentelemetry-collector:",)
"""Images without any program that could ask whether they are well."""


def no_root(document: Document) -> Iterator[str]:
    """Nobody is root or becomes it."""
    for name, service in document["services"].items():
        if str(service.get("user", "root")).split(":")[0] in {"", "0", "root"}:
            yield f"{name}: runs as root"
        if service.get("cap_drop") != ["ALL"] or service.get("cap_add"):
            yield f"{name}: keeps capabilities"
        if "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{name}: may gain privileges"
        if service.get("privileged") or "host" in (service.get("network_mode"), service.get("pid")):
            yield f"{name}: has more of the machine than it needs"


def read_only(document: Document) -> Iterator[str]:
    """Nothing writes into its image."""
    for name, service in document["services"].items():
        if service.get("read_only") is not True and not may_write(service["image"]):
            yield f"{name}: writes into its image"


def pinned(document: Document) -> Iterator[str]:
    """Images are named exactly."""
    for name, service in document["services"].items():
        yield from image_breaches(name, service["image"])


def no_secrets(document: Document) -> Iterator[str]:
    """Secrets are files that are not committed."""
    for name, service in document["services"].items():
        for variable, value in service.get("environment", {}).items():
            yield from variable_breaches(name, variable, value)
        for path in service.get("env_file", []):
            if not path.startswith("deploy/secrets/"):
                yield f"{name}: reads {path}, which may be committed"
    for name, secret in document.get("secrets", {}).items():
        if not str(secret.get("file", "")).startswith("./deploy/secrets/"):
            yield f"secret {name}: is no file below deploy/secrets"


def watched(document: Document) -> Iterator[str]:
    """What stays is asked whether it is well: by its own check, or by our image's."""
    for name, service in document["services"].items():
        check = service.get("healthcheck", {})
        stays = service.get("restart") != "no"
        asked = bool(check.get("test")) or (
            bool(OWN_IMAGE.match(service["image"])) and not check.get("disable")
        )
        if stays and not asked and not service["image"].startswith(CANNOT_ASK_ITSELF):
            yield f"{name}: nobody asks whether it is well"


def one_way_in(document: Document) -> Iterator[str]:
    """Only the gateway and the issuer can be reached, and from this machine alone."""
    for name, service in document["services"].items():
        ports = service.get("ports", [])
        if ports and name not in PUBLISHED:
            yield f"{name}: can be reached from outside"
        for port in ports:
            if not str(port).startswith("127.0.0.1:"):
                yield f"{name}: {port} can be reached from other machines"


RULES: Final[tuple[Rule, ...]] = (no_root, read_only, pinned, no_secrets, watched, one_way_in)


def breaches(document: Document) -> list[str]:
    """What in a compose file breaks a rule, a line each."""
    return [breach for rule in RULES for breach in rule(document)]


def dockerfile_breaches(stages: Sequence[Stage]) -> Iterator[str]:
    """What in a Dockerfile breaks a rule."""
    built = {stage.name for stage in stages if stage.name}
    for stage in stages:
        if stage.image not in built:
            yield from image_breaches("FROM", stage.image)
        for argument in stage.all("ENV"):
            for name, value in variables(argument).items():
                yield from variable_breaches("ENV", name, value)
        if stage.all("ADD"):
            yield "ADD fetches and unpacks what nobody has looked at; COPY does not"
        for command in stage.all("RUN"):
            if "uv sync" in command and "--locked" not in command:
                yield f"RUN {command}: does not keep to the lock"
    yield from _of_last(stages[-1])


def _of_last(last: Stage) -> Iterator[str]:
    """The stage that becomes the image."""
    user = (last.all("USER") or ["root"])[-1].split(":")[0]
    if not user.isdigit() or int(user) == 0:
        yield "USER: the image must run as a number that is not root's"
    if last.all("HEALTHCHECK") in ([], ["NONE"]):
        yield "HEALTHCHECK: nobody asks whether it is well"
    if not any("org.opencontainers.image.version" in label for label in last.all("LABEL")):
        yield "LABEL: the image does not say its version"
    for keyword in ("ENTRYPOINT", "CMD"):
        if not all(_is_list(argument) for argument in last.all(keyword)) or not last.all(keyword):
            yield f"{keyword}: a shell would stand between the platform's signals and the process"


def _is_list(argument: str) -> bool:
    try:
        return isinstance(json.loads(argument), list)
    except json.JSONDecodeError:
        return False
