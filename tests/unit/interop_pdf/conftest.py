"""Puts this folder on the path (the tests share `report_samples` and `file_samples`), and measures memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def _resident() -> int:
    fields = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in fields if line.startswith("VmHWM"))


@pytest.fixture
def peak() -> Callable[[Callable[[], object]], int]:
    """By how many bytes a call raises the highest memory of this process, libraries in C included."""
    clear = Path("/proc/self/clear_refs")
    if not clear.exists():
        pytest.skip("the peak of memory can only be reset on Linux")

    def measure(call: Callable[[], object]) -> int:
        clear.write_text("5")
        before = _resident()
        call()
        return _resident() - before

    return measure
