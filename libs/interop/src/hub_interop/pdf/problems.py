"""Why a supplied file is refused, as data: a stable code and a French sentence that holds nothing of the file."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One reason."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class FileRefused:
    """A file that can't be used, with every reason that was found; never none."""

    problems: tuple[FileProblem, ...]

    @property
    def code(self) -> str:
        """The code of the first reason."""
        return self.problems[0].code

    @property
    def text(self) -> str:
        """All the sentences in one text."""
        return " ".join(problem.text for problem in self.problems)


class Unusable(Exception):
    """Inside this package only: the code that stops an examination."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _load() -> dict[str, str]:
    text = (resources.files("hub_interop.pdf") / "problems.tsv").read_text("utf-8")
    return dict(line.split("\t") for line in text.splitlines()[1:] if line)


FILE_PROBLEM_TEXTS = _load()
"""French sentence of each code, in the order in which reasons are listed."""

_ORDER = {code: rank for rank, code in enumerate(FILE_PROBLEM_TEXTS)}


def refused(codes: set[str]) -> FileRefused:
    """The refusal for these codes, in the catalogue's order. Raises KeyError for a code not in problems.tsv."""
    ordered = sorted(codes, key=_ORDER.__getitem__)
    return FileRefused(tuple(FileProblem(code, FILE_PROBLEM_TEXTS[code]) for code in ordered))
