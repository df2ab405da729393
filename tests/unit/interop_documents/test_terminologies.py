"""Value sets as dated data, and the operator's copies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from importlib import resources
from pathlib import Path

import pytest

from hub_interop.terminologies import (
    Concept,
    Reason,
    SvsUnreadable,
    UnknownCode,
    class_of_type,
    concept,
    format_of,
    install,
    read_svs,
    uninstall,
    value_set,
)
from hub_interop.terminologies.registry import association

DATA = resources.files("hub_interop.terminologies") / "data"
ASSOCIATIONS = ("type_to_class.tsv", "source_to_format.tsv")
NAMES = sorted(item.name.removesuffix(".tsv") for item in DATA.iterdir() if item.name not in ASSOCIATIONS)
TODAY = date(2026, 11, 24)
SVS = """<RetrieveValueSetResponse xmlns="urn:ihe:iti:svs:2008">
<ValueSet id="{oid}" dateMaj="20270101120000"><ConceptList>
<Concept code="SA33" codeSystem="1.2.250.1.71.4.2.4" displayName="Pharmacie d'officine"/>
<Concept code="SA98" codeSystem="1.2.250.1.71.4.2.4" displayName="Secteur nouveau"/>
</ConceptList></ValueSet></RetrieveValueSetResponse>"""
SECTOR_OID = "1.2.250.1.213.1.1.5.3"
SECTOR_TWIN = "1.2.250.1.213.1.1.5.466"

NEW_IN_JUNE_2026 = {
    "34876-3", "34895-3", "55751-2", "68814-3", "83963-9", "84067-8", "96163-1", "97694-4", "100967-9",
}  # fmt: skip
DIFFERENCES: dict[str, tuple[set[str], set[str]]] = {
    # the patient and the Assurance maladie author nothing through the hub
    "author_specialty": (set(), {"ALIM_AM", "EXP_PATIENT"}),
    # JDV_J07 of 29/06/2026 against that of 27/09/2024; four codes of JDV_J07 are not in JDV_J66
    "document_type": (NEW_IN_JUNE_2026, {"EXPORT_DUI", "FEUILLE-DE-STYLE", "FICHE-CONTACTS", "PIECE-IDENTITE"}),
    "practice_setting": (set(), {"ESSMS"}),  # not in JDV_J62
}
"""Codes of ours that the official file lacks, and the other way round."""


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_complete(name: str) -> None:
    known = value_set(name)
    assert known.name == name
    assert known.source
    assert known.version not in ("", "test")
    assert known.holds(TODAY)
    assert known.concepts
    for item in known:
        assert item.code == item.code.strip()
        assert item.system
        assert item.label or name == "dose_unit"
        assert re.fullmatch(r"[0-9.]+|URN|ASTM", item.system)
        assert known.get(item.code, system=item.system) == item


@pytest.mark.parametrize(
    ("name", "code", "label"),
    [
        ("author_specialty", "G15_21/A", "Pharmacien titulaire d'officine"),
        ("author_specialty", "G15_60", "Infirmier"),
        ("author_specialty", "317", "Préparateur en pharmacie (officine)"),
        ("sector", "SA33", "Pharmacie d'officine"),
        ("practice_setting", "SAD", "Soins à domicile"),
        ("document_type", "87273-9", "Note de vaccination"),
        ("document_format", "urn:asip:ci-sis:vac-note:2021", "Note de vaccination"),
        ("content_type", "SA07", "Cabinet individuel"),
        ("profession", "60", "Infirmier"),
        ("pharmacist_subsection", "A", "Pharmacien titulaire d'officine"),
        ("immunization_route", "20035000", "Voie intramusculaire"),
        ("confidentiality", "MASQUE_PS", "Masqué aux professionnels de santé"),
        ("encounter", "AMB", "Ambulatoire (hors établissement)"),
        ("role", "317", "Préparateur en pharmacie (officine)"),
    ],
)
def test_labels(name: str, code: str, label: str) -> None:
    assert concept(name, code, TODAY).label == label


def test_an_unknown_code_is_refused_without_being_told() -> None:
    with pytest.raises(UnknownCode) as caught:
        concept("sector", "NOM-DE-PATIENT")
    assert "NOM-DE-PATIENT" not in str(caught.value)
    assert value_set("sector").get(None) is None


def test_codes_and_sets_have_their_days() -> None:
    assert value_set("profession").get("39", date(2024, 12, 12)) is not None
    assert value_set("profession").get("39", date(2024, 12, 13)) is None
    assert value_set("sector").get("SA33", date(2014, 10, 7)) is None


def test_the_class_follows_from_the_type() -> None:
    assert class_of_type("87273-9") == Concept("52", "1.2.250.1.213.1.1.4.1", "Certificat, déclaration")
    assert class_of_type("78601-2").code == "10"
    with pytest.raises(UnknownCode):
        class_of_type("1-1")
    assert class_of_type("E1762").label == "Digital Signature"
    assert class_of_type("96163-1").code == "11"


def test_the_format_follows_from_the_template_or_the_media_type() -> None:
    assert format_of("1.2.250.1.213.1.1.1.46") == Concept(
        "urn:asip:ci-sis:vac-note:2021", "1.2.250.1.213.1.1.4.2.282", "Note de vaccination"
    )
    assert format_of("1.2.250.1.213.1.1.1.59").code == "urn:ans:ci-sis:trod:2024"
    assert format_of("application/pdf").code == "urn:ihe:iti:xds-sd:pdf:2008"
    assert format_of("image/tiff").code == "urn:ihe:iti-fr:xds-sd:tiff:2010"
    with pytest.raises(UnknownCode):
        format_of("application/zip")
    with pytest.raises(UnknownCode) as caught:
        format_of("1.2.250.1.213.1.1.1.59", date(2024, 7, 25))
    assert (caught.value.reason, caught.value.day) == (Reason.NOT_YET, date(2024, 7, 26))


def test_every_association_leads_to_a_known_code() -> None:
    types = {item.code for item in value_set("document_type")}
    without = types - NEW_IN_JUNE_2026 - set(association("type_to_class").pairs)
    assert without == set()
    for document_type in association("type_to_class").pairs:
        assert document_type in types
        assert class_of_type(document_type).label
    for source in association("source_to_format").pairs:
        assert format_of(source).label
    assert len(list(value_set("document_format"))) == 62


@pytest.mark.parametrize("code", sorted(NEW_IN_JUNE_2026))
def test_the_types_of_june_2026_hold_from_their_day_on(code: str) -> None:
    assert concept("document_type", code, date(2026, 6, 29)).code == code
    with pytest.raises(UnknownCode, match=r"pas encore en vigueur .*29/06/2026") as caught:
        concept("document_type", code, date(2026, 6, 28))
    assert caught.value.reason is Reason.NOT_YET


def test_a_code_that_ended_is_refused_with_that_reason() -> None:
    with pytest.raises(UnknownCode, match=r"n'est plus en vigueur .*12/12/2024") as caught:
        concept("profession", "39", date(2024, 12, 13))
    assert (caught.value.reason, caught.value.value_set) == (Reason.ENDED, "profession")
    with pytest.raises(UnknownCode) as caught:
        concept("profession", "39x", date(2024, 12, 13))
    assert (caught.value.reason, caught.value.day) == (Reason.UNKNOWN, None)


def test_a_code_of_two_systems_is_chosen_by_its_system() -> None:
    roles = value_set("subject_role")
    assert roles.get("21") == Concept("21", "1.2.250.1.71.1.2.7", "Pharmacien")
    assert roles.get("21", TODAY, "1.2.250.1.71.1.2.8") == Concept(
        "21", "1.2.250.1.71.1.2.8", "Pharmacien en formation"
    )
    assert roles.get("21", TODAY, "1.2.3") is None
    activities = {item.label for item in value_set("content_type") if item.code == "11"}
    assert activities == {"Centre postcure", "Hébergement complet ou internat (non compris internat de semaine)"}


def test_the_roles_are_those_of_the_other_tables() -> None:
    """JDV_J65 takes its codes from the professions, the CNOP's subsections and the roles."""
    roles = value_set("subject_role")
    for name in ("profession", "pharmacist_subsection", "role"):
        mine = value_set(name)
        shared = [item for item in mine if roles.get(item.code, system=item.system) is not None]
        assert len(shared) >= len(list(mine)) - 1
    assert roles.get("346") is None  # student nurse: not in JDV_J65


