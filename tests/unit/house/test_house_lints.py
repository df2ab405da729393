"""The house's habits that no tool checks: sizes, SQL in .sql, nothing of this machine in tracked files."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MAX_FILE, MAX_FUNCTION = 400, 50

STATEMENT = re.compile(
    r"\s*(select\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|with\s+(recursive\s+)?\w+\s+as\s*\(|set\s+(local|session)\s|"
    r"(create|alter|drop)\s+(table|index|role|schema|database|function|view|policy)\s|grant\s|revoke\s|truncate\s|lock\s+table)",
    re.IGNORECASE,
)
# what runs before queries.sql can be read, or has no row in it: locks, the migration table, a planner's setting
SQL_ALLOWED = {
    "libs/kit/src/hub_kit/clock.py": 1,  # the database's clock, to measure the skew
    "libs/kit/src/hub_kit/db/migrate.py": 6,  # the migrations' own table and lock
    "libs/kit/src/hub_kit/messaging/relay.py": 1,  # the leader's lock
    "services/audit/src/hub_audit/store.py": 1,  # set local plan_cache_mode
    "services/identity/src/hub_identity/annuaire_store.py": 1,  # one loading at a time
}
HOME = re.compile(r"(?<![\w.$}/])/(?:work|root|home/[a-z][\w-]*|Users/\w+)/[\w.-]")
REGISTRY = re.compile(
    r"(?:pypi|pythonhosted|npmjs|yarnpkg|proxy\.golang|crates|rubygems|repo1?\.maven|central\.sonatype)\.(?:org|io|com|apache)"
    r"|--(?:extra-)?index-url[ =]\S+|index-url\s*=|\bregistry\s*=\s*[\"']?https?://",
    re.IGNORECASE,
)


@cache
def tracked() -> tuple[str, ...]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: nobody can say what is tracked")
    names = [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    assert len(names) > 300
    return tuple(names)


def sources() -> list[Path]:
    """Python files of the source trees."""
    found = [
        ROOT / name for name in tracked() if name.endswith(".py") and ("/src/" in name or name.startswith("tools/"))
    ]
    assert len(found) > 200
    return found


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_files_are_short() -> None:
    assert {name_of(f): n for f in sources() if (n := len(f.read_text("utf-8").splitlines())) > MAX_FILE} == {}


def test_functions_are_short() -> None:
    long = {}
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                lines = node.end_lineno - node.lineno + 1
                if lines > MAX_FUNCTION:
                    long[f"{name_of(file)}:{node.name}"] = lines
    assert long == {}


def statements_in(source: str) -> Iterator[str]:
    """Strings that are SQL, docstrings left out."""
    tree = ast.parse(source)
    documents = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in documents:
            continue
        if isinstance(node.value, str) and STATEMENT.match(node.value):
            yield node.value


@pytest.mark.parametrize(
    "text", ["select 1", " insert into a values (1)", "WITH x as (select 1)", "set local jit = off"]
)
def test_the_search_sees_sql(text: str) -> None:
    assert list(statements_in(f"run({text!r})")) == [text]
    assert list(statements_in(f'def f():\n    """{text}"""\n')) == []


def test_sql_is_in_sql_files() -> None:
    found = {
        name_of(f): count
        for f in sources()
        if name_of(f).startswith(("libs/", "services/"))
        if (count := len(list(statements_in(f.read_text("utf-8")))))
    }
    assert found == SQL_ALLOWED


def test_one_statement_for_a_batch() -> None:
    """`executemany` is a statement for every row (design rule 5)."""
    assert [name_of(f) for f in sources() if "executemany" in f.read_text("utf-8")] == []


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("dsn = /" + "work/main/x", HOME),
        ("see /home/jeanne/hub", HOME),
        ("pip install --index-url https://x", REGISTRY),
        ("https://files." + "pythonhosted" + ".org/packages", REGISTRY),
        ("registry=https://x.y", REGISTRY),
    ],
)
def test_the_search_sees_what_must_not_be_there(text: str, pattern: re.Pattern[str]) -> None:
    assert pattern.search(text)


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for name in tracked():
        if name == name_of(Path(__file__)):
            continue
        try:
            text = (ROOT / name).read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name}:{n}" for n, line in enumerate(text.splitlines(), 1) if pattern.search(line)]
    return found


def test_no_path_of_this_machine_is_tracked() -> None:
    assert lines_with(HOME) == []


def test_no_registry_address_is_tracked() -> None:
    assert lines_with(REGISTRY) == []
