"""National numbers and codes of the annuaire: shapes, check digits, value sets."""

from __future__ import annotations

import re

from hub_interop.terminologies import value_set

_STRUCTURE_SHAPES = {
    "0": re.compile(r"[0-9A-Z]{9,14}"),  # ADELI-rang
    "1": re.compile(r"\d[0-9AB]\d{7}"),  # FINESS
    "2": re.compile(r"\d{9}"),  # SIREN
    "3": re.compile(r"\d{14}"),  # SIRET
    "4": re.compile(r"\d{14}"),  # RPPS-rang
}
_PROFESSIONAL_SHAPES = {
    "0": re.compile(r"[0-9A-Z]{9}"),  # ADELI
    "8": re.compile(r"\d{11}"),  # RPPS
}
_LUHN_STRUCTURES = frozenset("123")
_LUHN_PROFESSIONALS = frozenset("8")


def luhn(digits: str) -> bool:
    """True when the last digit is the Luhn check digit of the others (FINESS, SIREN, SIRET, RPPS)."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def known_identifier(value: str, *, professional: bool = False) -> bool:
    """Is it a Struct_IdNat (TRE_G07 digit and number) or a PS_IdNat (TRE_G08), check digit included?

    Corsican FINESS numbers (2A, 2B) are taken by their shape: their key is not a plain Luhn.
    """
    kind, number = value[:1], value[1:]
    shapes = _PROFESSIONAL_SHAPES if professional else _STRUCTURE_SHAPES
    if kind not in shapes or not shapes[kind].fullmatch(number):
        return False
    checked = kind in (_LUHN_PROFESSIONALS if professional else _LUHN_STRUCTURES)
    return not checked or not number.isdigit() or luhn(number)


def known_sector(code: str) -> bool:
    """Is it a sector of activity of JDV_J61?"""
    return value_set("sector").get(code) is not None


def known_setting(code: str) -> bool:
    """Is it a practice setting of JDV_J62?"""
    return value_set("practice_setting").get(code) is not None


def known_profession(profession: str, subsection: str | None) -> bool:
    """Is it a profession (TRE_G15), with the subsection of the Ordre for pharmacists, that may author a document?"""
    code = f"G15_{profession}/{subsection}" if subsection else f"G15_{profession}"
    return value_set("author_specialty").get(code) is not None
