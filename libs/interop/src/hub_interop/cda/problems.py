"""What can be wrong with a document, as data: code, sentence, where in the LGO's act, and the rule it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class CdaProblem:
    """One thing wrong. `pointer` is a JSON pointer into the LGO's act; the text holds no value."""

    code: str
    pointer: str
    text: str


def _load() -> dict[str, str]:
    text = (resources.files("hub_interop.cda") / "problems.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:] if line)
    return {code: sentence for code, sentence, _ in rows}


PROBLEM_TEXTS = _load()
"""French sentence of each code."""


def problem(code: str, pointer: str) -> CdaProblem:
    """The problem with its sentence. Raises KeyError for a code not in problems.tsv."""
    return CdaProblem(code, pointer, PROBLEM_TEXTS[code])
