"""Rules of the professionals, devices and structures: what the annuaire says has to hold (cda reference §3.3, §3.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from hub_interop.cda.model import AnyAuthor, Author, DeviceAuthor, DocumentHeader, Organisation, Professional
from hub_interop.cda.problems import CdaProblem, problem
from hub_interop.cda.rules_patient import address_problems
from hub_interop.cda.texts import is_phone, text_problem
from hub_interop.terminologies import value_set

_STRUCTURE = re.compile(r"0[0-9]{9}|1[0-9AB]{9}|2[0-9]{9}|3[0-9]{14}|4[0-9]{14}")
_OTHER_PROFESSIONAL = re.compile(
    r"0[0-9AB]{9}|(1[0-9AB]{9,14}|3[0-9AB]{9}|4[0-9]{9}|5[0-9]{14}|6[0-9]{11,14})/\w{1,20}", re.ASCII
)
_INTERNAL = {"0": "1", "1": "3", "2": "4", "3": "5", "4": "6"}
"""First digit of a Struct_IdNat (TRE_G07) to that of a PS_IdNat given by such a structure (TRE_G08)."""
_PROFESSION = re.compile(r"G15_([0-9]{2})(?:/.*)?")
_DEVICES = frozenset({"AUTOMATE", "DISPOSITIF", "SNR"})
_AMBULATORY_SECTORS = frozenset(
    {"SA05", "SA07", "SA08", "SA09", "SA33", "SA38", "SA39", "SA52", "SA56", "SA63", "SA65"}
)
_AMBULATORY_SETTINGS = frozenset({"AMBULATOIRE", "SAD", "DEPISTAGE"})


def people_problems(header: DocumentHeader) -> Iterator[CdaProblem]:
    """Everything wrong with the authors, who answers, who typed, who did it, and their structures."""
    if not header.authors:
        yield problem("AUTHOR_MISSING", "/author/id")
    yield from _responsible(header)
    people = _people(header)
    checked: set[object] = set()
    for author, origin in people:
        who = author.device if isinstance(author, DeviceAuthor) else author.professional
        if who not in checked:
            checked.add(who)
            yield from _who(author, origin, header)
        yield from _role_and_time(author, origin, header)
    for organisation in dict.fromkeys(author.organisation for author, _ in people):
        yield from organisation_problems(organisation, "/structure", header.created_at)


def _people(header: DocumentHeader) -> list[tuple[AnyAuthor, str]]:
    """Everybody with the place in the LGO's act; the performer before the co-authors, since the act names them so."""
    first = header.authors[:1]
    named: list[tuple[AnyAuthor, str]] = [(author, author.origin or "/author") for author in first]
    single: tuple[tuple[Author | None, str], ...] = (
        (header.responsible, "/responsible"),
        (header.performer, "/content/performer"),
        (header.data_enterer, "/data_enterer"),
    )
    named += [(author, author.origin or origin) for author, origin in single if author is not None]
    named += [(author, author.origin or f"/authors/{n}") for n, author in enumerate(header.authors) if n]
    return named


def _responsible(header: DocumentHeader) -> Iterator[CdaProblem]:
    """A delegate or a device needs a professional who answers for it; nobody else signs in the author's place."""
    responsible = header.responsible
    first = header.author if header.authors else None
    if responsible is not None:
        pointer = f"{responsible.origin or '/responsible'}/id"
        if not can_answer(responsible.professional):
            yield problem("AUTHOR_RESPONSIBLE_INVALID", pointer)
        elif isinstance(first, Author) and _answers_alone(first.professional, responsible.professional):
            yield problem("AUTHOR_RESPONSIBLE_NOT_NEEDED", pointer)
    elif first is not None and (isinstance(first, DeviceAuthor) or is_delegate(first.professional)):
        yield problem("AUTHOR_RESPONSIBLE_MISSING", "/responsible/id")


def _answers_alone(author: Professional, responsible: Professional) -> bool:
    """Can that author answer, and is the responsible another person?"""
    return can_answer(author) and author.id != responsible.id


def can_answer(professional: Professional) -> bool:
    """A health professional known by a national number: RPPS or ADELI."""
    return professional.id[:1] in ("8", "0") and _answers(professional.specialty)


def is_delegate(professional: Professional) -> bool:
    """Known to JDV_J56, and none who can answer alone: préparateur, secrétariat, aide, étudiant."""
    known = value_set("author_specialty").get(professional.specialty) is not None
    return known and not _answers(professional.specialty)


def _answers(specialty: str) -> bool:
    found = _PROFESSION.fullmatch(specialty)
    return found is not None and value_set("answering_profession").get(found[1]) is not None


