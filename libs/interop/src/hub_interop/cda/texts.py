"""Texts that people read: no controls or invisible characters, none that turns the order; written numbers."""

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
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
MAX_OID = 128
MAX_TEXT = 4000
"""Longest text of one element: more is no name, label or comment, but a document of its own."""
LOT = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9 !%&'()*+,./:;=?_#-]{1,30}")
"""What GS1 allows in a lot number, and the space and sharp that people add."""


def breaks_line(text: str) -> bool:
    """True when the text holds a tab or the end of a line: no name, title or label does."""
    return _BREAKS.search(text) is not None


def has_forbidden_character(text: str) -> bool:
    """True when the text holds one of them."""
    return _FORBIDDEN.search(text) is not None


def text_problem(text: str | None, pointer: str, *, lines: bool = False) -> Iterator[CdaProblem]:
    """At most one problem: too long, a forbidden character, or the end of a line where `lines` are not allowed."""
    if text and len(text) > MAX_TEXT:
        yield problem("DOC_TEXT_TOO_LONG", pointer)
    elif text and (has_forbidden_character(text) or (not lines and breaks_line(text))):
        yield problem("DOC_TEXT_FORBIDDEN_CHARACTER", pointer)


def is_phone(text: str) -> bool:
    """A number that can be dialled: 3 to 15 digits, a plus before them perhaps, laid out as one likes."""
    return bool(_PHONE.fullmatch(dialled(text)))


def is_oid(text: str) -> bool:
    """A plain OID of at most 128 characters, without extension (EX_2.1-1130)."""
    return len(text) <= MAX_OID and bool(_OID.fullmatch(text))


def gs1_digit(digits: str) -> int:
    """The check digit of a GTIN (EAN, CIP 13) without it: weights 3 and 1 from the right."""
    return -sum(int(char) * (1 if index % 2 else 3) for index, char in enumerate(reversed(digits))) % 10
