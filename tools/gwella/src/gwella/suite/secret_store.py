"""The secrets of one data folder: made on the first start, kept readable by us alone, the same after a restart.

They sign page cursors, salt the digests of the audit log and sign its checkpoints: were they made anew each time,
a cursor would not survive a restart and an old checkpoint could not be verified.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SuiteSecrets:
    """What the services are given. The key files hold a private JWK (Ed25519) each."""

    cursor_secret: str
    audit_key_file: Path
    return_key_file: Path


def suite_secrets(folder: Path) -> SuiteSecrets:
    """The secrets of this data folder, made when missing."""
    from testkit.issuer_directory import write_private

    kept, key_files = folder / "secrets.json", [folder / "audit-key.json", folder / "return-key.json"]
    if not kept.exists():
        write_private(kept, {name: secrets.token_urlsafe(32) for name in ("cursor_secret",)})
    for key_file in key_files:
        if not key_file.exists():
            from joserfc.jwk import OKPKey

            key = OKPKey.generate_key("Ed25519", parameters={"use": "sig"}, auto_kid=True)
            write_private(key_file, key.as_dict(private=True))
    content = json.loads(kept.read_text(encoding="utf-8"))
    return SuiteSecrets(content["cursor_secret"], *key_files)
