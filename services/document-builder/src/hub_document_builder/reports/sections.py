"""Which sections an act's content becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub_contracts.acts import (
    CarePlan,
    LiaisonLetter,
    MedicationReview,
    NursingAssessment,
    NursingCare,
    PharmacyInterview,
    VitalSigns,
)
from hub_document_builder.reports import nursing, pharmacy
from hub_interop.report.model import Section

_WRITERS: dict[type[Any], Callable[[Any], tuple[Section, ...]]] = {
    PharmacyInterview: pharmacy.interview,
    MedicationReview: pharmacy.medication_review,
    NursingCare: nursing.nursing_care,
    NursingAssessment: nursing.nursing_assessment,
    VitalSigns: nursing.vital_signs,
    CarePlan: nursing.care_plan,
    LiaisonLetter: nursing.liaison_letter,
}


def sections_of(content: Any) -> tuple[Section, ...]:
    """The sections of the report that the hub writes for this content. Raises KeyError for one that has none of ours:
    a structured document or a supplied file."""
    return _WRITERS[type(content)](content)
