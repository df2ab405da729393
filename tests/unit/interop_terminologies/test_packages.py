"""The operator's package: what is recognised, what is ignored, and what is refused."""

from __future__ import annotations

import contextlib
import hashlib
import io
import struct
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package_samples import CLASS_OF_TYPE_OID, LOINC, SECTOR_OID, TYPE_OID, TYPE_TWIN, mapping, svs, types, zipped

from hub_interop.terminologies import (
    Concept,
    PackageRefused,
    SvsUnreadable,
    class_of_type,
    concept,
    install_package,
    read_package,
    read_svs,
    registry,
    value_set,
)
from hub_interop.terminologies import package as reading

SINCE = date(2027, 1, 1)
OFFICE = Concept("SA33", "1.2.250.1.71.4.2.4", "Pharmacie d'officine")
NOTE = Concept("87273-9", LOINC, "Note de vaccination")
SECTORS = svs(SECTOR_OID, [OFFICE])


def refusal(path: Path, since: date | None = SINCE) -> PackageRefused:
    with pytest.raises(PackageRefused) as caught:
        read_package(path, since)
    assert str(caught.value).endswith((".", "?", ")")), str(caught.value)
    return caught.value


def test_sets_are_recognised_by_their_oid_whatever_the_names(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "JDV_DMP_API_V2_XML_2027_01_15.zip",
        {
            "a/b.bin": SECTORS,
            "types.txt": types(),
            "LISEZMOI.pdf": b"%PDF-1.7",
            "vide.xml": b"",
            "autre.xml": svs("1.2.3.4", [OFFICE]),
            "SVS.xsd": b"<!DOCTYPE schema [<!ENTITY a 'b'>]><schema/>",
            "notes.xml": b"<notes/>",
        },
    )
    package = read_package(path, SINCE)
    assert {item.name for item in package.value_sets} == {"sector", "document_type"}
    assert {item.since for item in package.value_sets} == {SINCE}
    assert package.version == "2027-01-15"
    assert package.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert {file.name: file.reason for file in package.ignored} == {
        "LISEZMOI.pdf": "ce n'est pas un fichier XML",
        "vide.xml": "fichier vide",
        "autre.xml": "jeu de valeurs que le hub n'emploie pas",
        "SVS.xsd": "page, schéma ou feuille de style",
        "notes.xml": "ce n'est pas un jeu de valeurs (IHE SVS)",
    }


