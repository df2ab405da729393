"""The press: PDFs printed and supplied files examined in child processes, which a hostile file may kill."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub_document_builder.upstreams.asking import NoAnswerNow, asked
from hub_document_builder.workers.jobs import REFUSED, ExamineJob, ReportJob, pack_job
from hub_interop.report.model import Report
from hub_kit.children import ChildFailed, ChildPool

DIED = ("FILE_UNREADABLE", "Le fichier n'a pas pu être examiné : il est illisible ou beaucoup trop complexe.")


class PressBusy(Exception):
    """The press has more work than it takes, or is being started again: try later."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Why a supplied file cannot be used."""

    code: str
    text: str


class FileUnusable(Exception):
    """The supplied file cannot be used; all reasons at once."""

    def __init__(self, problems: tuple[FileProblem, ...]) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


class Press:
    """Work for the children, one job at a time each. `patience`: how long a job may take, its wait included (s)."""

    def __init__(self, pool: ChildPool, patience: float = 60.0) -> None:
        self.pool = pool
        self._patience = patience

    def problem(self) -> str | None:
        """A sentence for the operator while no child works."""
        state = self.pool.state()
        return None if state.alive else f"nothing can be printed or examined ({state.last_failure}): documents wait"

    async def report(self, report: Report, created_at: datetime, document_id: str) -> bytes:
        """The report as PDF/A-1b. Raises PressBusy; ChildFailed when it cannot be printed, which is our bug."""
        return (await self._asked(pack_job(ReportJob(report, created_at, document_id))))[1:]

    async def examine(self, content: bytes, job: ExamineJob) -> tuple[str, bytes]:
        """Media type and bytes to send: those supplied, or what they were converted to.

        Raises FileUnusable, also for a file that no child survives; PressBusy.
        """
        try:
            answer = await self._asked(pack_job(job, content))
        except ChildFailed:
            raise FileUnusable((FileProblem(*DIED),)) from None
        if answer[:1] == REFUSED:
            problems: list[dict[str, Any]] = json.loads(answer[1:])
            raise FileUnusable(tuple(FileProblem(str(p["code"]), str(p["text"])) for p in problems))
        kind, _, kept = answer[1:].partition(b"\n")
        return kind.decode("ascii"), kept

    async def _asked(self, job: bytes) -> bytes:
        """Raises PressBusy when it isn't the job's fault, or when others' jobs take too long; else ChildFailed."""
        try:
            return await asked(self.pool, job, self._patience)
        except NoAnswerNow:
            raise PressBusy from None
