"""The formats of single metadata values: identifiers, times, people, organisations, traits, coded fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from hub_interop.xds import codes
from hub_interop.xds.composites import Xcn, Xon
from hub_interop.xds.errors import Violation
from hub_interop.xds.metadata import Author, CodedValue

MAX_SLOT_VALUE = 256
"""Longest slot value of ebRIM 3.0 (LongName)."""

_OID = re.compile(r"\A[0-2](\.(0|[1-9][0-9]*))+\Z")
_ENTRY_ID = re.compile(r"\Aurn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_HASH = re.compile(r"\A[0-9a-f]{40}\Z")
_MATRICULE = re.compile(r"\A[1-478][0-9]{4}(?:[0-9]{2}|2[AB])[0-9]{8}\Z")
_PS_IDNAT = re.compile(r"\A(0[0-9]{9}|8[0-9]{11})\Z")
_PS_INTERNAL = re.compile(r"\A[13456][0-9A-Z]{5,14}/\S+\Z")
_STRUCT_IDNAT = re.compile(r"\A(0[0-9]{9,11}|1[0-9A-Z]{9}|2[0-9]{9}|3[0-9]{14}|4[0-9]{14})\Z")
_SECTOR = re.compile(r"\ASA[0-9]{2}\Z")
_REFERENCE = re.compile(r"\A[^^]+\^\^\^(&[0-9.]+&ISO)?\^urn:ihe:iti:xds:[0-9]{4}:[A-Za-z]+\Z")
_PID5 = re.compile(r"\APID-5\|[^^|]+\^[^^|]+\^[^^|]*\^\^\^\^(L|D)\Z")
_PID5_USED = re.compile(r"\APID-5\|[^^|]+\^[^^|]+\^\^\^\^\^D\Z")
_PID7 = re.compile(r"\APID-7\|[0-9]{4}(0[0-9]|1[0-2])([0-2][0-9]|3[01])\Z")
_PID8 = re.compile(r"\APID-8\|[FMU]\Z")
_PID11 = re.compile(r"\APID-11\|[^|]+\Z")
_TIME_FORMATS = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


def is_oid(value: str) -> bool:
    """A plain OID of 128 characters at most (EX_2.1-1130)."""
    return len(value) <= 128 and _OID.match(value) is not None


def is_entry_id(value: str) -> bool:
    """`urn:uuid:` and a lower-case UUID."""
    return _ENTRY_ID.match(value) is not None


def is_hash(value: str) -> bool:
    """A SHA-1 in 40 lower-case hexadecimal digits."""
    return _HASH.match(value) is not None


def is_matricule(value: str) -> bool:
    """A matricule INS of 15 characters (its key is checked where identities are qualified)."""
    return _MATRICULE.match(value) is not None


def is_time(value: str) -> bool:
    """A real UTC time of any precision from the year to the second."""
    layout = _TIME_FORMATS.get(len(value))
    if layout is None or not value.isascii() or not value.isdigit():
        return False
    try:
        datetime.strptime(value, layout)  # noqa: DTZ007 - only whether such a time exists
    except ValueError:
        return False
    return True


def is_instant(value: str) -> bool:
    """A real UTC time to the second."""
    return len(value) == 14 and is_time(value)


def is_code(value: CodedValue) -> bool:
    """A code with its system and its label, each short enough for the registry."""
    parts = (value.code, value.scheme, value.label)
    return all(part.strip() and len(part) <= MAX_SLOT_VALUE for part in parts)


def is_reference_id(value: str) -> bool:
    """A CXi of referenceIdList."""
    return _REFERENCE.match(value) is not None


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What a coded field accepts: systems, a closed list or a pattern of codes, and where that comes from."""

    violation: str
    source: str
    systems: frozenset[str]
    codes: frozenset[str] | None = None
    pattern: re.Pattern[str] | None = None

    def accepts(self, value: CodedValue) -> bool:
        """Whether the code and its system are allowed."""
        listed = self.codes is None or value.code in self.codes
        shaped = self.pattern is None or self.pattern.match(value.code) is not None
        return value.scheme in self.systems and listed and shaped


CODED_FIELDS = {
    "classCode": FieldRule("XDS_CLASS", "JDV_J57", frozenset({codes.CLASS_SYSTEM}), codes.CLASS_CODES),
    "typeCode": FieldRule("XDS_TYPE", "JDV_J66", codes.TYPE_SYSTEMS),
    "formatCode": FieldRule("XDS_FORMAT", "JDV_J60", codes.FORMAT_SYSTEMS),
    "healthcareFacilityTypeCode": FieldRule(
        "XDS_FACILITY", "JDV_J61", frozenset({codes.SECTOR_SYSTEM}), pattern=_SECTOR
    ),
    "practiceSettingCode": FieldRule(
        "XDS_PRACTICE_SETTING", "JDV_J62", codes.PRACTICE_SETTING_SYSTEMS, codes.PRACTICE_SETTINGS
    ),
}


