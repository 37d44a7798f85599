"""Keycloak's distribution: what is not the locked one is never built, let alone started."""

from pathlib import Path

import pytest

from testkit.kafka_jars import KafkaJarTamperedError, read_lock
from testkit.keycloak import LOCK_PATH, built_server


def test_a_distribution_that_was_changed_is_refused(tmp_path: Path) -> None:
    (locked,) = read_lock(LOCK_PATH)
    (tmp_path / locked.file_name).write_bytes(b"not what was locked")
    with pytest.raises(KafkaJarTamperedError, match="keycloak-quarkus-dist"):
        built_server(tmp_path)
    assert not list(tmp_path.glob("built-*"))


def test_what_is_locked_is_a_zip_by_its_coordinate() -> None:
    (locked,) = read_lock(LOCK_PATH)
    group, artifact, version, packaging = locked.coordinate.split(":")
    assert (group, artifact, packaging) == ("org.keycloak", "keycloak-quarkus-dist", "zip")
    assert locked.file_name == f"{artifact}-{version}.{packaging}"
