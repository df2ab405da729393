"""Markdown of the generated pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, every cell on one line, ended by a newline."""
    lines = [_row(header), "|" + "---|" * len(header), *map(_row, rows)]
    return "\n".join(lines) + "\n"


def code(text: str) -> str:
    """The text as code, nothing when it is empty."""
    return f"`{text}`" if text else ""


def codes(texts: Iterable[str]) -> str:
    """Several of them, separated by commas."""
    return ", ".join(map(code, texts))


def first_sentence(docstring: str | None) -> str:
    """The first sentence of a docstring, on one line, reStructuredText quotes left as they are."""
    text = " ".join((docstring or "").split())
    return re.split(r"(?<=\.) ", text, maxsplit=1)[0]


def anchor(title: str) -> str:
    """The anchor that a heading gets: lower case, dots gone, spaces as hyphens."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
