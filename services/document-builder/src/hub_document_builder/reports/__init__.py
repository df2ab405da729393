"""What a person reads of an act: its content as the sections of a report, the same for the PDF and for the preview."""

from hub_document_builder.reports.sections import sections_of

__all__ = ["sections_of"]
