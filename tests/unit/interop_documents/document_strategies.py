"""Hypothesis strategies for good structured documents: every generated one must be accepted, built and valid."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta, timezone
from decimal import Decimal
from typing import TypeVar

from document_samples import DEVICE, GP, KIT, PREPARATEUR, PRESCRIBER, SECRETARY, TROD_HEADER, Sample
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from note_samples import BY_NURSE, BY_PHARMACIST, HEADER, NOW, PATIENT, VACCINE, matricule

from hub_interop.cda import (
    TROD_TESTS,
    Address,
    AntigenDose,
    DocumentHeader,
    Dose,
    Informant,
    Participant,
    PatientIdentity,
    Prescription,
    Reaction,
    Representative,
    TrodReport,
    TrodResult,
    VaccinationNote,
    trod_title,
)
from hub_interop.cda.texts import has_forbidden_character
from hub_interop.terminologies import value_set

_T = TypeVar("_T")
_NAMES = st.sampled_from(("DUPONT", "L'HERMITE", "LE GOFF", "NGUYEN--TRAN", "D'ARC", "MÜLLER", "ÇELIK", "ŒUVRARD"))
_GIVEN = st.sampled_from(("MARIE", "JEAN-CHRISTOPHE", "ZOÉ", "ANNE LAURE", "LÉO", "MAËLYS"))
_PLACES = st.sampled_from(("75056", "2A004", "2B033", "97411", "99351", "33063", "01004"))
_LOTS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 !%&'()*+,./:;=?_#-]{0,29}", fullmatch=True)


def codes(name: str) -> st.SearchStrategy[str]:
    """A code of the value set."""
    return st.sampled_from([item.code for item in value_set(name)])


def text(longest: int, *, lines: bool = False) -> st.SearchStrategy[str]:
    """What people may write: any character that is not refused, and something to read in it."""
    characters = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"))
    pool = st.one_of(characters, st.sampled_from("<>&\"']éÉœ "), *([st.just("\n")] if lines else []))
    written = st.text(pool, min_size=1, max_size=longest)
    return written.filter(lambda found: bool(found.strip()) and not has_forbidden_character(found))


def maybe(strategy: st.SearchStrategy[_T]) -> st.SearchStrategy[_T | None]:
    """The strategy's, or nothing."""
    return st.one_of(st.none(), strategy)


@st.composite
def _patients(draw: st.DrawFn) -> PatientIdentity:
    sex = draw(st.sampled_from(("F", "M")))
    place, first = draw(_PLACES), draw(_GIVEN)
    born = date(1930, 1, 1) + timedelta(days=draw(st.integers(0, 34_000)))
    number = f"{'2' if sex == 'F' else '1'}{born:%y%m}{place}{draw(st.integers(1, 999)):03d}"
    address = st.builds(Address, st.tuples(text(40)), st.just("33000"), text(20))
    person = st.builds(Representative, text(30), text(30), maybe(codes("patient_relation")), maybe(codes("civility")))
    return replace(
        PATIENT,
        matricule=matricule(number),
        oid=draw(st.sampled_from(("1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"))),
        birth_name=draw(_NAMES),
        first_birth_given_name=first,
        birth_given_names=f"{first} {draw(_GIVEN)}",
        sex=sex,
        birth_date=draw(st.sampled_from((f"{born:%Y-%m-%d}", f"{born:%Y-%m}-00", f"{born:%Y}-00-00"))),
        birth_place_code=place,
        birth_place_city=draw(maybe(text(20))),
        local_id=draw(text(20)),
        used_name=draw(maybe(text(30))),
        used_given_name=draw(maybe(text(30))),
        address=draw(maybe(address)),
        phone=draw(maybe(st.sampled_from(("06 00 00 00 01", "+33.6.00.00.00.01")))),
        representatives=tuple(draw(st.lists(person, max_size=2))),
    )