def test_the_dmp_takes_some_of_the_sites_only() -> None:
    accepted = {item.label for item in value_set("immunization_site_dmp")}
    assert accepted == {f"{part} {side}" for part in ("deltoïde", "cuisse", "fesse") for side in ("droit", "droite",
        "gauche")} & {item.label for item in value_set("immunization_site")}  # fmt: skip
    assert len(accepted) == 6


@pytest.fixture
def _shipped_afterwards() -> Iterator[None]:
    yield
    uninstall("sector")


@pytest.mark.usefixtures("_shipped_afterwards")
@pytest.mark.parametrize("oid", [SECTOR_OID, SECTOR_TWIN])
def test_an_operators_copy_takes_the_place_of_ours(oid: str) -> None:
    newer = read_svs(SVS.format(oid=oid).encode(), name="sector", source="opérateur", since=date(2026, 1, 1))
    install(newer)
    assert concept("sector", "SA98", TODAY).label == "Secteur nouveau"
    assert newer.version == "20270101"
    uninstall("sector")
    assert value_set("sector").get("SA98") is None


def test_the_copy_of_another_set_is_refused() -> None:
    other = read_svs(SVS.format(oid="1.2.3").encode(), name="sector", source="opérateur", since=date(2026, 1, 1))
    with pytest.raises(ValueError):
        install(other)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"<x/>", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
        b"<!--" + b"x" * 5000 + b"--><!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
        SVS.format(oid="").encode(), SVS.format(oid="1.2").replace('code="SA98" ', "").encode(),
        b"<r><ValueSet id='1.2'/></r>", b"<r><ValueSet id='1.2'/><ValueSet id='1.3'/></r>",
    ],
)  # fmt: skip
def test_what_is_no_svs_is_refused(data: bytes) -> None:
    with pytest.raises(SvsUnreadable):
        read_svs(data, name="sector", source="opérateur", since=date(2026, 1, 1))


