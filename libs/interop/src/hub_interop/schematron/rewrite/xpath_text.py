"""Just enough of XPath's lexis to read match patterns: what isn't understood is None, and its walk is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUOTES = "\"'"
_OPEN, _CLOSE = "[(", "])"
_NAME = r"[^\W\d][\w.\-·\u0300-\u036f\u203f\u2040]*"
_STEP_NAME = re.compile(rf"(?:child\s*::\s*)?(?:(?:{_NAME}|\*):)?({_NAME}|\*)")
VARIABLE = re.compile(rf"\$\s*((?:{_NAME}:)?{_NAME})")
"""A reference to a variable. It also finds what only looks like one in a literal: callers must not mind."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the child axis: the local name of its test ("*" for any element) and its predicates."""

    name: str
    predicates: tuple[str, ...]


def split_top(text: str, separator: str) -> list[str] | None:
    """`text` split at a one-character `separator` outside brackets, parentheses and literals; None if unbalanced."""
    parts, start, closing, quote = [], 0, [], ""
    for position, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in _QUOTES:
            quote = char
        elif char in _OPEN:
            closing.append(_CLOSE[_OPEN.index(char)])
        elif char in _CLOSE:
            if not closing or closing.pop() != char:
                return None
        elif char == separator and not closing:
            parts.append(text[start:position])
            start = position + 1
    if quote or closing:
        return None
    return [*parts, text[start:]]


def outside_brackets(text: str) -> str | None:
    """`text` without predicates and literals; None if unbalanced."""
    kept, depth, quote = [], 0, ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in _QUOTES:
            quote = char
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
        elif not depth:
            kept.append(char)
        if depth < 0:
            return None
    return None if quote or depth else "".join(kept)


def branches(pattern: str) -> list[list[Step | None]] | None:
    """The alternatives of a match pattern, each a list of steps; a None step stands for `//` or the leading `/`.

    None when any part is anything else than steps on the child axis (attributes, functions, other axes, operators).
    """
    if "(:" in pattern:
        return None
    found = []
    for alternative in split_top(pattern, "|") or [""]:
        steps = []
        for text in split_top(alternative.strip(), "/") or [""]:
            step = _step(text.strip()) if text.strip() else None
            if text.strip() and step is None:
                return None
            steps.append(step)
        if steps[-1] is None:
            return None
        found.append(steps)
    return found


def _step(text: str) -> Step | None:
    head, bracket, rest = text.partition("[")
    name = _STEP_NAME.fullmatch(head.strip())
    if not name:
        return None
    predicates = _predicates(bracket + rest)
    return None if predicates is None else Step(name.group(1), predicates)


def _predicates(text: str) -> tuple[str, ...] | None:
    """The predicates in `[a][b]`."""
    found, depth, quote, start = [], 0, "", 0
    for position, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in _QUOTES and depth:
            quote = char
        elif char == "[":
            start = start if depth else position + 1
            depth += 1
        elif char == "]":
            depth -= 1
            if depth == 0:
                found.append(text[start:position].strip())
        elif not depth and not char.isspace():
            return None
        if depth < 0:
            return None
    return None if depth or quote else tuple(found)
