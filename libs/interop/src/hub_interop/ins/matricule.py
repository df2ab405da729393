"""The matricule INS: 13 characters, a key of two, and the OID that says what it is and without which it never goes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

_SHAPE = re.compile(r"[12]\d{4}(?:\d{2}|2[AB])\d{6}", re.ASCII)
_CORSICA = {"2A": "19", "2B": "18"}
_MONTHS = re.compile(r"0[1-9]|1[0-2]|[2-9]\d", re.ASCII)  # 20 to 99: month unknown, or a foreign registration


class Environment(StrEnum):
    """Where a matricule may be used; TEST covers test and demonstration."""

    PRODUCTION = "production"
    TEST = "test"


class InsKind(StrEnum):
    """What a number is."""

    NIR = "NIR"
    NIA = "NIA"
    INS_C = "INS-C"


@dataclass(frozen=True, slots=True)
class InsOid:
    """An OID under which a number is given."""

    oid: str
    kind: InsKind
    environment: Environment


_OIDS = {
    item.oid: item
    for item in (
        InsOid("1.2.250.1.213.1.4.8", InsKind.NIR, Environment.PRODUCTION),
        InsOid("1.2.250.1.213.1.4.9", InsKind.NIA, Environment.PRODUCTION),
        InsOid("1.2.250.1.213.1.4.10", InsKind.NIR, Environment.TEST),
        InsOid("1.2.250.1.213.1.4.11", InsKind.NIR, Environment.TEST),
        InsOid("1.2.250.1.213.1.4.2", InsKind.INS_C, Environment.PRODUCTION),
    )
}


class MatriculeInvalid(ValueError):
    """`code` is INS_FORMAT_INVALID or INS_KEY_INVALID; the number is never in the text."""

    def __init__(self, code: Literal["INS_FORMAT_INVALID", "INS_KEY_INVALID"]) -> None:
        super().__init__(code)
        self.code = code


def ins_oid(oid: str) -> InsOid | None:
    """What that OID stands for, None when it is not one of the INS."""
    return _OIDS.get(oid)


def nir_key(thirteen: str) -> str:
    """The key of a number of 13 characters, `01` to `97`; 2A counts as 19 and 2B as 18.

    Raises MatriculeInvalid when it hasn't the shape of a matricule.
    """
    if not _SHAPE.fullmatch(thirteen) or not _MONTHS.fullmatch(thirteen[3:5]):
        raise MatriculeInvalid("INS_FORMAT_INVALID")
    department = _CORSICA.get(thirteen[5:7], thirteen[5:7])
    return f"{97 - int(thirteen[:5] + department + thirteen[7:]) % 97:02d}"


def split_matricule(matricule: str) -> tuple[str, str]:
    """(13 characters, key) of a matricule of 15 characters whose key is right. Raises MatriculeInvalid."""
    if len(matricule) != 15 or not matricule[13:].isascii() or not matricule[13:].isdigit():
        raise MatriculeInvalid("INS_FORMAT_INVALID")
    number, key = matricule[:13], matricule[13:]
    if nir_key(number) != key:
        raise MatriculeInvalid("INS_KEY_INVALID")
    return number, key
