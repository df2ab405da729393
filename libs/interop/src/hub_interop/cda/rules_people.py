"""Rules of the professionals and of their structures: what the annuaire says has to hold (cda reference §3.3, §3.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hub_interop.cda.model import DocumentHeader, Organisation, Professional
from hub_interop.cda.problems import CdaProblem, problem
from hub_interop.cda.rules_patient import address_problems
from hub_interop.cda.texts import is_phone, text_problem
from hub_interop.terminologies import value_set

_STRUCTURE = re.compile(r"0[0-9]{9}|1[0-9AB]{9}|2[0-9]{9}|3[0-9]{14}|4[0-9]{14}")
_OTHER_PROFESSIONAL = re.compile(r"0[0-9AB]{9}|[13456]\w{9,14}/\w{1,20}", re.ASCII)
_AMBULATORY_SECTORS = frozenset(
    {"SA05", "SA07", "SA08", "SA09", "SA33", "SA38", "SA39", "SA52", "SA56", "SA63", "SA65"}
)
_AMBULATORY_SETTINGS = frozenset({"AMBULATOIRE", "SAD", "DEPISTAGE"})


def people_problems(header: DocumentHeader) -> Iterator[CdaProblem]:
    """Everything wrong with the authors, the vaccinateur and their structures."""
    performer = header.performer.professional
    authors = [author.professional for author in header.authors]
    if not authors:
        yield problem("AUTHOR_MISSING", "/author/id")
    elif performer.id not in {author.id for author in authors}:
        yield problem("AUTHOR_PERFORMER_NOT_AUTHOR", "/content/performer/id")
    for professional in dict.fromkeys((*authors, performer)):
        is_author = bool(authors) and professional.id == authors[0].id
        theirs = "/content/performer/id" if professional.id == performer.id and not is_author else "/author/id"
        yield from _professional(professional, theirs, header)
    for organisation in dict.fromkeys(author.organisation for author in (*header.authors, header.performer)):
        yield from _organisation(organisation, header)


def is_professional_id(text: str) -> bool:
    """A PS_IdNat as the annuaire gives it: 8 + RPPS with its Luhn digit, 0 + ADELI, or an internal id with a slash."""
    if text.startswith("8"):
        return len(text) == 12 and text.isascii() and text.isdigit() and _luhn(text[1:])
    return bool(_OTHER_PROFESSIONAL.fullmatch(text))


def _professional(professional: Professional, pointer: str, header: DocumentHeader) -> Iterator[CdaProblem]:
    if not is_professional_id(professional.id):
        yield problem("AUTHOR_ID_INVALID", pointer)
    if not professional.family_name.strip() or not professional.given_name.strip():
        yield problem("AUTHOR_NAME_MISSING", pointer)
    yield from text_problem(f"{professional.given_name} {professional.family_name}", pointer)
    if value_set("author_specialty").get(professional.specialty, header.created_at.date()) is None:
        yield problem("AUTHOR_SPECIALTY_UNKNOWN", pointer)
    civility, title = professional.civility, professional.title
    if (civility and value_set("civility").get(civility) is None) or (title and value_set("title").get(title) is None):
        yield problem("AUTHOR_CIVILITY_UNKNOWN", pointer)


def _organisation(organisation: Organisation, header: DocumentHeader) -> Iterator[CdaProblem]:
    pointer, day = "/structure", header.created_at.date()
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
