"""One installation of the official rules for all tests, made as the operator makes it: by the worker's program."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from schematron_helpers import run_install


@pytest.fixture(scope="session")
def rules_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rules-cache")


@pytest.fixture(scope="session")
def installing(ans_dir: Path, rules_cache: Path) -> list[dict[str, object]]:
    """What the installation told."""
    status, told = run_install(ans_dir, rules_cache)
    assert status == 0, told[-1:]
    return told


@pytest.fixture(scope="session")
def installed(installing: list[dict[str, object]]) -> Path:
    return Path(str(installing[-1]["installed"]))
