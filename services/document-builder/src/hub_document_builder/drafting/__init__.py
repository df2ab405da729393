"""From the LGO's act, the qualified identity and the annuaire to what a document is built from. Pure."""

from hub_document_builder.drafting.bodies import has_own_report, structured_body
from hub_document_builder.drafting.header import header_of
from hub_document_builder.drafting.ids import DocumentIds, ids_of
from hub_document_builder.drafting.report import report_of
from hub_document_builder.drafting.sources import Sources, people_of, performer_of

__all__ = [
    "DocumentIds",
    "Sources",
    "has_own_report",
    "header_of",
    "ids_of",
    "people_of",
    "performer_of",
    "report_of",
    "structured_body",
]
