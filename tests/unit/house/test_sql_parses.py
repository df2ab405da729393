"""Every migration runs on an empty database and every named query is one that PostgreSQL understands.

The databases' side is tests/integration/rules: here only what can be seen in the files.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub_kit.db.migrate import find_migrations
from hub_kit.db.sql import parse_queries

ROOT = Path(__file__).parents[3]
QUERIES = sorted(f for top in ("libs", "services") for f in (ROOT / top).rglob("queries.sql") if "/src/" in str(f))
FOLDERS = sorted({f.parent for top in ("libs", "services") for f in (ROOT / top).glob("*/src/**/migrations/**/*.sql")})


def test_there_is_something_to_look_at() -> None:
    assert len(QUERIES) >= 7
    assert len(FOLDERS) >= 9


@pytest.mark.parametrize("file", QUERIES, ids=lambda f: f.parent.name)
def test_queries_are_named_once_and_all_are_used(file: Path) -> None:
    names = parse_queries(file.read_text("utf-8")).names()
    code = "\n".join(f.read_text("utf-8") for f in file.parent.parent.rglob("*.py"))
    assert [name for name in names if not re.search(rf"(?:QUERIES|_Q)\s*\.\s*{name}\b", code)] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_migrations_are_numbered_without_gap(folder: Path) -> None:
    names = sorted(f.name for f in folder.glob("*.sql"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+(\.post)?\.sql", name) for name in names)


def test_migrations_are_found_by_the_program() -> None:
    assert [m.name for m in find_migrations("hub_gateway")] == sorted(
        f.name for f in (ROOT / "services/gateway/src/hub_gateway/migrations").glob("*.sql")
    )
