"""The alimentation matrix: dated data that says which profession may feed which document type."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from hub_contracts.document_types import document_types


class Row(BaseModel):
    """One right, from `since` to `until` included."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    profession: str
    type: str
    since: date
    until: date | None = None


class MatrixFile(BaseModel):
    """The file as it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    version: str
    source: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class AlimentationMatrix:
    """The matrix in use. `version` goes with every decision taken by it."""

    version: str
    _rows: dict[tuple[str, str], tuple[Row, ...]]

    def allows(self, profession: str, document_type: str, on: date) -> bool:
        """May that profession (TRE_G15) feed that type (LOINC) on that day?"""
        rows = self._rows.get((profession, document_type), ())
        return any(row.since <= on and (row.until is None or on <= row.until) for row in rows)


def load_matrix(path: Path | None = None) -> AlimentationMatrix:
    """The operator's file, or what the document types declare.

    Raises OSError or pydantic.ValidationError: no start.
    """
    if path is None:
        rows = _declared()
        digest = hashlib.sha256("".join(row.model_dump_json() for row in rows).encode()).hexdigest()
        return AlimentationMatrix(f"hub-{digest[:12]}", _by_right(rows))
    file = MatrixFile.model_validate(yaml.safe_load(path.read_text("utf-8")))
    return AlimentationMatrix(file.version, _by_right(file.rows))


def _declared() -> list[Row]:
    """What each document type says of who may author it, and when."""
    return [
        Row(profession=author, type=kind.type, since=kind.since, until=kind.until)
        for kind in document_types().values()
        for author in kind.authors
    ]


def _by_right(rows: Iterable[Row]) -> dict[tuple[str, str], tuple[Row, ...]]:
    rights: dict[tuple[str, str], tuple[Row, ...]] = {}
    for row in rows:
        rights[(row.profession, row.type)] = (*rights.get((row.profession, row.type), ()), row)
    return rights
