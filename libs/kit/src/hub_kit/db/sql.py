"""Named SQL: all statements of a package live in its queries.sql, each under a line `-- name: some_name`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources

_NAME = re.compile(r"^--\s*name:\s*(\w+)\s*$", re.MULTILINE)


class Queries:
    """Statements by attribute: `QUERIES.claim_items` is the text of that query. Raises AttributeError if absent."""

    def __init__(self, statements: Mapping[str, str]) -> None:
        self._statements = dict(statements)

    def __getattr__(self, name: str) -> str:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f"queries.sql has no query named {name!r}") from None

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._statements)


def parse_queries(text: str) -> Queries:
    """Cut a queries.sql into its statements. Raises ValueError on a name used twice."""
    parts = _NAME.split(text)
    statements: dict[str, str] = {}
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        if name in statements:
            raise ValueError(f"query {name!r} is named twice")
        statements[name] = body.strip().rstrip(";")
    return Queries(statements)


def load_queries(package: str, file: str = "queries.sql") -> Queries:
    """The statements of `file` inside `package`."""
    return parse_queries((resources.files(package) / file).read_text(encoding="utf-8"))