@pytest.mark.ans
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("sector", "JDV_J02_XdsHealthcareFacilityTypeCode_CISIS.xml"),
        ("practice_setting", "JDV_J04_XdsPracticeSettingCode_CISIS.xml"),
        ("author_specialty", "JDV_J01_XdsAuthorSpecialty_CISIS.xml"),
        ("document_type", "JDV_J07_XdsTypeCode_CISIS.xml"),
        ("immunization_site", "JDV_ImmunizationApproachSiteCode_CISIS.xml"),
        ("immunization_route", "JDV_ImmunizationRouteCodes_CISIS.xml"),
        ("immunization_act", "JDV_HL7_ActSubstanceAdministrationImmunizationCode_CISIS.xml"),
        ("sex", "JDV_J143_AdministrativeGender_CISIS.xml"),
        ("civility", "JDV_J245_Civilite_CISIS.xml"),
        ("title", "JDV_J246_Titre_CISIS.xml"),
        ("encounter", "JDV_J142_TypeRencontre_CISIS.xml"),
        ("confidentiality", "JDV_J08_XdsConfidentialityCode_CISIS.xml"),
        ("participation_function", "JDV_J47_FunctionCode_CISIS.xml"),
        ("participation_type", "JDV_J144_ParticipationType_CISIS.xml"),
        ("patient_relation", "JDV_J11_RelationPatient_CISIS.xml"),
    ],
)
def test_our_tables_say_what_the_official_files_say(ans_dir: Path, name: str, file: str) -> None:
    data = (ans_dir / "jeuxDeValeurs" / file).read_bytes()
    official = read_svs(data, name=name, source="ANS", since=date(2020, 1, 1))
    ours = {item.code: (item.system, item.label) for item in value_set(name)}
    theirs = {item.code: (item.system, item.label) for item in official}
    assert {code: ours[code] for code in ours.keys() & theirs.keys()} == {c: theirs[c] for c in ours.keys() & theirs}
    ours_only, theirs_only = DIFFERENCES.get(name, (set(), set()))
    assert ours.keys() - theirs.keys() == ours_only
    assert theirs.keys() - ours.keys() == theirs_only
