"""What no file of a deployment may break, said once for every platform: images, variables, secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

Document = dict[str, Any]

_PINNED: Final = re.compile(r"^[\w./-]+(?::\d+\.\d+[\w.-]*|@sha256:[0-9a-f]{64})$")
OWN_IMAGE: Final = re.compile(r"^(?:[\w.-]+/)*gwella:(?:local|\$\{GWELLA_VERSION:-local\})$")
"""Our image as a machine built it for itself."""
_SECRET_NAME: Final = re.compile(
    r"(PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE|CREDENTIAL|_KEY)(?!.*_(FILE|DIR)$)", re.IGNORECASE
)
_PASSWORD_IN_URL: Final = re.compile(r"://[^/\s:@]+:[^/\s@]+@")
_SANDBOX: Final = re.compile(r"^GWELLA_SANDBOX", re.IGNORECASE)
WRITES_INTO_ITSELF: Final = ("apache/kafka:", "quay.io/keycloak/keycloak:")
"""Images whose root file system cannot be read-only: they write their configuration into themselves at each start."""


def image_breaches(where: str, image: str) -> Iterator[str]:
    """An image is named by an exact version or a digest, so that nothing changes that nobody changed."""
    if not _PINNED.match(image) and not OWN_IMAGE.match(image):
        yield f"{where}: image {image!r} is not pinned"


def variable_breaches(where: str, name: str, value: object) -> Iterator[str]:
    """A variable written into a file holds no secret and does not set the clock."""
    if _SANDBOX.match(name):
        yield f"{where}: {name} is for a sandbox alone"
    text = "" if value is None else str(value)
    if text and (_SECRET_NAME.search(name) or _PASSWORD_IN_URL.search(text)):
        yield f"{where}: {name} is a secret in a file"


def may_write(image: str) -> bool:
    """Whether an image needs a writable root file system."""
    return image.startswith(WRITES_INTO_ITSELF)