def test_without_a_day_each_set_holds_from_that_of_its_version(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", {"s": svs(SECTOR_OID, [OFFICE], "20260629120000"), "t": types()})
    package = read_package(path)
    assert {item.name: item.since for item in package.value_sets} == {
        "sector": date(2026, 6, 29),
        "document_type": date(2027, 1, 1),
    }
    assert package.complete_from == date(2027, 1, 1)
    assert package.version == "20270101"
    for version in ("", "20261399120000"):
        undated = zipped(tmp_path / "u.zip", {"s": svs(SECTOR_OID, [OFFICE], version)})
        assert refusal(undated, None).code == "PACKAGE_SINCE"


def test_the_dmps_set_prevails_over_its_twin_whatever_the_order(tmp_path: Path) -> None:
    mine = svs(TYPE_OID, [NOTE])
    for names in (("a.xml", "b.xml"), ("b.xml", "a.xml")):
        package = read_package(zipped(tmp_path / "p.zip", {names[0]: mine, names[1]: svs(TYPE_TWIN, [OFFICE])}), SINCE)
        assert [item.oid for item in package.value_sets] == [TYPE_OID]
        assert [file.name for file in package.ignored] == [names[1]]
    alone = read_package(zipped(tmp_path / "p.zip", {"a.xml": svs(TYPE_TWIN, [NOTE])}), SINCE)
    assert [item.oid for item in alone.value_sets] == [TYPE_TWIN]


def test_an_association_is_read_and_ours_stay_when_there_is_none(tmp_path: Path) -> None:
    files = {"t.xml": types(more=[Concept("1234-5", LOINC, "Type nouveau")])}
    install_package(read_package(zipped(tmp_path / "a.zip", files), SINCE))
    assert class_of_type("87273-9", SINCE).code == "52"
    with pytest.raises(LookupError):
        class_of_type("1234-5", SINCE)
    files["c.xml"] = mapping(CLASS_OF_TYPE_OID, {"1234-5": "44", "87273-9": "52"})
    install_package(read_package(zipped(tmp_path / "b.zip", files), SINCE))
    assert class_of_type("1234-5", SINCE).label == "Plan de soins, protocole de soins"
    with pytest.raises(LookupError):
        class_of_type("1234-5", date(2026, 12, 31))


def test_the_dmps_sets_are_known_by_their_oids_and_code_systems_are_not() -> None:
    prefix = "1.2.250.1.213.1.1.5."
    dmp = {
        "1": "author_specialty", "2": "content_type", "3": "sector", "4": "practice_setting", "5": "subject_role",
        "6": "document_class", "7": "document_type", "8": "document_format", "9": "confidentiality",
        "97": "vihf_audience", "587": "type_to_class",
        "461": "author_specialty", "466": "sector", "467": "practice_setting", "470": "subject_role",
        "462": "document_class", "471": "document_type", "465": "document_format", "463": "confidentiality",
    }  # fmt: skip
    assert {oid: registry.names().get(prefix + oid) for oid in dmp} == dmp
    assert not {LOINC, "1.2.250.1.71.1.2.7", "2.16.840.1.113883.6.8"} & registry.names().keys()


def test_a_code_system_in_the_package_is_ignored(tmp_path: Path) -> None:
    professions = svs("1.2.250.1.71.1.2.7", list(value_set("profession")))
    package = read_package(zipped(tmp_path / "p.zip", {"s.xml": SECTORS, "TRE_G15.xml": professions}), SINCE)
    assert [item.name for item in package.value_sets] == ["sector"]
    assert [file.name for file in package.ignored] == ["TRE_G15.xml"]


def test_a_folder_is_read_like_a_zip(tmp_path: Path) -> None:
    folder = tmp_path / "paquet"
    (folder / "sous").mkdir(parents=True)
    (folder / "sous" / "s.xml").write_bytes(SECTORS)
    first = read_package(folder, SINCE)
    assert [item.name for item in first.value_sets] == ["sector"]
    (folder / "vide").write_bytes(b"")
    assert read_package(folder, SINCE).sha256 != first.sha256
    (folder / "lien.xml").symlink_to(folder / "sous" / "s.xml")
    assert refusal(folder).code == "PACKAGE_PATH"


@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
        b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        SECTORS[:-10],
        SECTORS.replace(b'code="SA33" ', b""),
        SECTORS.replace(b"Pharmacie d'officine", b""),
        svs(SECTOR_OID, []),
        svs(SECTOR_OID, [OFFICE, Concept("SA33", OFFICE.system, "Autre libellé")]),
        svs(SECTOR_OID, [Concept(" SA33", OFFICE.system, "x")]),
        svs(SECTOR_OID, [Concept("SA33", OFFICE.system, "x" * 1001)]),
        SECTORS.replace(b"</RetrieveValueSetResponse>", b'<ValueSet id="1.2"/></RetrieveValueSetResponse>'),
        mapping(SECTOR_OID, {"a": "b"}),
        svs(CLASS_OF_TYPE_OID, [OFFICE]),
        mapping(CLASS_OF_TYPE_OID, {"a": ""}),
SECTORS.decode().encode("utf-16"),
    ],
    ids=[
        "entity", "external", "cut", "no code", "no label", "empty", "two labels", "space", "long", "two sets",
        "set as association", "association as set", "half a pair", "utf-16",
    ],
)  # fmt: skip
def test_a_hostile_or_broken_document_refuses_the_whole_package(tmp_path: Path, document: bytes) -> None:
    good = zipped(tmp_path / "good.zip", {"t.xml": types()})
    assert read_package(good, SINCE).value_sets
    found = refusal(zipped(tmp_path / "p.zip", {"t.xml": types(), "mauvais.xml": document}))
    assert found.code == "PACKAGE_XML"
    assert "mauvais.xml" in str(found)


def test_a_package_of_nothing_is_refused(tmp_path: Path) -> None:
    assert refusal(zipped(tmp_path / "p.zip", {"x.xml": svs("1.2.3", [OFFICE])})).code == "PACKAGE_EMPTY"
    assert refusal(zipped(tmp_path / "q.zip", {})).code == "PACKAGE_EMPTY"
    assert refusal(tmp_path / "absent.zip").code == "PACKAGE_MISSING"


def test_two_files_of_the_same_set_are_refused_unless_they_say_the_same(tmp_path: Path) -> None:
    same = read_package(zipped(tmp_path / "p.zip", {"a.xml": SECTORS, "b.xml": SECTORS}), SINCE)
    assert [file.reason for file in same.ignored] == ["même contenu que a.xml"]
    other = svs(SECTOR_OID, [OFFICE, Concept("SA99", OFFICE.system, "x")])
    found = refusal(zipped(tmp_path / "q.zip", {"a.xml": SECTORS, "b.xml": other}))
    assert found.code == "PACKAGE_TWICE"
    assert "a.xml et b.xml" in str(found)


@pytest.mark.parametrize(
    "name", ["../s.xml", "a/../../s.xml", "/etc/s.xml", "C:/s.xml", "..\\s.xml", "\\\\serveur\\s.xml"]
)
def test_a_path_that_leaves_the_package_is_refused(tmp_path: Path, name: str) -> None:
    assert refusal(zipped(tmp_path / "p.zip", {name: SECTORS})).code == "PACKAGE_PATH"


def test_links_passwords_and_double_names_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("lien.xml")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert refusal(path).code == "PACKAGE_PATH"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("s.xml", SECTORS)
        archive.writestr("S.XML", SECTORS)
    assert refusal(path).code == "PACKAGE_TWICE"
    data = bytearray(zipped(path, {"s.xml": SECTORS}).read_bytes())
    data[6] |= 1
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    path.write_bytes(data)
    assert refusal(path).code == "PACKAGE_ENCRYPTED"


