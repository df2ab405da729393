"""What the official validators let through (cda reference §3.5), and which code of ours refuses it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub_interop.cda import CATALOGUE, built_document_problems

BY_DESIGN = "the builder writes it itself"
OPTIONAL = "optional in the model: nothing to refuse"
OFFICIAL_GAPS: dict[str, tuple[str, ...] | str] = {
    "effectiveTime without zone or time": ("DOC_TIME_WITHOUT_ZONE",),
    "typeCode with a wrong codeSystem or displayName": ("DOC_TYPE_UNKNOWN",),
    "INS absent (IPP only)": ("PATIENT_INS_INVALID", "PATIENT_INS_OID_INVALID"),
    "INS not first": ("BUILT_INS_FIRST",),
    "wrong NIR key": ("PATIENT_INS_INVALID",),
    "COG not 5 characters": ("PATIENT_TRAIT_INVALID",),
    "no birthplace city": OPTIONAL,
    "author without id root 1.2.250.1.71.4.2.1": ("AUTHOR_ID_INVALID", "DEVICE_ID_INVALID"),
    "author without code": ("AUTHOR_SPECIALTY_UNKNOWN", "DEVICE_KIND_UNKNOWN"),
    "author without organisation": ("STRUCTURE_ID_INVALID",),
    "author without person": ("AUTHOR_NAME_MISSING", "DEVICE_NAME_MISSING", "AUTHOR_MISSING"),
    "custodian without name": ("STRUCTURE_NAME_MISSING",),
    "versionNumber 0, -1, or 2 without RPLC": ("DOC_VERSION_INVALID",),
    "id = setId": ("DOC_SET_ID_INVALID",),
    "id or setId with extension": ("DOC_ID_INVALID", "DOC_SET_ID_INVALID", "DOC_REPLACED_ID_INVALID"),
    "serviceEvent stop before start": ("ACT_STOP_BEFORE_START",),
    'birthTime "1979"': ("PATIENT_TRAIT_INVALID",),
    "confidentiality L, M, U": ("DOC_CONFIDENTIALITY_UNKNOWN", "DOC_MASK_UNKNOWN"),
    "legalAuthenticator different from the author": ("AUTHOR_RESPONSIBLE_MISSING", "AUTHOR_RESPONSIBLE_INVALID"),
    "no informationRecipient": OPTIONAL,
    "body empty": ("FILE_EMPTY", "BUILT_BODY"),
    "body not base64": ("BUILT_BODY",),
    "body not a PDF": ("FILE_NOT_PDF", "FILE_NOT_TEXT"),
    "body not PDF/A": "the examination of the file tells it",
    "wrong mediaType or none": ("FILE_MEDIA_TYPE_UNKNOWN",),
    "representation TXT": ("BUILT_BODY",),
    "two documents of the same id": "the registry's rule XDS_DUPLICATE, and the builder's table of documents",
    "empty lot number": ("VAC_LOT_NUMBER_MISSING", "VAC_LOT_NUMBER_INVALID"),
    "unknown CIS/ATC/CIP numbers": ("VAC_CIS_INVALID", "VAC_ATC_INVALID", "VAC_CIP_INVALID"),
    "CIS code absent with codeSystem kept": ("VAC_CIS_MISSING",),
    "date in the future": ("VAC_DATE_IN_FUTURE", "TROD_SAMPLED_IN_FUTURE", "DOC_CREATED_IN_FUTURE"),
    "no route": OPTIONAL,
    "no site": OPTIONAL,
    "no dose": OPTIONAL,
    "no performer": BY_DESIGN,
    "no rank": OPTIONAL,
    "rank 0": ("VAC_RANK_INVALID",),
    "non UCUM dose unit": ("VAC_DOSE_UNIT_UNKNOWN",),
    "dangling #reference": ("BUILT_REFERENCE",),
    "no section text": ("BUILT_BODY",),
    "section without templateId": ("BUILT_BODY",),
    "missing volet templateId": ("BUILT_TEMPLATES",),
}  # fmt: skip
"""cda reference §3.5, point by point: which code refuses it, or why none does."""


def test_every_gap_of_the_official_validators_is_closed_or_explained() -> None:
    told = built_document_problems.__doc__ or ""
    for gap, codes in OFFICIAL_GAPS.items():
        if isinstance(codes, tuple):
            assert codes, gap
            assert not [c for c in codes if c not in CATALOGUE and f"`{c}`" not in told], gap
        else:
            assert len(codes) > 20, gap


def test_the_table_of_gaps_is_that_of_the_reference() -> None:
    """Every word of the reference's list that names a gap is in the table (skipped where there is no reference)."""
    reference = Path(__file__).resolve().parents[3].parent / "shared" / "reference" / "cda.md"
    if not reference.exists():
        pytest.skip("no reference")
    listed = (
        reference.read_text("utf-8").split("### 3.5")[1].split("Caught:")[0].split("[M] (rules for the builder)")[1]
    )
    words = set(re.findall(r"[A-Za-zé/-]{4,}", listed)) - {
        "Note",
        "vaccination",
        "then",
        "model",
        "schematron",
        "selected",
    }
    table = " ".join(OFFICIAL_GAPS)
    assert {word for word in words if word not in table} == set()
