"""PDF: reports and texts as PDF/A-1b, and files that an LGO supplies, examined."""

from hub_interop.pdf.drawing import PdfLabels
from hub_interop.pdf.limits import FileLimits
from hub_interop.pdf.plain_text import text_pdf
from hub_interop.pdf.problems import FILE_PROBLEM_TEXTS, FileProblem, FileRefused
from hub_interop.pdf.report_layout import report_pdf
from hub_interop.pdf.supplied import Supplied, examine

__all__ = [
    "FILE_PROBLEM_TEXTS",
    "FileLimits",
    "FileProblem",
    "FileRefused",
    "PdfLabels",
    "Supplied",
    "examine",
    "report_pdf",
    "text_pdf",
]
