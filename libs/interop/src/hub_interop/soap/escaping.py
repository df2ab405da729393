"""Escaping for XML written by template.

The output is what Canonical XML would write, so that text composed here is stable through a canonicalisation.
"""

from __future__ import annotations

import re

from hub_interop.soap.errors import MessageUnwritable

_ILLEGAL = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
_TEXT_SPECIAL = re.compile(f"[&<>\r{_ILLEGAL}]")
_ATTRIBUTE_SPECIAL = re.compile(f'[&<"\t\n\r{_ILLEGAL}]')
_TEXT = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}
_ATTRIBUTE = {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}


def text(value: str) -> str:
    """`value` as the content of an element.

    Raises `MessageUnwritable` (`XML_CHARACTER`) on a character that XML 1.0 can't hold.
    """
    return _TEXT_SPECIAL.sub(_text_of, value) if _TEXT_SPECIAL.search(value) else value


def attribute(value: str) -> str:
    """`value` as the content of a double-quoted attribute. Raises like `text`."""
    return _ATTRIBUTE_SPECIAL.sub(_attribute_of, value) if _ATTRIBUTE_SPECIAL.search(value) else value


def _text_of(match: re.Match[str]) -> str:
    return _known(_TEXT, match)


def _attribute_of(match: re.Match[str]) -> str:
    return _known(_ATTRIBUTE, match)


def _known(table: dict[str, str], match: re.Match[str]) -> str:
    character = match.group()
    if character not in table:
        raise MessageUnwritable(
            "XML_CHARACTER", f"U+{ord(character):04X}", "remove the control character from the source field"
        )
    return table[character]
