"""The alimentation matrix: dated data that says which profession may feed which document type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict


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
    """The operator's file, or the one shipped. Raises OSError or pydantic.ValidationError: no start."""
    if path is None:
        text = (resources.files("hub_consent_registry") / "data" / "alimentation_matrix.yaml").read_text("utf-8")
    else:
        text = path.read_text("utf-8")
    file = MatrixFile.model_validate(yaml.safe_load(text))
    rows: dict[tuple[str, str], tuple[Row, ...]] = {}
    for row in file.rows:
        rows[(row.profession, row.type)] = (*rows.get((row.profession, row.type), ()), row)
    return AlimentationMatrix(file.version, rows)
