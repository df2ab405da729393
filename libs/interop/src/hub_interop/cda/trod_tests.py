"""The rapid tests that may be reported, as data: what each examines, in which chapter of biology."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class TrodTest:
    """A test: label and title, chapter and kind (codes of `trod_chapter`), conditions (CIM-10), exams (LOINC)."""

    label: str
    title: str
    chapter: str
    kind: str
    conditions: tuple[str, ...]
    exams: tuple[str, ...]


def _load() -> dict[str, TrodTest]:
    text = (resources.files("hub_interop.cda") / "trod_tests.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:] if line)
    return {
        test: TrodTest(label, title, chapter, kind, tuple(conditions.split()), tuple(exams.split()))
        for test, label, title, chapter, kind, conditions, exams in rows
    }


TROD_TESTS = _load()
"""Every test by its key: angine, cystite, covid, grippe, covid_grippe."""


def trod_title(test: str) -> str:
    """The title that the model asks for (BIO-TROD 2024.01). Raises KeyError for an unknown test."""
    return f"Test rapide d'orientation diagnostique : {TROD_TESTS[test].title}"
