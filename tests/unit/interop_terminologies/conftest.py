"""Puts this folder on the path (the tests share `package_samples`), and takes back what a test installs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from hub_interop.terminologies import registry, use_clock

sys.path.insert(0, str(Path(__file__).parent))

TODAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def _shipped_sets_only() -> Iterator[None]:
    registry.reset()
    use_clock(lambda: TODAY)
    yield
    registry.reset()
    use_clock(date.today)
