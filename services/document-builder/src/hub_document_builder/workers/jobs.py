"""What the press's children are asked and what they answer: JSON and bytes, so that a child can't deceive its parent.

A job is a line of JSON, then the bytes it is about. An answer is one byte, then: the PDF; the media type, a line's end
and the file; or the reasons why not, as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from hub_interop.report.model import Report

DONE, REFUSED = b"\x00", b"\x01"


@dataclass(frozen=True, slots=True, repr=False)
class ReportJob:
    """Print this report."""

    report: Report
    created_at: datetime
    document_id: str


@dataclass(frozen=True, slots=True, repr=False)
class ExamineJob:
    """Examine the bytes as a file of that media type; the rest names the PDF that it may become."""

    media_type: str
    title: str
    author: str
    created_at: datetime
    document_id: str


Job = ReportJob | ExamineJob
_JOBS: TypeAdapter[Job] = TypeAdapter(Job)


def pack_job(job: Job, content: bytes = b"") -> bytes:
    """The job as it travels."""
    return _JOBS.dump_json(job) + b"\n" + content


def unpack_job(data: bytes) -> tuple[Job, bytes]:
    """The job and its bytes. Raises pydantic.ValidationError."""
    line, _, content = data.partition(b"\n")
    return _JOBS.validate_json(line), content
