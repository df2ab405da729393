"""Traits stricts: normalised as INSi writes them, and compared as RNIV compares them."""

from __future__ import annotations

import re
import unicodedata

_LIGATURES = {
    "Œ": "OE", "Æ": "AE", "ß": "SS", "ẞ": "SS", "Ø": "O", "Ð": "D", "Þ": "TH", "Ł": "L", "Đ": "D",
    "’": "'", "ʼ": "'", "‐": "-", "‑": "-", "–": "-", "\u00a0": " ",
}  # fmt: skip
_ALLOWED = re.compile(r"'?[A-Z]+(?:(?:-{1,2}|[' ])[A-Z]+)*'?")
_SEPARATORS = re.compile(r"[-' ]+")
COG = re.compile(r"(?:\d{2}|2[AB])\d{3}")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


class TraitRefused(ValueError):
    """A trait holds a character that has no equivalent: it is refused, never dropped. The trait is not in the text."""


def normalise(text: str) -> str:
    """The trait in A–Z, space, apostrophe and hyphen (INSi lexical profile). Raises TraitRefused."""
    upper = unicodedata.normalize("NFC", text).upper().strip()
    plain = "".join(_LIGATURES.get(char, char) for char in upper)
    plain = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    plain = re.sub(" +", " ", plain)
    if not _ALLOWED.fullmatch(plain):
        raise TraitRefused("caractère refusé")
    return plain


def comparison_key(text: str) -> str:
    """What two traits are compared by: hyphen, apostrophe and space are the same. Raises TraitRefused."""
    return _SEPARATORS.sub(" ", normalise(text)).strip()


def first_name_fits(first: str, names: str) -> bool:
    """Does the list of given names begin with that first given name, at a word's end (RNIV EXI SI 29/30)?

    Raises TraitRefused.
    """
    key, all_names = comparison_key(first), comparison_key(names)
    return all_names == key or all_names.startswith(key + " ")


def birth_date_problem(text: str) -> bool:
    """True when it is no date as RNIV and INSi write them: AAAA-MM-JJ, day or month 00 or lunar (13 to 99)."""
    match = _DATE.fullmatch(text)
    return match is None or not 1850 <= int(match[1]) <= 2200 or int(match[3]) > 31