def is_professional_id(text: str) -> bool:
    """A PS_IdNat as the annuaire gives it: 8 + RPPS with its Luhn digit, 0 + ADELI, or an internal id with a slash."""
    if text.startswith("8"):
        return len(text) == 12 and text.isascii() and text.isdigit() and _luhn(text[1:])
    return bool(_OTHER_PROFESSIONAL.fullmatch(text))


def internal_number(structure_id: str, number: str) -> str:
    """The PS_IdNat of a person or device that only its structure knows: `3` + FINESS + `/` + number, `5` + SIRET…

    `/` + number when `structure_id` is no Struct_IdNat: the rules refuse that number with the structure's id.
    """
    if not _STRUCTURE.fullmatch(structure_id):
        return f"/{number}"
    return f"{_INTERNAL[structure_id[0]]}{structure_id[1:]}/{number}"


def _who(author: AnyAuthor, origin: str, header: DocumentHeader) -> Iterator[CdaProblem]:
    if isinstance(author, DeviceAuthor):
        yield from _device(author, origin)
        return
    professional, pointer = author.professional, f"{origin}/id"
    if not is_professional_id(professional.id):
        yield problem("AUTHOR_ID_INVALID", pointer)
    if not professional.family_name.strip() or not professional.given_name.strip():
        yield problem("AUTHOR_NAME_MISSING", pointer)
    yield from text_problem(f"{professional.given_name} {professional.family_name}", pointer)
    if value_set("author_specialty").get(professional.specialty, header.created_at.date()) is None:
        yield problem("AUTHOR_SPECIALTY_UNKNOWN", pointer)
    if not is_civil(professional.civility, professional.title):
        yield problem("AUTHOR_CIVILITY_UNKNOWN", pointer)


def is_civil(civility: str | None, title: str | None = None) -> bool:
    """Civility of JDV_J245 and title of JDV_J246, where there are any."""
    return not (civility and value_set("civility").get(civility) is None) and not (
        title and value_set("title").get(title) is None
    )


def _device(author: DeviceAuthor, origin: str) -> Iterator[CdaProblem]:
    device = author.device
    if not is_professional_id(device.id) or "/" not in device.id:
        yield problem("DEVICE_ID_INVALID", f"{origin}/number")
    if device.specialty not in _DEVICES:
        yield problem("DEVICE_KIND_UNKNOWN", f"{origin}/number")
    for name in ("model", "software"):
        text = getattr(device, name)
        if not text.strip():
            yield problem("DEVICE_NAME_MISSING", f"{origin}/{name}")
        yield from text_problem(text, f"{origin}/{name}")


def _role_and_time(author: AnyAuthor, origin: str, header: DocumentHeader) -> Iterator[CdaProblem]:
    function = author.function if isinstance(author, Author) else None
    if function is not None and value_set("participation_function").get(function) is None:
        yield problem("AUTHOR_FUNCTION_UNKNOWN", f"{origin}/id")
    if author.time is None or header.created_at.utcoffset() is None:
        return
    pointer = f"{origin}/number" if isinstance(author, DeviceAuthor) else f"{origin}/id"
    if author.time.utcoffset() is None:
        yield problem("DOC_TIME_WITHOUT_ZONE", pointer)
    elif author.time > header.created_at:
        yield problem("AUTHOR_TIME_AFTER_DOCUMENT", pointer)


def organisation_problems(organisation: Organisation, pointer: str, moment: datetime) -> Iterator[CdaProblem]:
    """Everything wrong with a structure."""
    day = moment.date()
    if not _STRUCTURE.fullmatch(organisation.id):
        yield problem("STRUCTURE_ID_INVALID", pointer)
    if not organisation.name.strip():
        yield problem("STRUCTURE_NAME_MISSING", pointer)
    yield from text_problem(organisation.name, pointer)
    yield from address_problems(organisation.address, pointer)
    if organisation.phone and not is_phone(organisation.phone):
        yield problem("STRUCTURE_PHONE_INVALID", pointer)
    setting = value_set("practice_setting").get(organisation.practice_setting, day)
    if value_set("sector").get(organisation.sector, day) is None:
        yield problem("STRUCTURE_SECTOR_UNKNOWN", pointer)
    if setting is None:
        yield problem("STRUCTURE_SETTING_UNKNOWN", pointer)
    elif organisation.sector in _AMBULATORY_SECTORS and setting.code not in _AMBULATORY_SETTINGS:
        yield problem("STRUCTURE_SETTING_MISMATCH", pointer)


def _luhn(digits: str) -> bool:
    total = 0
    for index, char in enumerate(reversed(digits)):
        value = int(char) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
