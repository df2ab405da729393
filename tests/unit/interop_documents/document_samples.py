"""Invented documents of every type: good bodies, header variants, and each type with each variant."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import cycle

from note_samples import (
    BY_NURSE,
    BY_PHARMACIST,
    CABINET,
    HEADER,
    LONG,
    NOTE,
    PHARMACY,
    START,
    matricule,
)

from hub_interop.cda import (
    TROD_TESTS,
    Address,
    AntigenDose,
    Author,
    Body,
    Contact,
    Device,
    DeviceAuthor,
    DocumentHeader,
    Dose,
    Informant,
    OrderId,
    Participant,
    Prescription,
    Professional,
    Reaction,
    Representative,
    TestKit,
    TrodReport,
    TrodResult,
    UnstructuredBody,
    trod_title,
)

Sample = tuple[DocumentHeader, Body]

PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""
TEXT = "Compte rendu d'été : « tension 13/8 », œdème ]]> <b>& ?\nFin.".encode()
FILES: dict[str, Body] = {
    "pdf": UnstructuredBody(PDF, "application/pdf"),
    "text": UnstructuredBody(TEXT, "text/plain"),
}
N1_KINDS = ("78601-2", "56445-0", "11506-3", "29274-8", "18776-5", "11490-0", "18761-7")
BSI = "96163-1"
KIT = TestKit("AAZ-LMB | 80-202", "CYST987654", date(2027, 6, 30), "(01)05012345678900(17)270630(10)CYST987654")

PREPARATEUR = Author(Professional("3330000001/0012", "TESTPREPARATEUR", "Zoé", "317", "MME"), PHARMACY)
OLD_PREPARATEUR = Author(Professional("3330000001/0013", "TESTANCIEN", "Luc", "G15_39", "M"), PHARMACY)
SECRETARY = Author(Professional("533300000010001/7", "TESTSECRETAIRE", "Inès", "SECRETARIAT_MEDICAL"), CABINET)
IPA = Author(Professional("810000000009", "TESTPRATIQUE", "Anaïs", "G15_60/SI01", "MME"), CABINET)
DEVICE = DeviceAuthor(Device("3330000001/88", "Tensiomètre connecté X1", "Relevés & Cie 4.2"), PHARMACY)
GP = Contact("801234567897", "TESTTRAITANT", "Charles", "M", "DR", "G15_10/SM26", phone="05 00 00 00 02")
PRESCRIBER = Contact("810000000009", "TESTPRESCRIPTEUR", "Jeanne", organisation=CABINET)
MOTHER = Representative("NESSI", "Jeanne", "MTH", "MME", Address(("1 rue d'Été",), "33000", "BORDEAUX"), "0600000001")
GUARDIAN = Representative("D'ARC", "Jean-Noël")


def trod(test: str = "angine", result: str = "positif", **changes: object) -> TrodReport:
    """The report of a good test, the same result for all its examinations."""
    results = tuple(TrodResult(exam, result) for exam in TROD_TESTS[test].exams)
    report = TrodReport(test, results, KIT, START, "Odynophagie, score de Mac Isaac 3", "Orientation ]]> médecin")
    return replace(report, **changes)  # type: ignore[arg-type]


TROD_HEADER = replace(HEADER, kind="96173-0", title=trod_title("angine"), encounter="AMB", consents=("GEN-366",))
N1_HEADER = replace(HEADER, kind="78601-2", title="Compte rendu d'entretien pharmaceutique", performer=None)
FULL_NOTE = replace(
    NOTE,
    reason="Voyage",
    reactions=(
        Reaction("R50.2", "Fièvre due à des médicaments", date(2026, 11, 23)),
        Reaction("T88.1", "Autres complications consécutives à une vaccination"),
    ),
    antigens=(AntigenDose("Anatoxine tétanique", Dose(Decimal(40), "[iU]")),),
    prescription=Prescription("1.2.250.1.999.1", "ORD-77", date(2026, 11, 20), PRESCRIBER),
)


def _patient(header: DocumentHeader, **changes: object) -> DocumentHeader:
    return replace(header, patient=replace(header.patient, **changes))  # type: ignore[arg-type]


def _by(header: DocumentHeader, *authors: Author | DeviceAuthor, responsible: Author | None = None) -> DocumentHeader:
    """Written by those; the last professional did it."""
    people = [author for author in authors if isinstance(author, Author)]
    return replace(header, authors=authors, performer=people[-1], responsible=responsible)


def _used_names(header: DocumentHeader) -> dict[str, DocumentHeader]:
    """One of the two names in use: the other is that of birth."""
    return {
        "used_name_alone": _patient(header, used_name="DURAND & FILS"),
        "used_given_name_alone": _patient(header, used_given_name="Domi"),
    }


def variants(header: DocumentHeader) -> dict[str, DocumentHeader]:
    """The header in every variant that any document may have."""
    child = {"matricule": matricule("2190933063001"), "birth_date": "2019-09-12", "birth_place_code": "33063"}
    return {
        "pharmacist": header, **_used_names(header),
        "nurse": _by(header, BY_NURSE),
        "ipa": _by(header, IPA, BY_NURSE, responsible=BY_NURSE),
        "preparateur": _by(header, PREPARATEUR, BY_PHARMACIST, responsible=BY_PHARMACIST),
        "old_preparateur_code": _by(header, OLD_PREPARATEUR, BY_PHARMACIST, responsible=BY_PHARMACIST),
        "secretary": replace(_by(header, SECRETARY, BY_NURSE, responsible=BY_NURSE), data_enterer=SECRETARY),
        "device": _by(header, DEVICE, BY_PHARMACIST, responsible=BY_PHARMACIST),
        "several": _by(
            header,
            replace(BY_PHARMACIST, function="353", time=START + timedelta(minutes=5)),
            replace(DEVICE, time=START),
            replace(BY_NURSE, function="CORRE"),
        ),
        "minor": replace(
            _patient(header, **child, representatives=(MOTHER, GUARDIAN)),
            informants=(Informant("NESSI", "Jeanne", "NOK", "MTH", phone="0600000001"),),
        ),
        "replacement": replace(header, version=3, unique_id="2.25.99", replaces="2.25.98"),
        "long_and_accented": _patient(
            replace(header, title="É" * 128),
            birth_name="D'ŒUVRÉ-LE GOFF--NGUYEN", first_birth_given_name="ZOÉ-AÏCHA",
            birth_given_names="ZOÉ-AÏCHA MARIE-LOUISE ANNE", used_name="L'HÉRITIER ]]>", used_given_name="Zoé-Aïcha",
            local_id="é&<\"'>", address=Address((LONG[:200], "<b>"), "33000", "BORDEAUX & <Cie>"),
            birth_place_city="L'Haÿ-les-Roses",
        ),
        "corsican": _patient(
            header, matricule=matricule("180032A004001"), sex="M", birth_date="1980-03-02", birth_place_code="2A004",
            birth_place_city="AJACCIO",
        ),
        "born_abroad": _patient(header, matricule=matricule("2790399351012"), birth_place_code="99351"),
        "unknown_birth_day": _patient(header, birth_date="1979-03-00"),
        "unknown_birth": _patient(header, birth_date="1979-00-00", sex="UN"),
        "demo_ins": _patient(header, oid="1.2.250.1.213.1.4.11"),
        "recipients": replace(
            header, recipients=(GP, PRESCRIBER), participants=(Participant(GP, "INF", "PCP", START),
            Participant(PRESCRIBER, "REF")), orders=(OrderId("1.2.250.1.999.1", "ORD<77>"), OrderId("2.25.7", "2")),
        ),
        "all_optional": replace(
            _patient(header, address=Address(("3 allée d'Été",), "33000", "Bordeaux"), phone="+33 6.00.00.00-01",
            representatives=(MOTHER,)),
            data_enterer=SECRETARY, informants=(Informant("X", "Y", "ECON"),), recipients=(GP,),
            participants=(Participant(GP, "INF", "PCP"),), orders=(OrderId("2.25.7", "2"),), consents=("GEN-366",),
            encounter="HH",
        ),
        "bare": replace(header, service_stop=None, performer=None, consents=(), encounter=None),
    }  # fmt: skip


MASKED = ("INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX")


def every_document() -> dict[str, Sample]:
    """Each type with each variant. The N1 types differ by their code only: the variants go round them."""
    found: dict[str, Sample] = {}
    for kind in N1_KINDS:
        for media, body in FILES.items():
            found[f"n1_{kind}_{media}"] = (replace(N1_HEADER, kind=kind), body)
    found["n1_english"] = (N1_HEADER, UnstructuredBody(PDF, "application/pdf", "en-GB"))
    found["n1_french"] = (N1_HEADER, UnstructuredBody(PDF, "application/pdf", "fr-FR"))
    found["n1_tre_a05"] = (replace(N1_HEADER, kind="BIL_AUTO"), FILES["pdf"])
    rounds = cycle([(kind, body) for kind in N1_KINDS for body in FILES.values()])
    for (name, header), (kind, body) in zip(variants(N1_HEADER).items(), rounds, strict=False):
        found[f"n1_{name}"] = (replace(header, kind=kind), body)
    for number, (name, header) in enumerate(variants(HEADER).items()):
        found[f"vac_{name}"] = (header, FULL_NOTE if number % 2 else NOTE)
    for name, note in {
        "reaction_alone": replace(FULL_NOTE, rank=None, reason=None, comment=None, prescription=None, antigens=()),
        "antigen_alone": replace(FULL_NOTE, rank=None, reason=None, comment=None, prescription=None, reactions=()),
        "prescription_alone": replace(
            NOTE, rank=None, comment=None, prescription=Prescription("883EEC84-5A3A-4E65-814F-0ACBD7D471CB")
        ),
    }.items():
        found[f"vac_{name}"] = (HEADER, note)
    tests = cycle(TROD_TESTS)
    for (name, header), test in zip(variants(TROD_HEADER).items(), tests, strict=False):
        found[f"trod_{name}"] = (replace(header, title=trod_title(test)), trod(test))
    for test in TROD_TESTS:
        for result in ("positif", "negatif", "ininterpretable"):
            header = replace(TROD_HEADER, title=trod_title(test))
            found[f"trod_{test}_{result}"] = (header, trod(test, result))
    bare_kit = replace(KIT, lot_number=None, expires_on=None, udi=None)
    found["trod_nothing_optional"] = (TROD_HEADER, trod(kit=bare_kit, reason=None, conclusion=None))
    for prefix, header, body in (("n1", N1_HEADER, FILES["pdf"]), ("trod", TROD_HEADER, trod())):
        found[f"{prefix}_masked"] = (replace(header, masks=MASKED, confidentiality="R"), body)
        found[f"{prefix}_masked_to_professionals"] = (replace(header, masks=("MASQUE_PS",)), body)
    return found
