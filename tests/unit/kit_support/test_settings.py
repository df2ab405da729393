"""Settings: where values come from, what is said when they are wrong, what is never said."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field, SecretStr

from hub_kit.errors import ConfigurationError
from hub_kit.security.keywrap import make_kek_file
from hub_kit.settings import ServiceSettings, load_settings
from hub_kit.settings_check import check_config, reference_table

SECRET = "postgresql://u:tres-secret@h/d"


class Demo(ServiceSettings):
    """A service's settings."""

    service: ClassVar[str] = "demo-service"
    window: int = Field(5, ge=1, description="A window | of minutes.")
    peer_secret: SecretStr | None = Field(None, description="A secret of the service.")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("HUB_")]:
        monkeypatch.delenv(name)


def test_own_variables_win_over_shared_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", "shared")
    monkeypatch.setenv("HUB_DEMO_SERVICE_DATABASE_URL", "own")
    monkeypatch.setenv("HUB_LOG_LEVEL", "DEBUG")
    settings = load_settings(Demo)
    assert (settings.dsn, settings.api_dsn, settings.log_level, settings.window) == ("own", "own", "DEBUG", 5)


def test_secrets_come_from_files_and_are_never_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(SECRET + "\n")
    monkeypatch.setenv("HUB_DATABASE_URL_FILE", str(file))
    settings = load_settings(Demo)
    assert settings.dsn == SECRET
    assert "tres-secret" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_every_problem_is_listed_without_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DEMO_SERVICE_HTTP_PORT", "tres-secret")
    monkeypatch.setenv("HUB_DEMO_SERVICE_WINDOW", "0")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(Demo)
    text = str(caught.value)
    for name in ("HTTP_PORT", "WINDOW", "DATABASE_URL"):
        assert f"HUB_DEMO_SERVICE_{name}" in text
    assert "tres-secret" not in text


def test_an_unreadable_secret_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL_FILE", "/nowhere")
    assert any("HUB_DATABASE_URL_FILE" in problem for problem in check_config(Demo))


def test_check_config_looks_at_files_keys_and_misspellings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kek = tmp_path / "kek"
    kek.write_text("dG9vIHNob3J0")
    kek.chmod(0o644)
    for name, value in {
        "DATABASE_URL": SECRET,
        "KEK_FILE": str(kek),
        "KAFKA_CA_FILE": str(tmp_path / "absent"),
        "KAFKA_CERT_FILE": str(kek),
        "WINDWO": "3",
    }.items():
        monkeypatch.setenv(f"HUB_DEMO_SERVICE_{name}", value)
    problems = "\n".join(check_config(Demo))
    for name in ("KEK_FILE", "KAFKA_CA_FILE", "KAFKA_KEY_FILE", "WINDWO"):
        assert f"HUB_DEMO_SERVICE_{name}" in problems
    assert "every user" in problems
    assert "dG9v" not in problems


def test_check_config_finds_nothing_wrong_when_nothing_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_kek_file(tmp_path / "kek")
    monkeypatch.setenv("HUB_DATABASE_URL", SECRET)
    monkeypatch.setenv("HUB_KEK_FILE", str(tmp_path / "kek"))
    assert check_config(Demo) == []
    assert ((tmp_path / "kek").stat().st_mode & 0o777) == 0o600
    with pytest.raises(FileExistsError):
        make_kek_file(tmp_path / "kek")


def test_missing_paths_and_keyring_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", SECRET)
    settings = load_settings(Demo)
    with pytest.raises(ConfigurationError, match="HUB_DEMO_SERVICE_KEK_FILE"):
        settings.need_path("kek_file")
    with pytest.raises(ConfigurationError, match="KEYRING_URL"):
        _ = settings.keyring_dsn


def test_the_reference_table_has_every_field_with_a_meaning() -> None:
    table = reference_table(Demo)
    for name, field in Demo.model_fields.items():
        assert name.upper() in table
        assert field.description, name
    assert "| `HUB_DEMO_SERVICE_WINDOW` | int | `5` | A window \\| of minutes. |" in table
    assert "`HUB_DEMO_SERVICE_PEER_SECRET` (or `…_FILE`) | secret |" in table
    assert "| `HUB_DATABASE_URL` (or `…_FILE`) | secret | required |" in table
