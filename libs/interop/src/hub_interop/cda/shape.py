"""What each body asks of the header and of the metadata: type, templates, format, events, practice setting."""

from __future__ import annotations

from dataclasses import dataclass

from hub_interop.cda.bodies import Body, TrodReport, UnstructuredBody, VaccinationNote
from hub_interop.cda.trod_tests import TROD_TESTS
from hub_interop.terminologies import Concept, concept

VACCINATION_KIND = "87273-9"
TROD_KIND = "96173-0"
NO_FILE_KINDS = frozenset({VACCINATION_KIND, TROD_KIND, "IMG-KOS"})
"""Document types of JDV_J66 that no file can be: they have a structured model of the hub's, or are DICOM objects."""

Templates = tuple[tuple[str, str | None], ...]
_VACCINATION: Templates = (("1.3.6.1.4.1.19376.1.5.3.1.1.18.1.2", None), ("1.2.250.1.213.1.1.1.46", "2023.01"))
_TROD: Templates = (("1.3.6.1.4.1.19376.1.5.3.1.1.1", None), ("1.2.250.1.213.1.1.1.59", "2024.01"))
_FILE: Templates = (("1.3.6.1.4.1.19376.1.2.20", None),)
ALL_TEMPLATES = (_VACCINATION, _TROD, _FILE)

FORMAT_OF_MEDIA = {
    "application/pdf": "urn:ihe:iti:xds-sd:pdf:2008",
    "text/plain": "urn:ihe:iti:xds-sd:text:2008",
}
"""formatCode (JDV_J60) of an N1 by its media type (ASS_A12)."""
VACCINATION_FORMAT = "urn:asip:ci-sis:vac-note:2021"
TROD_FORMAT = "urn:ans:ci-sis:trod:2024"
TROD_SETTING = "DEPISTAGE"


@dataclass(frozen=True, slots=True)
class Shape:
    """`templates` after the common ones, `format` (JDV_J60), codes of the events documented.

    `practice_setting` (JDV_J62) is set where the model fixes the performer's.
    """

    templates: Templates
    format: str
    events: tuple[Concept, ...]
    practice_setting: str | None = None


def shape_of(kind: str, body: Body) -> Shape:
    """The shape of a document of that type with that body.

    Raises UnknownCode or KeyError for what the rules should have refused.
    """
    if isinstance(body, UnstructuredBody):
        return Shape(_FILE, FORMAT_OF_MEDIA[body.media_type], (concept("document_type", kind),))
    if isinstance(body, VaccinationNote):
        return Shape(_VACCINATION, VACCINATION_FORMAT, (concept("document_type", kind),))
    events = tuple(concept("trod_condition", code) for code in TROD_TESTS[body.test].conditions)
    return Shape(_TROD, TROD_FORMAT, events, TROD_SETTING)


def kind_of(body: Body) -> str | None:
    """The only type that the body can have, None when it is a file."""
    if isinstance(body, VaccinationNote):
        return VACCINATION_KIND
    return TROD_KIND if isinstance(body, TrodReport) else None
