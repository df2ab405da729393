"""The body of a structured document (N3)."""

from __future__ import annotations

from hub_contracts.acts import Act, SuppliedDocument, Trod, Vaccination
from hub_contracts.acts import Dose as GivenDose
from hub_contracts.acts import Prescription as GivenPrescription
from hub_document_builder.drafting.ids import DocumentIds
from hub_interop.cda import (
    AntigenDose,
    Contact,
    Dose,
    Prescription,
    Reaction,
    TestKit,
    TrodReport,
    TrodResult,
    VaccinationNote,
    Vaccine,
)


def structured_body(act: Act, ids: DocumentIds) -> VaccinationNote | TrodReport | None:
    """The note or the test; None for what the hub writes as a report or gets as a file."""
    content = act.content
    if isinstance(content, Vaccination):
        return _note(content, ids)
    if isinstance(content, Trod):
        return _trod(content, act)
    return None


def has_own_report(act: Act) -> bool:
    """True when the hub itself writes the PDF."""
    return not isinstance(act.content, Vaccination | Trod | SuppliedDocument)


def _note(content: Vaccination, ids: DocumentIds) -> VaccinationNote:
    vaccine = content.vaccine
    return VaccinationNote(
        vaccination_id=ids.vaccination_id,
        section_id=ids.section_id,
        date=content.date,
        act_code=content.act_code,
        vaccine=Vaccine(vaccine.name, vaccine.cis, vaccine.atc, vaccine.atc_label, vaccine.lot_number, vaccine.cip),
        dose=_dose(content.dose),
        rank=content.rank,
        route=content.route,
        site=content.site,
        reason=content.reason,
        comment=content.comment,
        reactions=tuple(Reaction(r.code, r.label, r.date) for r in content.reactions),
        antigens=tuple(AntigenDose(a.antigen, Dose(a.dose.value, a.dose.unit)) for a in content.antigens),
        prescription=_prescription(content.prescription),
    )


def _dose(dose: GivenDose | None) -> Dose | None:
    return None if dose is None else Dose(dose.value, dose.unit)


def _prescription(given: GivenPrescription | None) -> Prescription | None:
    if given is None:
        return None
    who = given.prescriber
    prescriber = None if who is None else Contact(who.id, who.family_name, who.given_name)
    return Prescription(given.root, given.extension, given.date, prescriber)


def _trod(content: Trod, act: Act) -> TrodReport:
    kit = content.kit
    return TrodReport(
        test=content.test,
        results=tuple(TrodResult(r.exam, r.result) for r in content.results),
        kit=None if kit is None else TestKit(kit.name, kit.lot_number, kit.expires_on, kit.udi),
        sampled_at=content.sampled_at or act.occurred_at,
        reason=content.reason,
        conclusion=content.conclusion,
    )
