"""Counters per operation and outcome, and per refusing check."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Statistics:
    """`outcomes[(operation, outcome)]`, `checks[check]`, `codes[code]`."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)

    def count(self, operation: str, outcome: str) -> None:
        """Count one request."""
        self.outcomes[operation or "unknown", outcome] += 1

    def snapshot(self) -> dict[str, Any]:
        """Return the counters as JSON."""
        operations: dict[str, dict[str, int]] = {}
        for (operation, outcome), number in sorted(self.outcomes.items()):
            operations.setdefault(operation, {})[outcome] = number
        return {"operations": operations, "checks": dict(self.checks), "codes": dict(self.codes)}

    def reset(self) -> None:
        """Start again from zero."""
        self.outcomes.clear()
        self.checks.clear()
        self.codes.clear()
