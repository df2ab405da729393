"""What a submission must satisfy: one failing case for each rule, and the good cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from exchange_samples import (
    AUTHOR,
    INS_TEST,
    MATRICULE,
    NOW,
    PATIENT_ID,
    PERSON,
    PHARMACY,
    SET_ID,
    SET_UID,
    TRAITS,
    make_entry,
    make_other_entry,
    make_set,
)

from hub_interop.soap.errors import MessageUnwritable
from hub_interop.xds import codes
from hub_interop.xds.composites import Cx, Xcn, Xon
from hub_interop.xds.errors import MetadataInvalid
from hub_interop.xds.metadata import (
    Author,
    CodedValue,
    DocumentEntry,
    SubmissionSet,
    registry_time,
    source_patient_info,
)
from hub_interop.xds.rules import SubmissionRules, check_document, check_submission, ensure_valid

N, R = codes.NORMAL, CodedValue("R", codes.CONFIDENTIALITY_SYSTEM, "Restreint")
PS, PATIENT, LEGAL = (
    codes.MASKED_TO_PROFESSIONALS,
    codes.INVISIBLE_TO_PATIENT,
    codes.INVISIBLE_TO_LEGAL_REPRESENTATIVES,
)
SETTING = "1.2.250.1.213.1.1.4.9"


def _codes_of(entry: DocumentEntry, rules: SubmissionRules | None = None) -> set[str]:
    return {violation.code for violation in check_document(entry, rules=rules or SubmissionRules())}


def _author(**changes: object) -> tuple[Author, ...]:
    return (replace(AUTHOR, **changes),)  # type: ignore[arg-type]


def test_a_vaccination_note_and_a_report_are_valid() -> None:
    ensure_valid(make_set(), [make_entry()])
    ensure_valid(make_set(), [make_other_entry()])
    ensure_valid(make_set(), [make_other_entry(service_stop=None, service_start="202608")])
    ensure_valid(make_set(), [make_other_entry(service_start="202608", service_stop="20260805080000")])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"entry_id": "doc1"}, "XDS_ENTRY_ID"),
        ({"unique_id": "1.2.3^4"}, "XDS_OID"),
        ({"unique_id": "1.2." + "3" * 125}, "XDS_OID"),
        ({"unique_id": "1.2.03"}, "XDS_OID"),
        ({"patient_id": Cx(MATRICULE[:13], INS_TEST)}, "XDS_PATIENT"),
        ({"patient_id": Cx(MATRICULE, "1.2.250.1.213.1.4.9")}, "XDS_PATIENT"),
        ({"source_patient_id": None}, "XDS_SOURCE_PATIENT_ID"),
        ({"source_patient_id": Cx("1", "1.2.3", "XX")}, "XDS_SOURCE_PATIENT_ID"),
        ({"source_patient_id": Cx("", "1.2.3", "PI")}, "XDS_SOURCE_PATIENT_ID"),
        ({"reference_ids": ("123",)}, "XDS_REFERENCE_ID"),
        ({"authors": ()}, "XDS_AUTHOR"),
        ({"authors": _author(person=None)}, "XDS_AUTHOR_PERSON"),
        ({"authors": _author(person=replace(PERSON, family=" "))}, "XDS_PERSON_NAME"),
        ({"authors": _author(person=replace(PERSON, family="X" * 250))}, "XDS_PERSON_NAME"),
        ({"authors": _author(person=replace(PERSON, id="01234567897"))}, "XDS_PERSON"),
        ({"authors": _author(person=replace(PERSON, id_type="EI"))}, "XDS_PERSON"),
        ({"authors": _author(person=replace(PERSON, authority="1.2.3"))}, "XDS_PERSON"),
        ({"authors": _author(person=replace(PERSON, given=""))}, "XDS_PERSON"),
        ({"authors": _author(person=Xcn(MATRICULE, "N", "P", INS_TEST, "D", "NH"))}, "XDS_PERSON"),
        ({"authors": _author(person=replace(PERSON, name_type="U"))}, "XDS_PERSON"),
        ({"authors": _author(institutions=(replace(PHARMACY, name=""),))}, "XDS_INSTITUTION_NAME"),
        ({"authors": _author(institutions=(replace(PHARMACY, id=""),))}, "XDS_INSTITUTION"),
        ({"authors": _author(institutions=(replace(PHARMACY, id_type="X"),))}, "XDS_INSTITUTION"),
        ({"authors": _author(specialties=(CodedValue("G15_21/A", "1.2.3", ""),))}, "XDS_AUTHOR_SPECIALTY"),
        ({"authors": _author(specialties=(CodedValue("G15_21^A", "1.2.3", "x"),))}, "XDS_AUTHOR_SPECIALTY"),
        ({"authors": _author(roles=("",))}, "XDS_AUTHOR_ROLE"),
        ({"legal_authenticator": None}, "XDS_LEGAL_AUTHENTICATOR"),
        ({"legal_authenticator": replace(PERSON, id="x")}, "XDS_PERSON"),
        ({"class_code": None}, "XDS_CLASS"),
        ({"class_code": CodedValue("12", codes.CLASS_SYSTEM, "x")}, "XDS_CLASS"),
        ({"class_code": CodedValue("10", "1.2.3", "x")}, "XDS_CLASS"),
        ({"type_code": None}, "XDS_TYPE"),
        ({"type_code": CodedValue("78601-2", "LOINC", "x")}, "XDS_TYPE"),
        ({"format_code": None}, "XDS_FORMAT"),
        ({"format_code": CodedValue("x", "1.2.3", "x")}, "XDS_FORMAT"),
        ({"facility_type": None}, "XDS_FACILITY"),
        ({"facility_type": CodedValue("33", codes.SECTOR_SYSTEM, "x")}, "XDS_FACILITY"),
        ({"practice_setting": None}, "XDS_PRACTICE_SETTING"),
        ({"practice_setting": CodedValue("ESSMS", SETTING, "x")}, "XDS_PRACTICE_SETTING"),
        ({"practice_setting": CodedValue("AMBULATOIRE", SETTING, " ")}, "XDS_PRACTICE_SETTING"),
        ({"practice_setting": CodedValue("ETABLISSEMENT", SETTING, "x")}, "XDS_SECTOR"),
        ({"event_codes": (CodedValue("x", "", "x"),)}, "XDS_EVENT_CODE"),
        ({"type_code": CodedValue("REMB", "1.2.250.1.213.1.1.4.12", "x")}, "XDS_NOT_WRITABLE"),
        ({"type_code": CodedValue("DOCPAT03", "1.2.250.1.213.1.1.4.12", "x")}, "XDS_NOT_WRITABLE"),
        ({"type_code": CodedValue("11369-6", "2.16.840.1.113883.6.1", "x")}, "XDS_NOT_WRITABLE"),
        ({"class_code": CodedValue("90", codes.CLASS_SYSTEM, "x")}, "XDS_NOT_WRITABLE"),
        ({"confidentiality": ()}, "XDS_CONFIDENTIALITY"),
        ({"confidentiality": (PS,)}, "XDS_CONFIDENTIALITY"),
        ({"confidentiality": (PS, N)}, "XDS_CONFIDENTIALITY"),
        ({"confidentiality": (N, R)}, "XDS_CONFIDENTIALITY"),
        ({"confidentiality": (N, PS, PS)}, "XDS_CONFIDENTIALITY"),
        ({"confidentiality": (replace(N, label=""),)}, "XDS_CONFIDENTIALITY"),
        ({"confidentiality": (replace(N, scheme=codes.MASK_SYSTEM),)}, "XDS_CONFIDENTIALITY"),
        ({"confidentiality": (N, PS, PATIENT)}, "XDS_MASK_CUMUL"),
        ({"creation_time": None}, "XDS_TIME"),
        ({"creation_time": "202608050810"}, "XDS_TIME"),
        ({"creation_time": "20260231081000"}, "XDS_TIME"),
        ({"creation_time": "20260805101000+0200"}, "XDS_TIME"),
        ({"service_start": None}, "XDS_TIME"),
        ({"service_start": "20268"}, "XDS_TIME"),
        ({"service_stop": "2026-08-05"}, "XDS_TIME"),
        ({"service_stop": "20260805072959"}, "XDS_SERVICE_STOP"),
        ({"service_stop": "20260805073000"}, "XDS_SERVICE_STOP"),
        ({"service_stop": "2025"}, "XDS_SERVICE_STOP"),
        ({"mime_type": "application/pdf"}, "XDS_MIME_TYPE"),
        ({"language": None}, "XDS_LANGUAGE"),
        ({"language": "fr"}, "XDS_LANGUAGE"),
        ({"title": None}, "XDS_TITLE"),
        ({"title": "  "}, "XDS_TITLE"),
        ({"title": "x" * 129}, "XDS_TITLE"),
        ({"logical_id": "urn:uuid:x"}, "XDS_SERVER_FIELD"),
        ({"source_patient_info": ()}, "XDS_PID5"),
        ({"source_patient_info": TRAITS[1:]}, "XDS_PID5"),
        ({"source_patient_info": (*TRAITS, TRAITS[0])}, "XDS_PID5"),
        ({"source_patient_info": ("PID-5|X^^^^^^L", *TRAITS[2:])}, "XDS_PID5"),
        ({"source_patient_info": (TRAITS[0], "PID-5|A^B^C^^^^D", *TRAITS[2:])}, "XDS_PID5"),
        ({"source_patient_info": (*TRAITS[:2], "PID-7|1979", *TRAITS[3:])}, "XDS_PID7"),
        ({"source_patient_info": (*TRAITS[:2], "PID-7|19791301", *TRAITS[3:])}, "XDS_PID7"),
        ({"source_patient_info": (*TRAITS[:3], "PID-8|UN")}, "XDS_PID8"),
        ({"source_patient_info": (*TRAITS, "PID-3|x")}, "XDS_PID"),
        ({"source_patient_info": (*TRAITS, TRAITS[-1])}, "XDS_PID"),
        ({"source_patient_info": (f"PID-5|{'X' * 260}^Y^Y^^^^L", *TRAITS[1:])}, "XDS_PID"),
    ],
)
def test_each_rule_of_a_document(changes: dict[str, object], code: str) -> None:
    assert code not in _codes_of(make_other_entry())
    assert code in _codes_of(make_other_entry(**changes))


def test_hash_and_size_are_compulsory() -> None:
    entry = make_other_entry()
    assert _codes_of(replace(entry, hash=None, size=None)) == {"XDS_HASH", "XDS_SIZE"}
    assert _codes_of(replace(entry, hash=(entry.hash or "").upper(), size=0)) == {"XDS_HASH", "XDS_SIZE"}


def test_masks() -> None:
    assert _codes_of(make_other_entry(confidentiality=(R, PS, LEGAL))) == set()
    allowed = SubmissionRules(allow_mask_cumul=True)
    assert _codes_of(make_other_entry(confidentiality=(N, PS, PATIENT, LEGAL)), allowed) == set()


def test_a_secret_connection_sends_only_what_guardians_cannot_see() -> None:
    secret = SubmissionRules(secret_connection=True)
    assert _codes_of(make_other_entry(confidentiality=(N, LEGAL)), secret) == set()
    assert _codes_of(make_other_entry(), secret) == {"XDS_SECRET"}
    assert "XDS_VACCINATION_VISIBLE" in _codes_of(make_entry(confidentiality=(N, LEGAL)), secret)


@pytest.mark.parametrize("values", [(R,), (N, PS), (N, LEGAL)])
def test_a_vaccination_note_is_always_visible(values: tuple[CodedValue, ...]) -> None:
    assert _codes_of(make_entry(confidentiality=values)) == {"XDS_VACCINATION_VISIBLE"}


def test_a_vaccination_note_has_its_format_and_class() -> None:
    pdf = CodedValue("urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3", "Pdf")
    assert _codes_of(make_entry(format_code=pdf)) == {"XDS_VACCINATION_FORMAT"}
    assert _codes_of(make_entry(class_code=CodedValue("10", codes.CLASS_SYSTEM, "x"))) == {"XDS_VACCINATION_FORMAT"}


def test_nurses_at_home_and_hospitals() -> None:
    cabinet = CodedValue("SA07", codes.SECTOR_SYSTEM, "Cabinet individuel")
    assert (
        _codes_of(make_other_entry(facility_type=cabinet, practice_setting=CodedValue("SAD", SETTING, "Soins")))
        == set()
    )
    hospital = CodedValue("SA01", codes.SECTOR_SYSTEM, "Etablissement public")
    stay = CodedValue("ETABLISSEMENT", SETTING, "Etablissement")
    assert _codes_of(make_other_entry(facility_type=hospital, practice_setting=stay)) == set()


def test_other_kinds_of_authors() -> None:
    system = Xcn("3330000001/88", "HUB", "v1", codes.PS_ID_SYSTEM, "U", "RI")
    internal = Xcn("3330000001/45", "DURAND", "ALICE", codes.PS_ID_SYSTEM, "D", "EI")
    publisher = Xon("EDITEUR", "123456789", "1.3.2", "SIREN")
    for author in (
        replace(AUTHOR, person=system),
        replace(AUTHOR, person=internal),
        replace(AUTHOR, institutions=(publisher,), roles=("Membre de l'équipe de soins",)),
    ):
        assert _codes_of(make_other_entry(authors=(author,))) == set()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"entry_id": "x"}, "XDS_ENTRY_ID"),
        ({"unique_id": "x"}, "XDS_OID"),
        ({"source_id": "x"}, "XDS_OID"),
        ({"patient_id": Cx("1", INS_TEST)}, "XDS_PATIENT"),
        ({"submission_time": "2026"}, "XDS_TIME"),
        ({"content_type": None}, "XDS_CONTENT_TYPE"),
        ({"content_type": CodedValue("SA33", "1.2.3", "x")}, "XDS_CONTENT_TYPE"),
        ({"authors": ()}, "XDS_AUTHOR"),
        ({"authors": _author(person=None)}, "XDS_AUTHOR_PERSON"),
        ({"title": "x" * 129}, "XDS_TITLE"),
        ({"title": ""}, "XDS_TITLE"),
    ],
)
def test_each_rule_of_a_set(changes: dict[str, object], code: str) -> None:
    found = {violation.code for violation in check_submission(make_set(**changes), [make_entry()])}
    assert code in found


def test_rules_between_objects() -> None:
    def found(submission_set: SubmissionSet, *entries: DocumentEntry) -> set[str]:
        return {violation.code for violation in check_submission(submission_set, entries)}

    other = Cx("277076322082910", INS_TEST)
    assert found(make_set()) == {"XDS_DOCUMENTS"}
    assert found(make_set(), make_entry(patient_id=other)) == {"XDS_PATIENT"}
    assert found(make_set(), make_entry(), make_entry(entry_id="urn:uuid:44444444-4444-4444-8444-444444444444")) == {
        "XDS_DUPLICATE"
    }
    assert found(make_set(), make_entry(entry_id=SET_ID)) == {"XDS_DUPLICATE"}
    assert found(make_set(), make_entry(unique_id=SET_UID)) == {"XDS_DUPLICATE"}


def test_the_sender_is_the_vihf_user_and_structure() -> None:
    good = SubmissionRules(vihf_user_id=PERSON.id, vihf_structure_id=PHARMACY.id)
    assert list(check_submission(make_set(), [make_entry()], good)) == []
    bad = SubmissionRules(vihf_user_id="801234567898", vihf_structure_id="1330000001")
    found = [(violation.code, violation.where) for violation in check_submission(make_set(), [make_entry()], bad)]
    assert found == [
        ("XDS_VIHF_STRUCTURE", "submissionSet.author"),
        ("XDS_VIHF_USER", "submissionSet.author"),
        ("XDS_VIHF_STRUCTURE", "documents[0].author"),
    ]


def test_test_matricules_never_reach_production() -> None:
    production = SubmissionRules(production=True)
    assert _codes_of(make_entry(), production) == {"XDS_PATIENT_TEST"}
    assert _codes_of(make_entry(patient_id=Cx(MATRICULE, "1.2.250.1.213.1.4.8")), production) == set()


def test_all_violations_are_told_at_once_and_without_values() -> None:
    entry = make_entry(title="", patient_id=Cx("279035121518", INS_TEST), source_patient_info=("PID-5|SECRET",))
    with pytest.raises(MetadataInvalid) as caught:
        ensure_valid(make_set(), [entry])
    found = {violation.code for violation in caught.value.violations}
    assert {"XDS_TITLE", "XDS_PATIENT", "XDS_PID5"} <= found
    shown = f"{caught.value!s} {caught.value.violations!r}"
    assert "279035121518" not in shown
    assert "SECRET" not in shown


def test_traits() -> None:
    assert TRAITS == (
        "PID-5|PAT-TROIS^DOMINIQUE^DOMINIQUE MARIE-LOUISE^^^^L",
        "PID-5|DE VINCI^DOMINIQUE^^^^^D",
        "PID-7|19790328",
        "PID-8|F",
        "PID-11|^^^^^^BDL^^51215",
    )
    plain = source_patient_info(birth_name="A^B", birth_given_names=["C"], birth_date=date(1979, 3, 28), sex="M")
    assert plain == ("PID-5|A\\S\\B^C^C^^^^L", "PID-7|19790328", "PID-8|M")
    with pytest.raises(MessageUnwritable, match="XDS_TRAITS"):
        source_patient_info(birth_name="", birth_given_names=["C"], birth_date="19790328", sex="M")


def test_times_are_utc() -> None:
    assert registry_time(NOW) == "20260805081500"
    with pytest.raises(MessageUnwritable, match="XDS_TIME"):
        registry_time(NOW.replace(tzinfo=None))


def test_identities_stay_out_of_repr() -> None:
    shown = repr(make_entry()) + repr(make_set()) + repr(PATIENT_ID)
    assert "vaccination du" not in shown.lower()
    assert MATRICULE not in shown
    assert "PAT-TROIS" not in shown
