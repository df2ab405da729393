"""What a check finds, and how far an installation is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["error", "warning"]

RULE = "RULE"
"""Code of a finding that a rule of a schematron made; the others are the checker's own (`check.py`, `volets.py`)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a schematron (or the checker itself) holds against a document.

    `code` is stable; `schematron` is the file's name without ending, "" for the checker's own findings; `location` is
    a path of element names and positions; `text` and `test` are the rule's static text. None of them holds a value of
    the document. `detail` is the text with the values that the rule writes into it: never log it.
    """

    code: str
    role: Role
    schematron: str
    location: str
    text: str
    test: str = ""
    detail: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings about a document. `rules` is the content hash of the installed rules, for the evidence."""

    rules: str
    schematrons: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def valid(self) -> bool:
        """Whether no finding is an error."""
        return not self.errors

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that forbid to send the document."""
        return tuple(finding for finding in self.findings if finding.role == "error")


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of an installation that is done: `done` of `total`. `step` is a name for operators, not a path."""

    step: str
    done: int
    total: int


_FIELDS = ("code", "role", "schematron", "location", "text", "test", "detail")


def verdict_to_json(verdict: Verdict) -> bytes:
    """The verdict as the child process answers it."""
    findings = [[getattr(finding, name) for name in _FIELDS] for finding in verdict.findings]
    told = {"rules": verdict.rules, "schematrons": verdict.schematrons, "findings": findings}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def verdict_from_json(data: bytes) -> Verdict:
    """The verdict in a child's answer. Raises ValueError, without the content, for anything else."""
    try:
        told = json.loads(data)
        findings = tuple(_finding(row) for row in told["findings"])
        schematrons = tuple(str(name) for name in told["schematrons"])
        return Verdict(str(told["rules"]), schematrons, findings)
    except (ValueError, KeyError, TypeError):
        raise ValueError("not a verdict") from None


def _finding(row: list[str]) -> Finding:
    if len(row) != len(_FIELDS) or row[1] not in ("error", "warning"):
        raise ValueError
    return Finding(**dict(zip(_FIELDS, map(str, row), strict=True)))  # type: ignore[arg-type]
