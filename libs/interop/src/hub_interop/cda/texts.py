"""Texts that people read: no controls, no invisible characters, none that turns the order round; and phone numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub_interop.cda.elements import dialled
from hub_interop.cda.problems import CdaProblem, problem

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)


_PHONE = re.compile(r"\+?[0-9]{3,15}")
_BREAKS = re.compile("[\t\n\r\u2028\u2029]")


def breaks_line(text: str) -> bool:
    """True when the text holds a tab or the end of a line: no name, title or label does."""
    return _BREAKS.search(text) is not None


def has_forbidden_character(text: str) -> bool:
    """True when the text holds one of them."""
    return _FORBIDDEN.search(text) is not None


def text_problem(text: str | None, pointer: str, *, lines: bool = False) -> Iterator[CdaProblem]:
    """At most one problem: a forbidden character, or the end of a line where `lines` are not allowed."""
    if text and (has_forbidden_character(text) or (not lines and breaks_line(text))):
        yield problem("DOC_TEXT_FORBIDDEN_CHARACTER", pointer)


def is_phone(text: str) -> bool:
    """A number that can be dialled: 3 to 15 digits, a plus before them perhaps, laid out as one likes."""
    return bool(_PHONE.fullmatch(dialled(text)))
