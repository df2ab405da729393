"""Rule 17: time comes in from a Clock. No code reads one elsewhere, no statement decides by the database's."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = sorted(f for top in ("libs", "services") for f in (ROOT / top).glob("*/src/**/*.py"))
STATEMENTS = sorted(f for top in ("libs", "services") for f in (ROOT / top).rglob("*.sql"))
# the clock itself, the moment a log line is written, the lag of the event loop; and durations that are only measured
ALLOWED = {
    "libs/kit/src/hub_kit/clock.py": {"datetime.now", "time.monotonic"},
    "libs/kit/src/hub_kit/telemetry/logs.py": {"time.time", "time.monotonic"},
    "libs/kit/src/hub_kit/run.py": {"loop.time"},
    "libs/kit/src/hub_kit/children/process.py": {"time.monotonic"},
    "libs/interop/src/hub_interop/terminologies/registry.py": {"date.today"},  # until a service gives its clock
}
READS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "gmtime", "localtime"},
    "loop": {"time"},
}
DATABASE_CLOCK = re.compile(
    r"\b(now\s*\(|clock_timestamp|statement_timestamp|transaction_timestamp|current_timestamp|current_date|"
    r"current_time\b|localtimestamp|localtime\b|timeofday|uuidv7\s*\()",
    re.IGNORECASE,
)


def clocks_read(source: str) -> set[str]:
    """`datetime.now` and the like, called or only passed on."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if node.attr in READS.get(owner, set()):
                found.add(f"{owner}.{node.attr}")
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found |= {f"time.{alias.name}" for alias in node.names}
    return found


def database_clock(statement: str) -> list[str]:
    return [match.group() for match in DATABASE_CLOCK.finditer(re.sub(r"--[^\n]*", "", statement))]


@pytest.mark.parametrize(
    "source",
    ["datetime.now(UTC)", "dt.datetime.utcnow()", "x(clock=time.monotonic)", "from time import time", "loop.time()"],
)
def test_the_search_sees_a_clock(source: str) -> None:
    assert clocks_read(source)


def test_the_search_sees_the_databases_clock() -> None:
    assert database_clock("select 1 where x < NOW()") == ["NOW("]
    assert database_clock("select known_version from known -- now()") == []


def test_nobody_reads_a_clock_but_the_clock() -> None:
    assert len(SOURCES) > 150
    read = {str(f.relative_to(ROOT)): clocks_read(f.read_text("utf-8")) for f in SOURCES}
    assert {name: clocks for name, clocks in read.items() if clocks - ALLOWED.get(name, set())} == {}


def test_no_statement_reads_the_databases_clock() -> None:
    assert len(STATEMENTS) > 15
    assert {str(f): found for f in STATEMENTS if (found := database_clock(f.read_text("utf-8")))} == {}


def test_statements_in_code_read_it_only_to_measure_the_skew_and_date_migrations() -> None:
    read = {
        str(f.relative_to(ROOT))
        for f in SOURCES
        for node in ast.walk(ast.parse(f.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "clock_timestamp" in node.value
    }
    assert read == {"libs/kit/src/hub_kit/clock.py", "libs/kit/src/hub_kit/db/migrate.py"}
