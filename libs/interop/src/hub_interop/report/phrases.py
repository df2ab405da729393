"""The sentences that every layout shares: how traits, dates and empty parts are written in French."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import pairwise

from hub_interop.report.model import AuthorLine, Letterhead, NoticeKind, PatientBlock

NOTHING_NOTED = "Rien n'est noté dans cette partie."
PATIENT_HEADING = "Patient"
AUTHORS_HEADING = "Rédigé par"
NOTICE_LABELS = {NoticeKind.INFO: "Information", NoticeKind.WARNING: "Attention"}
_SEXES = {"F": "Féminin", "M": "Masculin", "UN": "Indéterminé"}
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")


def french_date(text: str) -> str:
    """`1979-03-28` as 28/03/1979; 00 parts stay; a text of another form is returned as it is."""
    found = _DATE.fullmatch(text)
    return "/".join(reversed(found.groups())) if found else text


def french_moment(moment: datetime) -> str:
    """24/11/2026 à 10:30, in the zone of `moment`."""
    return moment.strftime("%d/%m/%Y à %H:%M")


def dated_line(moment: datetime) -> str:
    """The line that dates the document."""
    return f"Document du {french_moment(moment)}"


def grouped_matricule(text: str) -> str:
    """A matricule of 15 characters, spaced as on the carte Vitale; another text is returned as it is."""
    if len(text) != 15 or not text.isalnum():
        return text
    cuts = (0, 1, 3, 5, 7, 10, 13, 15)
    return "\u00a0".join(text[start:end] for start, end in pairwise(cuts))


def patient_fields(patient: PatientBlock) -> tuple[tuple[str, str], ...]:
    """The traits in the order of the RNIV, with their labels; those that are empty are left out."""
    traits = (
        ("Nom de naissance", patient.birth_name),
        ("Prénom(s) de naissance", patient.given_names),
        ("Premier prénom de naissance", patient.first_name),
        ("Nom utilisé", patient.used_name or ""),
        ("Sexe", _SEXES.get(patient.sex, patient.sex)),
        ("Date de naissance", french_date(patient.birth_date)),
        ("Lieu de naissance", patient.birth_place or ""),
        (f"Matricule {patient.matricule_label}".strip(), grouped_matricule(patient.matricule)),
    )
    return tuple((label, value) for label, value in traits if value)


def running_identity(patient: PatientBlock) -> str:
    """The traits in one line, for the top of every page after the first."""
    name = f"{patient.birth_name} {patient.first_name}".strip()
    born = f"date de naissance {french_date(patient.birth_date)}" if patient.birth_date else ""
    number = f"{patient.matricule_label} {grouped_matricule(patient.matricule)}".strip() if patient.matricule else ""
    return " · ".join(part for part in (name, born, number) if part)


def author_text(author: AuthorLine) -> str:
    """Name, profession and role in one line."""
    return ", ".join(part for part in (author.name, author.profession, author.role) if part)


def letterhead_lines(letterhead: Letterhead) -> tuple[str, ...]:
    """What stands under the name of the structure."""
    phone = (f"Tél. {letterhead.phone}",) if letterhead.phone else ()
    identifier = (letterhead.identifier,) if letterhead.identifier else ()
    return (*letterhead.lines, *phone, *identifier)
