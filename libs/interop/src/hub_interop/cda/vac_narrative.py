"""The text of a note de vaccination: what people read, with the anchors that the entries point to."""

from __future__ import annotations

from hub_interop.cda.bodies import Dose, VaccinationNote
from hub_interop.cda.elements import Element, add, label, plain
from hub_interop.cda.entries import add_lines, add_table
from hub_interop.cda.model import DocumentHeader

ANCHOR = "vac-1"
_HEADINGS = ("Date", "Vaccin", "Lot", "Dose", "Rang", "Voie", "Site", "Vaccinateur")


def add_narrative(section: Element, header: DocumentHeader, note: VaccinationNote) -> None:
    """A table of one line, then antigens, reactions, prescription, motive and comment."""
    text = add(section, "text")
    performer = header.performed_by.professional
    row: tuple[tuple[str, str | None], ...] = (
        (note.date.strftime("%d/%m/%Y"), None),
        (note.vaccine.name, ANCHOR),
        (note.vaccine.lot_number, None),
        (_dose(note.dose) if note.dose else "", None),
        (str(note.rank) if note.rank else "", None),
        (label("immunization_route", note.route), None),
        (label("immunization_site", note.site), f"{ANCHOR}-site" if note.site else None),
        (f"{performer.given_name} {performer.family_name}", None),
    )
    add_table(text, _HEADINGS, (row,))
    for number, antigen in enumerate(note.antigens):
        add_lines(text, [f"Antigène : {antigen.antigen}, {_dose(antigen.dose)}"], f"{ANCHOR}-antigen-{number}")
    for number, line in enumerate(_reactions(note)):
        add_lines(text, [line], f"{ANCHOR}-reaction-{number}")
    if note.prescription:
        add_lines(text, [_prescription(note)], f"{ANCHOR}-prescription")
    if comment := comment_lines(note):
        add_lines(text, comment, f"{ANCHOR}-comment")


def comment_lines(note: VaccinationNote) -> list[str]:
    """Motive and comment; what the reactions and antigens are when nothing else goes with them; empty when nothing."""
    reason, comment = (note.reason or "").strip(), (note.comment or "").strip()
    lines = f"Motif : {reason}".splitlines() if reason else []
    lines += comment.splitlines()
    if not lines and not note.rank and not note.prescription:
        lines = [*_reactions(note), *(f"Antigène : {antigen.antigen}" for antigen in note.antigens)]
    return lines


def _reactions(note: VaccinationNote) -> list[str]:
    return [
        f"Réaction observée : {reaction.label}" + (f", le {reaction.date:%d/%m/%Y}" if reaction.date else "")
        for reaction in note.reactions
    ]


def _prescription(note: VaccinationNote) -> str:
    prescription = note.prescription
    text = "Sur prescription"
    if prescription and prescription.date:
        text += f" du {prescription.date:%d/%m/%Y}"
    if prescription and prescription.prescriber:
        text += f", {prescription.prescriber.given_name} {prescription.prescriber.family_name}"
    return text


def _dose(dose: Dose) -> str:
    return f"{plain(dose.value)} {label('dose_unit', dose.unit)}".strip()
