"""CDA R2 documents of the CI-SIS: typed input, own rules, one function per block, XSD check."""

from hub_interop.cda.bodies import (
    AntigenDose,
    Body,
    Dose,
    Prescription,
    Reaction,
    TestKit,
    TrodReport,
    TrodResult,
    UnstructuredBody,
    VaccinationNote,
    Vaccine,
)
from hub_interop.cda.build import build_document
from hub_interop.cda.model import (
    Address,
    AnyAuthor,
    Author,
    Contact,
    Device,
    DeviceAuthor,
    DocumentHeader,
    Informant,
    OrderId,
    Organisation,
    Participant,
    PatientIdentity,
    Professional,
    Representative,
)
from hub_interop.cda.problems import CATALOGUE, PROBLEM_TEXTS, CdaProblem, ProblemInfo
from hub_interop.cda.rules import check_document
from hub_interop.cda.rules_people import internal_number
from hub_interop.cda.selfcheck import built_document_problems
from hub_interop.cda.trod_tests import TROD_TESTS, TrodTest, trod_title
from hub_interop.cda.xsd import RulesUnreadable, XsdValidator

__all__ = [
    "CATALOGUE",
    "PROBLEM_TEXTS",
    "TROD_TESTS",
    "Address",
    "AntigenDose",
    "AnyAuthor",
    "Author",
    "Body",
    "CdaProblem",
    "Contact",
    "Device",
    "DeviceAuthor",
    "DocumentHeader",
    "Dose",
    "Informant",
    "OrderId",
    "Organisation",
    "Participant",
    "PatientIdentity",
    "Prescription",
    "ProblemInfo",
    "Professional",
    "Reaction",
    "Representative",
    "RulesUnreadable",
    "TestKit",
    "TrodReport",
    "TrodResult",
    "TrodTest",
    "UnstructuredBody",
    "VaccinationNote",
    "Vaccine",
    "XsdValidator",
    "build_document",
    "built_document_problems",
    "check_document",
    "internal_number",
    "trod_title",
]
