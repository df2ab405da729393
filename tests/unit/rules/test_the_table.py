"""docs/explanation/rules-and-tests.md names tests that exist, for every rule that has to have one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
TABLE = (ROOT / "docs/explanation/rules-and-tests.md").read_text("utf-8")
RULES = {1, 2, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19}


def test_every_test_named_exists() -> None:
    named = set(re.findall(r"`([\w/]+\.py)::(\w+)`", TABLE))
    assert len(named) > 70
    missing = [
        f"{file}::{test}"
        for file, test in sorted(named)
        if not (ROOT / "tests" / file).is_file()
        or not re.search(rf"^(async )?def {test}\(", (ROOT / "tests" / file).read_text("utf-8"), re.MULTILINE)
    ]
    assert missing == []


def test_every_rule_has_its_line() -> None:
    assert {int(n) for n in re.findall(r"^\| (\d+)\. ", TABLE, re.MULTILINE)} == RULES
