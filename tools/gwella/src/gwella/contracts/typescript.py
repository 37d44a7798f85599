"""The types of the TypeScript client, generated from the published description by openapi-typescript."""

import subprocess
from pathlib import Path
from typing import Final

GENERATOR: Final = ".tools/openapi/node_modules/.bin/openapi-typescript"
DESCRIPTION: Final = "docs/reference/openapi.json"
TYPES: Final = "clients/typescript/src/schema.d.ts"


def write_types(root: Path) -> list[str]:
    """Writes the types anew where the generator is installed (`make openapi`); gives what changed.

    Raises subprocess.CalledProcessError where the generator refuses the description.
    """
    if not (root / GENERATOR).exists():
        return []
    target = root / TYPES
    held = target.read_text("utf-8") if target.exists() else None
    subprocess.run(
        [str(root / GENERATOR), DESCRIPTION, "--output", TYPES], cwd=root, check=True, capture_output=True
    )
    return [] if target.read_text("utf-8") == held else [TYPES]
