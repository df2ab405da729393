"""Rules of the report of a rapid test (BIO-TROD 2024.01)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from hub_interop.cda.bodies import TestKit, TrodReport
from hub_interop.cda.model import DocumentHeader
from hub_interop.cda.moments import is_after, is_before_day
from hub_interop.cda.problems import CdaProblem, problem
from hub_interop.cda.rules_patient import born_on
from hub_interop.cda.texts import LOT, gs1_digit, text_problem
from hub_interop.cda.trod import RESULTS
from hub_interop.cda.trod_tests import TROD_TESTS

_UDI = re.compile(r"\(01\)([0-9]{13})([0-9])(\((11|17)\)[0-9]{6}|\((10|21)\)[!-'*-~]{1,20})*")


def trod_problems(report: TrodReport, header: DocumentHeader, now: datetime) -> Iterator[CdaProblem]:
    """Everything wrong with the test, its results and its kit."""
    yield from _results(report)
    yield from _sample(report, header, now)
    if report.kit is None:
        yield problem("TROD_KIT_MISSING", "/content/kit")
    else:
        yield from _kit(report.kit)
    yield from text_problem(report.reason, "/content/reason", lines=True)
    yield from text_problem(report.conclusion, "/content/conclusion", lines=True)


def _results(report: TrodReport) -> Iterator[CdaProblem]:
    """At least one result, each of an examination of the test and none twice."""
    test = TROD_TESTS.get(report.test)
    if test is None:
        yield problem("TROD_TEST_UNKNOWN", "/content/test")
    if not report.results:
        yield problem("TROD_RESULT_MISSING", "/content/results")
    before: set[str] = set()
    for number, result in enumerate(report.results):
        base = f"/content/results/{number}"
        if test is not None and (result.exam not in test.exams or result.exam in before):
            yield problem("TROD_EXAM_UNKNOWN", f"{base}/exam")
        if result.result not in RESULTS:
            yield problem("TROD_RESULT_UNKNOWN", f"{base}/result")
        before.add(result.exam)


def _sample(report: TrodReport, header: DocumentHeader, now: datetime) -> Iterator[CdaProblem]:
    """Not after the act, which may itself begin after the document is dated, by the tolerance of the clocks."""
    pointer, moment = "/content/sampled_at", report.sampled_at
    act = (header.service_start, header.service_stop or header.created_at)
    zoned = all(time.utcoffset() is not None for time in act)
    if moment.utcoffset() is None:
        yield problem("DOC_TIME_WITHOUT_ZONE", pointer)
    elif is_after(moment, now):
        if not zoned or moment > header.service_start:  # else it is the act that is in the future
            yield problem("TROD_SAMPLED_IN_FUTURE", pointer)
    elif zoned and is_after(moment, max(act)):
        yield problem("TROD_SAMPLED_AFTER_ACT", pointer)
    born = born_on(header.patient)
    if born is not None and is_before_day(moment, born):
        yield problem("TROD_SAMPLED_BEFORE_BIRTH", pointer)


def _kit(kit: TestKit) -> Iterator[CdaProblem]:
    if not kit.name.strip():
        yield problem("TROD_KIT_NAME_MISSING", "/content/kit/name")
    yield from text_problem(kit.name, "/content/kit/name")
    if kit.lot_number is not None and not LOT.fullmatch(kit.lot_number):
        yield problem("TROD_LOT_NUMBER_INVALID", "/content/kit/lot_number")
    if kit.udi is not None and not _is_udi(kit.udi):
        yield problem("TROD_UDI_INVALID", "/content/kit/udi")


def _is_udi(text: str) -> bool:
    """GS1 in its readable writing: (01) and a GTIN with its key, then dates, lot, serial number."""
    found = _UDI.fullmatch(text)
    return found is not None and gs1_digit(found[1]) == int(found[2])
