"""Characters that must not be in a text people read: controls, invisible ones, and those that turn the order round."""

from __future__ import annotations

import re

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)


def has_forbidden_character(text: str) -> bool:
    """True when the text holds one of them."""
    return _FORBIDDEN.search(text) is not None