@st.composite
def _headers(draw: st.DrawFn, base: DocumentHeader) -> DocumentHeader:
    offset = timezone(timedelta(hours=draw(st.sampled_from((-4, 0, 1, 2, 4)))))
    start = NOW.astimezone(offset) - timedelta(seconds=draw(st.integers(600, 300 * 86_400)))
    family, doing = draw(st.sampled_from((("G15_21", BY_PHARMACIST), ("G15_60", BY_NURSE))))
    specialty = draw(codes("author_specialty").filter(lambda code: code.startswith(family)))
    doer = replace(
        doing,
        professional=replace(
            doing.professional,
            specialty=specialty,
            given_name=draw(text(30)),
            civility=draw(maybe(codes("civility"))),
            title=draw(maybe(codes("title"))),
        ),
        function=draw(maybe(codes("participation_function"))),
    )
    writer = draw(st.sampled_from((None, PREPARATEUR, SECRETARY, DEVICE)))
    version = draw(st.integers(1, 4))
    numbers = st.integers(1, 2**127)
    return replace(
        base,
        unique_id=f"2.25.{draw(numbers)}1",
        set_id=f"2.25.{draw(numbers)}2",
        version=version,
        replaces=f"2.25.{draw(numbers)}3" if version > 1 else None,
        created_at=start + timedelta(minutes=9),
        patient=draw(_patients()),
        authors=(doer,) if writer is None else (writer, doer),
        performer=doer,
        responsible=None if writer is None else doer,
        data_enterer=SECRETARY if writer is SECRETARY else None,
        service_start=start,
        service_stop=draw(maybe(st.just(start + timedelta(minutes=5)))),
        encounter=draw(maybe(codes("encounter"))),
        informants=tuple(draw(st.lists(st.builds(Informant, text(20), text(20), st.just("NOK")), max_size=1))),
        recipients=draw(st.sampled_from(((), (GP,), (GP, PRESCRIBER)))),
        participants=draw(st.sampled_from(((), (Participant(GP, "INF", "PCP"),)))),
    )


@st.composite
def notes(draw: st.DrawFn) -> Sample:
    """A note de vaccination."""
    header = draw(_headers(HEADER))
    day = header.service_start.date()
    dose = st.builds(Dose, st.decimals(Decimal("0.01"), 500, places=2), codes("dose_unit"))
    reaction = st.builds(Reaction, st.sampled_from(("R50.2", "T88.1", "L50.9")), text(60), maybe(st.just(day)))
    prescriptions = (Prescription("1.2.3", "77"), Prescription("2.25.9", None, day, PRESCRIBER))
    note = VaccinationNote(
        vaccination_id=draw(st.uuids(version=4)),
        section_id=draw(st.uuids(version=4)),
        date=day,
        act_code=draw(codes("immunization_act")),
        vaccine=replace(
            VACCINE,
            name=draw(text(120)),
            cis=str(draw(st.integers(60_000_000, 69_999_999))),
            atc=draw(st.sampled_from(("J07AM", "J07BB02", "J07BX03"))),
            lot_number=draw(_LOTS),
            cip=draw(st.sampled_from((None, "3400932857241", "3285724"))),
        ),
        dose=draw(maybe(dose)),
        rank=draw(maybe(st.integers(1, 99))),
        route=draw(maybe(codes("immunization_route"))),
        site=draw(maybe(codes("immunization_site"))),
        reason=draw(maybe(text(80, lines=True))),
        comment=draw(maybe(text(400, lines=True))),
        reactions=tuple(draw(st.lists(reaction, max_size=3))),
        antigens=tuple(draw(st.lists(st.builds(AntigenDose, text(40), dose), max_size=2))),
        prescription=draw(st.sampled_from((None, *prescriptions))),
    )
    return replace(header, title=draw(text(128))), note


@st.composite
def trods(draw: st.DrawFn) -> Sample:
    """The report of a rapid test."""
    header = draw(_headers(TROD_HEADER))
    test = draw(st.sampled_from(sorted(TROD_TESTS)))
    exams = draw(st.lists(st.sampled_from(TROD_TESTS[test].exams), min_size=1, unique=True))
    results = st.sampled_from(("positif", "negatif", "ininterpretable"))
    report = TrodReport(
        test=test,
        results=tuple(TrodResult(exam, draw(results)) for exam in exams),
        kit=replace(
            KIT, name=draw(text(60)), lot_number=draw(maybe(_LOTS)), udi=draw(st.sampled_from((None, KIT.udi)))
        ),
        sampled_at=header.service_start + timedelta(minutes=draw(st.integers(0, 5))),
        reason=draw(maybe(text(200, lines=True))),
        conclusion=draw(maybe(text(200, lines=True))),
    )
    return replace(header, title=trod_title(test)), report


def generated(strategy: st.SearchStrategy[Sample], count: int) -> list[Sample]:
    """Always the same `count` samples of the strategy."""
    found: list[Sample] = []

    @settings(
        max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def collect(sample: Sample) -> None:
        found.append(sample)

    collect()
    return found[:count]
