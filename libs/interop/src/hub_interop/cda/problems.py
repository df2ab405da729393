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


@dataclass(frozen=True, slots=True)
class ProblemInfo:
    """What the table says of a code. `pointers` are where it may point in the LGO's act (`*`: any text of it)."""

    text: str
    pointers: tuple[str, ...]
    source: str


def _load() -> dict[str, ProblemInfo]:
    text = (resources.files("hub_interop.cda") / "problems.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:] if line)
    return {
        code: ProblemInfo(sentence, tuple(pointers.split()) or ("",), source)
        for code, sentence, pointers, source in rows
    }


CATALOGUE = _load()
"""Every code, for the rules and for the documentation that is generated from it."""

PROBLEM_TEXTS = {code: info.text for code, info in CATALOGUE.items()}
"""French sentence of each code."""


def problem(code: str, pointer: str) -> CdaProblem:
    """The problem with its sentence. Raises KeyError for a code not in problems.tsv."""
    return CdaProblem(code, pointer, PROBLEM_TEXTS[code])
