"""Renders an overlay with the real Kustomize: on the path, inside `kubectl`, or built from its published module.

Built with the Go of the machine into the user's cache. Where none of the three can be had, tests that need it are
skipped and say so; with `CI=true` they fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

MODULE: Final = "sigs.k8s.io/kustomize/kustomize/v5"
VERSION: Final = "v5.7.1"
"""Builds with Go 1.24 and newer."""
BUILD_SECONDS: Final = 600


class KustomizeMissingError(RuntimeError):
    """None of the ways to have Kustomize works here; the message says what was tried."""


@cache
def command() -> tuple[str, ...]:
    """How Kustomize is called: what follows is a folder. Raises KustomizeMissingError."""
    if own := shutil.which("kustomize"):
        return (own, "build")
    if kubectl := shutil.which("kubectl"):
        return (kubectl, "kustomize")
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    built = Path(root) / "gwella" / f"kustomize-{VERSION}"
    if not (built / "kustomize").exists():
        _build(built)
    return (str(built / "kustomize"), "build")


def _build(folder: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise KustomizeMissingError("neither kustomize nor kubectl nor go is on the path")
    try:
        done = subprocess.run(
            [go, "install", f"{MODULE}@{VERSION}"],
            env={**os.environ, "GOBIN": str(folder), "GOFLAGS": "-mod=mod"},
            capture_output=True, text=True, check=False, timeout=BUILD_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as slow:
        raise KustomizeMissingError(f"{MODULE} was not built in {BUILD_SECONDS} s") from slow
    if done.returncode != 0:
        raise KustomizeMissingError(f"{MODULE}@{VERSION} cannot be built: {done.stderr.strip()}")


def rendered(folder: Path) -> list[dict[str, Any]]:
    """Every manifest of an overlay. Raises CalledProcessError with Kustomize's own words for a folder that is none."""
    done = subprocess.run([*command(), str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]
