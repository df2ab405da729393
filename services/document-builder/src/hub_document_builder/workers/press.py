"""`python -m hub_document_builder.workers.press MAX_BYTES MAX_PAGES`: prints reports, examines supplied files."""

from __future__ import annotations

import json
import sys

from hub_document_builder.workers.jobs import DONE, REFUSED, ExamineJob, ReportJob, unpack_job
from hub_interop.pdf import FileLimits, FileRefused, PdfLabels, examine, report_pdf
from hub_kit.children.child import serve


def work(data: bytes, limits: FileLimits) -> bytes:
    """The answer to one job. Raises what ends the child: a job that isn't one."""
    job, content = unpack_job(data)
    if isinstance(job, ReportJob):
        return DONE + report_pdf(job.report, job.created_at, job.document_id)
    return _examined(job, content, limits)


def _examined(job: ExamineJob, content: bytes, limits: FileLimits) -> bytes:
    labels = PdfLabels(job.title, job.author, job.created_at, job.document_id)
    found = examine(content, job.media_type, limits, labels)
    if isinstance(found, FileRefused):
        problems = [{"code": problem.code, "text": problem.text} for problem in found.problems]
        return REFUSED + json.dumps(problems, ensure_ascii=False).encode()
    return DONE + found.media_type.encode("ascii") + b"\n" + found.content


def main() -> None:
    """Serve until the parent ends."""
    limits = FileLimits(max_bytes=int(sys.argv[1]), max_pages=int(sys.argv[2]))
    serve(lambda data: work(data, limits))


if __name__ == "__main__":
    main()
