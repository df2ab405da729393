"""Formats of identifiers, names and times on the wire (protocol reference §2.5, §3.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

OID_PS = "1.2.250.1.71.4.2.1"
OID_STRUCTURE = "1.2.250.1.71.4.2.2"
OID_SIREN = "1.3.2"
OID = re.compile(r"[0-2](\.(0|[1-9]\d*))+")
UUID_URN = re.compile(r"urn:uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
UUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
SHA1_HEX = re.compile(r"[0-9a-fA-F]{40}")
INSTANT_MS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_STRUCTURE = re.compile(r"0\d{9,12}|1[0-9AB]{2}[0-9A-Z]{7}|2\d{9}|3\d{14}|4\d{14}")
_PROFESSIONAL = re.compile(r"0\d{9}|8\d{11}|[13456][0-9A-Z]{8,14}/[^\s^&/]{1,30}")
_CX = re.compile(r"(?P<id>[^\^&]+)\^\^\^&(?P<oid>[\d.]+)&ISO\^(?P<kind>NH|PI)")
_XCN = re.compile(
    r"(?P<id>[^\^&]+)\^(?P<family>[^\^&]+)\^(?P<given>[^\^&]+)\^\^\^\^\^\^"
    r"&(?P<oid>[\d.]+)&ISO\^(?P<use>[DU])\^\^\^(?P<kind>IDNPS|EI|RI)"
)
_XON = re.compile(r"(?P<name>[^\^&]+)\^\^\^\^\^&(?P<oid>[\d.]+)&ISO\^(?P<kind>IDNST|SIREN)\^\^\^(?P<id>[^\^&]+)")
_ESCAPED = re.compile(r"\\([EFSTR])\\")
_SEPARATORS = {"E": "\\", "F": "|", "S": "^", "T": "&", "R": "~"}
_INS = re.compile(r"\d{6}[\dAB]\d{8}")


def unescape(component: str) -> str:
    """Return what a component of an HL7 v2 composite says: `\\T\\` is `&`, `\\S\\` is `^` and so on."""
    return _ESCAPED.sub(lambda match: _SEPARATORS[match[1]], component)


def luhn(digits: str) -> bool:
    """Tell whether a number's last digit is its Luhn key."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def professional_ok(value: str, *, check_key: bool) -> bool:
    """Tell whether this is a PS_IdNat; with `check_key`, an RPPS must have its Luhn key."""
    if not _PROFESSIONAL.fullmatch(value):
        return False
    return not (check_key and value.startswith("8")) or luhn(value[1:])


def system_ok(identifier: str, oid: str) -> bool:
    """Tell whether this names a structure's system (`3{FINESS}/88`) or a service (SNR: its OID, its editor's OID)."""
    if oid == OID_PS:
        return "/" in identifier and _PROFESSIONAL.fullmatch(identifier) is not None
    return oid_ok(identifier) and oid_ok(oid)


def structure_ok(value: str) -> bool:
    """Tell whether this is a Struct_IdNat."""
    return _STRUCTURE.fullmatch(value) is not None


def oid_ok(value: str) -> bool:
    """Tell whether this is an OID of at most 128 characters."""
    return len(value) <= 128 and OID.fullmatch(value) is not None


def matricule_ok(value: str) -> bool:
    """Tell whether this is a matricule INS of 15 characters with its key (97 - NIR mod 97; 2A→19, 2B→18)."""
    if not _INS.fullmatch(value):
        return False
    department = {"2A": "19", "2B": "18"}.get(value[5:7], value[5:7])
    if not department.isdigit():
        return False
    return 97 - int(value[:5] + department + value[7:13]) % 97 == int(value[13:])


@dataclass(frozen=True, slots=True)
class Cx:
    """An identifier of a patient: `kind` is NH (INS) or PI (IPP)."""

    id: str
    oid: str
    kind: str


def cx(value: str) -> Cx | None:
    """Read `id^^^&OID&ISO^NH|PI`; None when the value has another shape."""
    match = _CX.fullmatch(value)
    return Cx(unescape(match["id"]), match["oid"], match["kind"]) if match else None


@dataclass(frozen=True, slots=True)
class Xcn:
    """A person (`kind` IDNPS or EI) or a system (RI) in the metadata."""

    id: str
    family: str
    given: str
    oid: str
    kind: str


def xcn(value: str, *, check_key: bool) -> Xcn | None:
    """Read an authorPerson or legalAuthenticator; None when a part is wrong (§3.3)."""
    match = _XCN.fullmatch(value)
    if match is None:
        return None
    kind, oid = match["kind"], match["oid"]
    identifier, family, given = (unescape(match[name]) for name in ("id", "family", "given"))
    if not family.strip() or not given.strip():
        return None
    if kind == "RI":
        good = match["use"] == "U" and system_ok(identifier, oid)
    else:
        good = match["use"] == "D" and oid == OID_PS and professional_ok(identifier, check_key=check_key)
        good = good and kind == ("EI" if "/" in identifier else "IDNPS")
    return Xcn(identifier, family, given, oid, kind) if good else None


@dataclass(frozen=True, slots=True)
class Xon:
    """A structure in the metadata."""

    name: str
    oid: str
    kind: str
    id: str


def xon(value: str) -> Xon | None:
    """Read an authorInstitution; None when a part is wrong (§3.3)."""
    match = _XON.fullmatch(value)
    if match is None or not match["name"].strip():
        return None
    kind, oid, identifier = match["kind"], match["oid"], unescape(match["id"])
    if kind == "IDNST" and (oid != OID_STRUCTURE or not structure_ok(identifier)):
        return None
    if kind == "SIREN" and (oid != OID_SIREN or not re.fullmatch(r"\d{9}", identifier)):
        return None
    return Xon(unescape(match["name"]), oid, kind, identifier)


def instant(value: str) -> datetime | None:
    """Read `YYYY-MM-DDThh:mm:ss.mmmZ` as an aware UTC datetime; None for any other shape."""
    if not INSTANT_MS.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value[:-1]).replace(tzinfo=UTC)
    except ValueError:
        return None


def utc_digits(value: str, *, reduced: bool = False) -> datetime | None:
    """Read an XDS time `yyyyMMddHHmmss` in UTC (fewer digits when `reduced`); None when it is not one."""
    lengths = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
    pattern = lengths.get(len(value)) if reduced or len(value) == 14 else None
    if pattern is None or not value.isdigit():
        return None
    try:
        return datetime.strptime(value, pattern).replace(tzinfo=UTC)
    except ValueError:
        return None


_CDA_TIME = re.compile(r"(\d{14})([+-])(\d\d)(\d\d)")


def cda_time(value: str) -> datetime | None:
    """Read `AAAAMMJJhhmmss+zzzz`; None for any other shape."""
    match = _CDA_TIME.fullmatch(value)
    if match is None:
        return None
    shift = timedelta(hours=int(match[3]), minutes=int(match[4])) * (1 if match[2] == "+" else -1)
    try:
        return datetime.strptime(match[1], "%Y%m%d%H%M%S").replace(tzinfo=timezone(shift))
    except ValueError:
        return None


def dn_parts(value: str) -> tuple[tuple[str, str], ...] | None:
    """Read an RFC 2253 name into (type, value) pairs in the order written; None when it is malformed."""
    parts: list[tuple[str, str]] = []
    for piece in re.split(r"(?<!\\)[,+]", value):
        kind, sign, content = piece.strip().partition("=")
        if not sign or not kind or not content:
            return None
        parts.append((kind, re.sub(r"\\([,+\"\\<>;=# ])", r"\1", content.strip())))
    return tuple(parts)
