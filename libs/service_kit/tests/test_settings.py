"""What the environment says becomes addresses; passwords may come from files that the platform mounts."""

from pathlib import Path

import pytest

from service_kit.settings import Settings

URL = "postgresql+asyncpg://registry_api@db:5432/registry"


def test_a_password_completes_its_own_address_only() -> None:
    settings = Settings.model_validate(
        {"database_url": URL, "database_password": "a/b:c@d", "owner_database_url": URL}
    )
    assert settings.database_url is not None
    assert settings.owner_database_url is not None
    assert settings.database_url.get_secret_value() == URL.replace("_api@", "_api:a%2Fb%3Ac%40d@")
    assert settings.owner_database_url.get_secret_value() == URL


def test_an_address_with_a_password_keeps_it() -> None:
    url = URL.replace("@", ":own@")
    settings = Settings.model_validate({"worker_database_url": url, "worker_database_password": "other"})
    assert settings.worker_database_url is not None
    assert settings.worker_database_url.get_secret_value() == url


def test_a_password_comes_from_a_mounted_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gwella_database_password").write_text("from-a-file\n")
    monkeypatch.setenv("GWELLA_DATABASE_URL", URL)
    settings = Settings(_secrets_dir=tmp_path)
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == URL.replace("_api@", "_api:from-a-file@")
    assert "from-a-file" not in repr(settings)
