"""The report that the hub writes of an act: what the patient and other professionals read."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from hub_document_builder.reports import sections_of
from hub_interop.cda import AnyAuthor, Author, DocumentHeader
from hub_interop.ins.matricule import Environment, ins_oid
from hub_interop.report.model import AuthorLine, Letterhead, PatientBlock, Report, Section
from hub_interop.terminologies import value_set

PARIS = ZoneInfo("Europe/Paris")
FOOTER = "Document destiné au dossier médical partagé (Mon espace santé)"
_LABELS = {"0": "N° ADELI-rang", "1": "N° FINESS", "2": "N° SIREN", "3": "N° SIRET", "4": "N° RPPS-rang"}


def report_of(header: DocumentHeader, content: object) -> Report:
    """The whole report of a content that the hub writes itself. Raises KeyError for any other content."""
    return framed(header, sections_of(content))


def framed(header: DocumentHeader, sections: tuple[Section, ...]) -> Report:
    """These sections under the document's header."""
    version = f"Version {header.version}" + (", annule et remplace la version précédente" if header.replaces else "")
    known = value_set("document_type").get(header.kind)
    subtitle = known.label if known and known.label != header.title else None
    return Report(
        title=header.title,
        subtitle=subtitle,
        letterhead=_letterhead(header),
        patient=_patient(header),
        authors=tuple(_author(author) for author in header.authors) + _responsible(header),
        date=_read_at(header.service_start),
        reference=version,
        sections=sections,
        footer=FOOTER,
    )


def _read_at(moment: datetime) -> datetime:
    """In the offset of the act, as the document says it; a software that sends UTC means the time in Paris."""
    return moment if moment.utcoffset() else moment.astimezone(PARIS)


def _letterhead(header: DocumentHeader) -> Letterhead:
    organisation = header.author.organisation
    label = _LABELS.get(organisation.id[:1])
    identifier = f"{label} {organisation.id[1:]}" if label else None
    return Letterhead(organisation.name, organisation.address.as_lines(), organisation.phone, identifier)


def _patient(header: DocumentHeader) -> PatientBlock:
    patient = header.patient
    place = patient.birth_place_city or ""
    return PatientBlock(
        birth_name=patient.birth_name,
        used_name=patient.used_name,
        given_names=patient.birth_given_names,
        first_name=patient.first_birth_given_name,
        sex=patient.sex,
        birth_date=patient.birth_date,
        birth_place=f"{place} ({patient.birth_place_code})".strip() if place else patient.birth_place_code or None,
        matricule=patient.matricule,
        matricule_label=_matricule_label(patient.oid),
    )


def _matricule_label(oid: str) -> str:
    known = ins_oid(oid)
    if known is None:
        return "INS"
    return f"INS-{known.kind.name}" + ("" if known.environment is Environment.PRODUCTION else " (test)")


def _author(author: AnyAuthor) -> AuthorLine:
    if isinstance(author, Author):
        who = author.professional
        known = value_set("author_specialty").get(who.specialty)
        name = " ".join(part for part in (who.title or who.civility, who.given_name, who.family_name) if part)
        return AuthorLine(name, known.label if known else "")
    return AuthorLine(author.device.model, f"Dispositif, logiciel {author.device.software}")


def _responsible(header: DocumentHeader) -> tuple[AuthorLine, ...]:
    if header.responsible is None or header.responsible in header.authors:
        return ()
    line = _author(header.responsible)
    return (AuthorLine(line.name, line.profession, "professionnel responsable"),)
