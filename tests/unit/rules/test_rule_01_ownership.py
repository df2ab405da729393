"""Rule 1: a service owns its schema, and imports point one way. The database's side is in integration/local."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub_local.pki import SERVICES

ROOT = Path(__file__).parents[3]
PACKAGES = {name: f"hub_{name.replace('-', '_')}" for name in SERVICES if (ROOT / "services" / name).is_dir()}
SCHEMAS = {name.replace("-", "_") for name in PACKAGES} | {"hub_keyring"}
KEYRING_FILES = {
    "libs/kit/src/hub_kit/security/queries.sql",
    "libs/kit/src/hub_kit/migrations/keyring/0001_keyring.sql",
}


def test_imports_point_one_way() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_every_service_is_under_every_contract() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    packages = set(PACKAGES.values())
    assert len(packages) == 6
    apart = set(config["importlinter:contract:services-apart"]["modules"].split())
    layered = set(config["importlinter:contract:service-layers"]["containers"].split())
    assert apart == packages
    assert layered == packages


def foreign_schemas(text: str, own: str) -> set[str]:
    """Schemas of others that a statement names."""
    plain = re.sub(r"--[^\n]*|'[^']*'", "", text)
    return {name for name in SCHEMAS - {own} if re.search(rf"\b{name}\s*\.\s*\w", plain)}


def test_the_search_sees_a_foreign_schema() -> None:
    assert foreign_schemas("select * from gateway.act -- audit.x", "identity") == {"gateway"}
    assert foreign_schemas("select * from act join hub_keyring . transit_key", "gateway") == {"hub_keyring"}


@pytest.mark.parametrize("service", sorted(PACKAGES))
def test_no_statement_of_a_service_names_anothers_schema(service: str) -> None:
    files = sorted((ROOT / "services" / service).rglob("*.sql"))
    assert files
    own = service.replace("-", "_")
    assert {str(f): names for f in files if (names := foreign_schemas(f.read_text("utf-8"), own))} == {}


def test_only_the_keyring_itself_names_the_keyring() -> None:
    files = [f for folder in ("libs", "services") for f in (ROOT / folder).rglob("*.sql")]
    named = {str(f.relative_to(ROOT)) for f in files if "hub_keyring." in f.read_text("utf-8")}
    assert named == KEYRING_FILES
