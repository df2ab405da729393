"""Puts this folder on the path (the tests share `exchange_samples`)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from exchange_samples import SoftwareSigner, make_signer


@pytest.fixture(scope="session")
def signer() -> SoftwareSigner:
    """The seal (*cachet*) of an invented pharmacy."""
    return make_signer()


@pytest.fixture(scope="session")
def other_signer() -> SoftwareSigner:
    """Somebody else's key."""
    return make_signer(common_name="autre cachet")