def test_bombs_are_refused_without_being_opened(tmp_path: Path) -> None:
    bomb = zipped(tmp_path / "p.zip", {"s.xml": b"<a>" + b" " * (8 * 1024 * 1024) + b"</a>"})
    assert bomb.stat().st_size < 20_000
    assert refusal(bomb).code == "PACKAGE_BOMB"
    assert refusal(zipped(tmp_path / "q.zip", {"s.xml": b"\x00" * (reading.MAX_FILE + 1)})).code == "PACKAGE_BOMB"


def test_an_archive_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", {"s.xml": b"<a>" + b" " * (reading.MAX_FILE + 10) + b"</a>"})
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    for place in (22, central + 24):
        data[place : place + 4] = struct.pack("<I", 100)
    path.write_bytes(data)
    assert refusal(path).code == "PACKAGE_UNREADABLE"


def test_too_many_or_too_big_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "p.zip", {f"{n}.xml": SECTORS for n in range(5)})
    for limit, value, code in (
        ("MAX_FILES", 4, "PACKAGE_TOO_LARGE"),
        ("MAX_FILE", len(SECTORS) - 1, "PACKAGE_BOMB"),
        ("MAX_TOTAL", len(SECTORS) * 5 - 1, "PACKAGE_BOMB"),
        ("MAX_ARCHIVE", path.stat().st_size - 1, "PACKAGE_TOO_LARGE"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(reading, limit, value)
            assert refusal(path).code == code
    assert read_package(path, SINCE).value_sets
    folder = tmp_path / "dossier"
    folder.mkdir()
    (folder / "s.xml").write_bytes(SECTORS)
    monkeypatch.setattr(reading, "MAX_FILE", len(SECTORS) - 1)
    assert refusal(folder).code == "PACKAGE_TOO_LARGE"


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flipped(data: bytes) -> bytes:
    start = data.index(b"PK\x03\x04") + 60
    return data[:start] + bytes(byte ^ 0xFF for byte in data[start : start + 40]) + data[start + 40 :]


@pytest.mark.parametrize(
    "alter", [_cut, _flipped, lambda data: b"PK", lambda data: b"", lambda data: b"%PDF" + data[:9]]
)
def test_what_is_no_readable_zip_is_refused(tmp_path: Path, alter: Callable[[bytes], bytes]) -> None:
    path = zipped(tmp_path / "p.zip", {"t.xml": types()})
    path.write_bytes(alter(path.read_bytes()))
    assert refusal(path).code == "PACKAGE_UNREADABLE"


@given(st.binary(max_size=400), st.integers(0, 600))
def test_any_bytes_are_read_or_refused(noise: bytes, place: int) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("s.xml", SECTORS)
    data = stream.getvalue()
    altered = data[:place] + noise + data[place + len(noise) :]
    with contextlib.suppress(PackageRefused):  # and nothing else
        reading.read_files("p.zip", sorted(reading._zip_files(altered)), "0" * 64, SINCE)


def test_a_name_in_a_message_is_short_and_printable(tmp_path: Path) -> None:
    found = refusal(zipped(tmp_path / "p.zip", {"x\x1b[31m" + "y" * 300 + ".xml": b"<a"}))
    assert "\x1b" not in str(found)
    assert len(str(found)) < 200


_text = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(
    st.lists(
        st.builds(Concept, _text, st.sampled_from(["1.2.3", "1.2.4"]), _text),
        min_size=1,
        max_size=8,
        unique_by=lambda c: (c.code, c.system),
    )
)
def test_what_is_written_is_read_back(concepts: list[Concept]) -> None:
    known = read_svs(svs(SECTOR_OID, concepts), name="sector", source="x", since=SINCE)
    assert sorted(known, key=repr) == sorted(concepts, key=repr)
    for item in concepts:
        assert known.get(item.code, SINCE, item.system) == item


@pytest.mark.ans
def test_the_official_files_make_a_package_that_agrees_with_ours(ans_dir: Path, tmp_path: Path) -> None:
    files = {path.name: path.read_bytes() for path in (ans_dir / "jeuxDeValeurs").iterdir()}
    assert len(files) > 500
    package = read_package(zipped(tmp_path / "officiel.zip", files), SINCE)
    names = {item.name for item in package.value_sets}
    assert {"author_specialty", "document_type", "sector", "practice_setting", "confidentiality"} <= names
    assert len(names) >= 15
    assert not package.associations
    assert {"ActPharmacySupplyType.xml", "SVS.xsd"} <= {file.name for file in package.ignored}
    install_package(package)
    for item in package.value_sets:
        for official in item:
            assert concept(item.name, official.code, SINCE, official.system) == official
    with pytest.raises(LookupError):
        concept("document_type", "96163-1", SINCE)  # the official files are of 2024
    assert concept("document_type", "96163-1", date(2026, 12, 31)).label == "Bilan de soins infirmiers"


def test_a_set_of_another_oid_cannot_take_a_name() -> None:
    with pytest.raises(SvsUnreadable):
        read_svs(svs("pas-un-oid", [OFFICE]), name="sector", source="x", since=SINCE)
    assert value_set("sector").oid == SECTOR_OID
