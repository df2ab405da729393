"""Traits stricts: normalised as INSi writes them, and compared as RNIV compares them."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import date

_LIGATURES = {
    "Œ": "OE", "Æ": "AE", "ß": "SS", "ẞ": "SS", "Ø": "O", "Ð": "D", "Þ": "TH", "Ł": "L", "Đ": "D",
    "’": "'", "ʼ": "'", "‐": "-", "‑": "-", "–": "-", "\u00a0": " ",
}  # fmt: skip
_ALLOWED = re.compile(r"'?[A-Z]+(?:(?:-{1,2}|[' ])[A-Z]+)*'?")
_SEPARATORS = re.compile(r"[-' ]+")
COG = re.compile(r"(?:\d{2}|2[AB])\d{3}", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)


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
    """True when it is no date as RNIV and INSi write them: AAAA-MM-JJ, day or month 00 or lunar (month 13 to 99)."""
    match = _DATE.fullmatch(text)
    if match is None:
        return True
    year, month, day = int(match[1]), int(match[2]), int(match[3])
    if not 1850 <= year <= 2200:
        return True
    return day > (monthrange(year, month)[1] if 1 <= month <= 12 else 31)


def corrected_birth_date(text: str) -> date:
    """The day exchanged for a birth date with unknown or lunar parts (RNIV EXI ID 11/12, PP 19).

    Day unknown → 1st of the month; month unknown → January; both → 31 December. Raises ValueError when
    `birth_date_problem` is true.
    """
    if birth_date_problem(text):
        raise ValueError("not a birth date")
    year, month, day = (int(part) for part in text.split("-"))
    month_known = 1 <= month <= 12
    if not month_known and day == 0:
        return date(year, 12, 31)
    return date(year, month if month_known else 1, day or 1)


def earliest_birth_date(text: str) -> date:
    """The first day a birth date can mean, for comparisons that must not refuse wrongly. Raises as the one above."""
    corrected = corrected_birth_date(text)
    return date(corrected.year, 1, 1) if not 1 <= int(text[5:7]) <= 12 else corrected