def author_problems(author: Author, where: str) -> Iterator[Violation]:
    """What is wrong in an author: a person at least, then well-formed organisations and specialties."""
    if author.person is None:
        yield Violation("XDS_AUTHOR_PERSON", f"{where}.authorPerson", "XCN", "compulsory")
    else:
        yield from person_problems(author.person, f"{where}.authorPerson")
    for institution in author.institutions:
        yield from _institution_problems(institution, f"{where}.authorInstitution")
    for specialty in author.specialties:
        if not is_code(specialty) or "^" in specialty.code + specialty.label or not is_oid(specialty.scheme):
            yield Violation("XDS_AUTHOR_SPECIALTY", f"{where}.authorSpecialty", "JDV_J56", "give code, label and OID")
    if not all(role.strip() and len(role) <= MAX_SLOT_VALUE for role in author.roles):
        yield Violation("XDS_AUTHOR_ROLE", f"{where}.authorRole", "JDV_J47", "give the label")


def person_problems(person: Xcn, where: str) -> Iterator[Violation]:
    """What is wrong in a person or system that writes."""
    action = "give PS_IdNat^NOM^Prénom with IDNPS (EI when the id has a /, RI for a system)"
    if not person.family.strip() or len(person.format()) > MAX_SLOT_VALUE:
        yield Violation("XDS_PERSON_NAME", where, "XCN", "give the name, 256 characters in all at most")
    if person.name_type == "U":  # a system of the structure, or a software's own
        good = person.id_type == "RI" and is_oid(person.authority) and bool(person.id)
    else:
        shape = {"IDNPS": _PS_IDNAT, "EI": _PS_INTERNAL}.get(person.id_type)
        good = (
            person.name_type == "D"
            and person.authority == codes.PS_ID_SYSTEM
            and shape is not None
            and shape.match(person.id) is not None
            and bool(person.given.strip())
        )
    if not good:
        yield Violation("XDS_PERSON", where, "XCN", action)


def _institution_problems(institution: Xon, where: str) -> Iterator[Violation]:
    if not institution.name.strip() or len(institution.format()) > MAX_SLOT_VALUE:
        yield Violation("XDS_INSTITUTION_NAME", where, "XON", "give the name, 256 characters in all at most")
    national = (
        institution.id_type == "IDNST"
        and institution.authority == codes.STRUCTURE_ID_SYSTEM
        and _STRUCT_IDNAT.match(institution.id) is not None
    )
    publisher = institution.id_type == "SIREN" and institution.authority == "1.3.2" and institution.id.isdigit()
    if not (national or publisher):
        yield Violation("XDS_INSTITUTION", where, "XON", "give Struct_IdNat in XON-10 with IDNST")


def source_patient_info_problems(values: tuple[str, ...], where: str) -> Iterator[Violation]:
    """What is wrong in the traits: one birth name (PID-5, L), at most one used name, one PID-7, one PID-8."""
    by_field: dict[str, list[str]] = {}
    for value in values:
        by_field.setdefault(value.partition("|")[0], []).append(value)
    names = by_field.pop("PID-5", [])
    births = [value for value in names if value.endswith("^L")]
    used = [value for value in names if value.endswith("^D")]
    if len(births) != 1 or len(used) > 1 or not all(_PID5.match(value) for value in names):
        yield Violation("XDS_PID5", where, "PID-5", "give the birth name (L) once, the used name (D) at most once")
    if any(not _PID5_USED.match(value) for value in used):
        yield Violation("XDS_PID5", where, "PID-5", "the used name is NOM^PRENOM^^^^^D")
    for name, pattern in (("PID-7", _PID7), ("PID-8", _PID8)):
        found = by_field.pop(name, [])
        if len(found) != 1 or not pattern.match(found[0]):
            yield Violation(f"XDS_{name.replace('-', '')}", where, name, "give it once, yyyymmdd or F, M, U")
    birthplaces = by_field.pop("PID-11", [])
    if len(birthplaces) > 1 or any(not _PID11.match(value) for value in birthplaces) or by_field:
        yield Violation("XDS_PID", where, "sourcePatientInfo", "only PID-5, 7, 8 and one PID-11")
    if any(len(value) > MAX_SLOT_VALUE for value in values):
        yield Violation("XDS_PID", where, "ebRIM", "256 characters at most")
