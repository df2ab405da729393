"""What an LGO publishes: the act, in the shape of the public API.

Only the shape is checked here. The rules of identity, consent and document belong to the services that own them; they
answer with a code and a JSON pointer into this very shape.
"""

from hub_contracts.acts.act import Act, Content, Device, Flow, Intent, Recipient, Visibility
from hub_contracts.acts.base import AuthorRef, Code, Contact, Measure, PublicModel, Text, Treatment
from hub_contracts.acts.nursing import (
    CareGiven,
    CarePlan,
    LiaisonLetter,
    NursingAssessment,
    NursingCare,
    NursingProblem,
    Transmission,
    VitalSigns,
)
from hub_contracts.acts.patient import Address, Ins, InsStatus, Patient, Representative
from hub_contracts.acts.pharmacy import (
    Adherence,
    Finding,
    Grasp,
    Intervention,
    MedicationReview,
    PharmacyInterview,
    PlanItem,
    Step,
    Theme,
    Topic,
)
from hub_contracts.acts.supplied import MEDIA_TYPES, SuppliedDocument, SuppliedFile
from hub_contracts.acts.topics import interview_topics
from hub_contracts.acts.trod import Trod, TrodKit, TrodResult
from hub_contracts.acts.vaccination import AntigenDose, Dose, Prescription, Reaction, Vaccination, Vaccine

__all__ = [
    "MEDIA_TYPES",
    "Act",
    "Address",
    "Adherence",
    "AntigenDose",
    "AuthorRef",
    "CareGiven",
    "CarePlan",
    "Code",
    "Contact",
    "Content",
    "Device",
    "Dose",
    "Finding",
    "Flow",
    "Grasp",
    "Ins",
    "InsStatus",
    "Intent",
    "Intervention",
    "LiaisonLetter",
    "Measure",
    "MedicationReview",
    "NursingAssessment",
    "NursingCare",
    "NursingProblem",
    "Patient",
    "PharmacyInterview",
    "PlanItem",
    "Prescription",
    "PublicModel",
    "Reaction",
    "Recipient",
    "Representative",
    "Step",
    "SuppliedDocument",
    "SuppliedFile",
    "Text",
    "Theme",
    "Topic",
    "Transmission",
    "Treatment",
    "Trod",
    "TrodKit",
    "TrodResult",
    "Vaccination",
    "Vaccine",
    "Visibility",
    "VitalSigns",
    "interview_topics",
]
