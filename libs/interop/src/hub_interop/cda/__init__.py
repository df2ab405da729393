"""CDA R2 documents of the CI-SIS: typed input, own rules, one function per block, XSD check."""

from hub_interop.cda.model import (
    Address,
    Author,
    DocumentHeader,
    Dose,
    Organisation,
    PatientIdentity,
    Professional,
    VaccinationNote,
    Vaccine,
)
from hub_interop.cda.problems import PROBLEM_TEXTS, CdaProblem
from hub_interop.cda.rules import check_vaccination_note
from hub_interop.cda.vac_note import build_vaccination_note
from hub_interop.cda.xsd import RulesUnreadable, XsdValidator

__all__ = [
    "PROBLEM_TEXTS",
    "Address",
    "Author",
    "CdaProblem",
    "DocumentHeader",
    "Dose",
    "Organisation",
    "PatientIdentity",
    "Professional",
    "RulesUnreadable",
    "VaccinationNote",
    "Vaccine",
    "XsdValidator",
    "build_vaccination_note",
    "check_vaccination_note",
]
