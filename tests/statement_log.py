"""What a test sends to the database: every statement with arguments, whoever's connection it is."""

from __future__ import annotations

from collections import Counter
from typing import Any

import asyncpg
import pytest


class StatementLog:
    """Statements since the last `take`. `executemany` counts once per row: it is a statement for each."""

    def __init__(self) -> None:
        self._sent: list[str] = []

    def take(self) -> Counter[str]:
        """How often each statement was sent; forgets them."""
        sent, self._sent = Counter(self._sent), []
        return sent

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Listen on all connections of asyncpg."""
        kind: Any = asyncpg.Connection
        one, many = kind._execute, kind._executemany

        async def execute(connection: Any, query: str, *args: Any, **more: Any) -> Any:
            self._sent.append(" ".join(query.split()))
            return await one(connection, query, *args, **more)

        async def executemany(connection: Any, query: str, args: Any, *more: Any, **named: Any) -> Any:
            rows = list(args)
            self._sent.extend([" ".join(query.split())] * len(rows))
            return await many(connection, query, rows, *more, **named)

        monkeypatch.setattr(kind, "_execute", execute)
        monkeypatch.setattr(kind, "_executemany", executemany)
