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
from hub_interop.cda.problems import CATALOGUE, PROBLEM_TEXTS, CdaProblem, ProblemInfo
from hub_interop.cda.rules import check_vaccination_note
from hub_interop.cda.selfcheck import built_note_problems
from hub_interop.cda.vac_note import build_vaccination_note
from hub_interop.cda.xsd import RulesUnreadable, XsdValidator

__all__ = [
    "CATALOGUE",
    "PROBLEM_TEXTS",
    "Address",
    "Author",
    "CdaProblem",
    "DocumentHeader",
    "Dose",
    "Organisation",
    "PatientIdentity",
    "ProblemInfo",
    "Professional",
    "RulesUnreadable",
    "VaccinationNote",
    "Vaccine",
    "XsdValidator",
    "build_vaccination_note",
    "built_note_problems",
    "check_vaccination_note",
]
