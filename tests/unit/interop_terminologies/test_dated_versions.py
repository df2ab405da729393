"""Several versions of a set side by side, each from its day on; the operator's folder."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from package_samples import LOINC, SECTOR_OID, svs, types, zipped

from hub_interop.terminologies import (
    Concept,
    PackageRefused,
    Reason,
    UnknownCode,
    add_package,
    concept,
    install,
    load_installed,
    read_installed,
    read_svs,
    registry,
    use_clock,
    value_set,
)

SYSTEM = "1.2.250.1.71.4.2.4"
OFFICE = Concept("SA33", SYSTEM, "Pharmacie d'officine")
RENAMED = Concept("SA33", SYSTEM, "Officine")
NEW = Concept("SA98", SYSTEM, "Secteur nouveau")
JANUARY, JUNE = date(2027, 1, 1), date(2027, 6, 1)


def sectors(since: date, *concepts: Concept) -> None:
    install(read_svs(svs(SECTOR_OID, concepts), name="sector", source="opérateur", since=since))


def test_each_day_has_its_version() -> None:
    sectors(JUNE, RENAMED, NEW)
    sectors(JANUARY, OFFICE, NEW)  # installed after, older
    assert concept("sector", "SA33", JUNE).label == "Officine"
    assert concept("sector", "SA33", date(2027, 5, 31)).label == "Pharmacie d'officine"
    assert value_set("sector", JUNE).get("SA33") == RENAMED
    assert value_set("sector").get("SA98", JANUARY) == NEW
    assert value_set("sector").get("SA98", date(2026, 12, 31)) is None
    assert value_set("sector").get("SA07", date(2026, 12, 31)) is not None
    assert value_set("sector").get("SA07", JANUARY) is None


def test_a_code_says_why_it_does_not_hold() -> None:
    sectors(JANUARY, OFFICE, NEW)
    sectors(JUNE, OFFICE)
    for code, on, reason, day in (
        ("SA98", date(2026, 12, 31), Reason.NOT_YET, JANUARY),
        ("SA98", JUNE, Reason.ENDED, date(2027, 5, 31)),
        ("SA07", JUNE, Reason.ENDED, date(2026, 12, 31)),
        ("SA00", JUNE, Reason.UNKNOWN, None),
        (None, JUNE, Reason.UNKNOWN, None),
    ):
        with pytest.raises(UnknownCode) as caught:
            concept("sector", code, on)
        assert (caught.value.reason, caught.value.day) == (reason, day)
        assert "SA" not in str(caught.value)


def test_a_version_that_never_held_a_day_says_nothing() -> None:
    for version, item in (("20261201120000", NEW), ("20261215120000", OFFICE)):
        install(read_svs(svs(SECTOR_OID, [item], version), name="sector", source="opérateur", since=JANUARY))
    with pytest.raises(UnknownCode) as caught:
        concept("sector", "SA98", JUNE)
    assert (caught.value.reason, caught.value.day) == (Reason.UNKNOWN, None)


def test_without_a_day_it_is_the_services_clock_that_says() -> None:
    sectors(JANUARY, RENAMED)
    assert concept("sector", "SA33").label == "Pharmacie d'officine"
    use_clock(lambda: JANUARY)
    assert concept("sector", "SA33").label == "Officine"
    registry.uninstall("sector")
    assert concept("sector", "SA33").label == "Pharmacie d'officine"


def test_the_operators_copy_prevails_over_ours_even_when_it_is_older() -> None:
    sectors(date(2015, 1, 1), RENAMED)
    assert concept("sector", "SA33", date(2026, 11, 24)).label == "Officine"
    assert concept("sector", "SA33", date(2014, 12, 31)).label == "Pharmacie d'officine"


def test_the_same_version_again_takes_the_place_of_the_first() -> None:
    sectors(JANUARY, NEW)
    sectors(JANUARY, OFFICE)
    assert [item.version for item in registry.installed()] == ["20270101"]
    assert value_set("sector", JANUARY).get("SA98") is None


def package(folder: Path, name: str, *concepts: Concept) -> Path:
    return zipped(folder / name, {"s.xml": svs(SECTOR_OID, concepts)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "installed"


def test_packages_are_added_then_loaded_at_start(folder: Path, tmp_path: Path) -> None:
    assert load_installed(folder) == ()
    add_package(folder, package(tmp_path, "JDV_DMP_2027_06_01.zip", RENAMED), JUNE)
    added = add_package(folder, package(tmp_path, "JDV_DMP_2027_01_01.zip", OFFICE, NEW), JANUARY)
    assert (added.since, added.package.version) == (JANUARY, "2027-01-01")
    assert value_set("sector", JANUARY).get("SA98") is None, "installed for the next start only"
    assert [item.since for item in load_installed(folder)] == [JANUARY, JUNE]
    assert concept("sector", "SA98", JANUARY) == NEW
    assert concept("sector", "SA33", JUNE) == RENAMED
    assert sorted(path.name for path in folder.iterdir()) == [
        "JDV_DMP_2027_01_01.toml", "JDV_DMP_2027_01_01.zip", "JDV_DMP_2027_06_01.toml", "JDV_DMP_2027_06_01.zip",
    ]  # fmt: skip
    assert len(load_installed(folder)) == 2
    assert len(registry.installed()) == 2


def test_a_folder_that_the_operator_wrote_by_hand(folder: Path) -> None:
    (folder / "mars").mkdir(parents=True)
    (folder / "mars" / "s.xml").write_bytes(svs(SECTOR_OID, [NEW]))
    (folder / "mars.toml").write_text("since = 2027-03-01\n")
    (folder / ".JDV.zip.12").write_bytes(b"cut")
    package(folder, "sans-note.zip", OFFICE)
    assert [item.path.name for item in load_installed(folder)] == ["mars"]
    assert concept("sector", "SA98", date(2027, 3, 1)) == NEW


@pytest.mark.parametrize(
    ("note", "code"),
    [
        ("since = 2027-01-01\nsha256 = 'abc'\n", "PACKAGE_CHANGED"),
        ("since = '2027-01-01'\n", "PACKAGE_NOTE"),
        ("since = 2027-01-01T00:00:00Z\n", "PACKAGE_NOTE"),
        ("since = 2027-01-01\nsha256 = 3\n", "PACKAGE_NOTE"),
        ("", "PACKAGE_NOTE"),
        ("since = ", "PACKAGE_NOTE"),
        ("\x00\xff", "PACKAGE_NOTE"),
    ],
)
def test_a_wrong_note_is_refused_and_nothing_changes(folder: Path, note: str, code: str) -> None:
    sectors(JANUARY, RENAMED)
    folder.mkdir()
    package(folder, "p.zip", NEW)
    (folder / "p.toml").write_bytes(note.encode("latin-1"))
    with pytest.raises(PackageRefused) as caught:
        load_installed(folder)
    assert caught.value.code == code
    assert concept("sector", "SA33", JANUARY) == RENAMED
    (folder / "p.toml").write_text("since = 2027-01-01\n")
    assert len(load_installed(folder)) == 1


def test_a_note_without_its_package_and_a_package_that_changed_are_refused(folder: Path, tmp_path: Path) -> None:
    added = add_package(folder, package(tmp_path, "p.zip", NEW), JANUARY)
    package(folder, "p.zip", OFFICE)
    with pytest.raises(PackageRefused, match="n'est plus celui") as caught:
        read_installed(folder)
    assert caught.value.code == "PACKAGE_CHANGED"
    added.path.unlink()
    with pytest.raises(PackageRefused, match=r"p\.toml"):
        read_installed(folder)


def test_what_cannot_be_added_leaves_the_folder_as_it_is(folder: Path, tmp_path: Path) -> None:
    first = package(tmp_path, "p.zip", NEW)
    add_package(folder, first, JANUARY)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    other = package(tmp_path, "q.zip", OFFICE)
    same_bytes = tmp_path / "r.zip"
    same_bytes.write_bytes(first.read_bytes())
    for archive, since, code in (
        (other, JANUARY, "PACKAGE_SAME_DAY"),
        (first, JUNE, "PACKAGE_EXISTS"),
        (same_bytes, JUNE, "PACKAGE_EXISTS"),
        (tmp_path / "absent.zip", JUNE, "PACKAGE_MISSING"),
        (tmp_path, JUNE, "PACKAGE_FOLDER"),
        (zipped(tmp_path / "v.zip", {}), JUNE, "PACKAGE_EMPTY"),
    ):
        with pytest.raises(PackageRefused) as caught:
            add_package(folder, archive, since)
        assert caught.value.code == code
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    first.write_bytes(other.read_bytes())
    with pytest.raises(PackageRefused, match="déjà installé"):
        add_package(folder, first, JUNE)


def test_a_crash_between_the_two_files_leaves_the_package_out(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = package(tmp_path, "p.zip", NEW)
    real = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.suffix == ".toml":
            raise OSError(28, os.strerror(28))
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", failing)
        with pytest.raises(PackageRefused, match="accessible en écriture") as caught:
            add_package(folder, archive, JANUARY)
    assert caught.value.code == "PACKAGE_FOLDER"
    assert load_installed(folder) == ()
    assert [path.name for path in folder.iterdir()] == ["p.zip"]
    add_package(folder, archive, JANUARY)
    assert len(load_installed(folder)) == 1


def test_a_new_document_type_comes_with_its_day(folder: Path, tmp_path: Path) -> None:
    new = Concept("104144-1", LOINC, "Directives anticipées en santé mentale")
    add_package(folder, zipped(tmp_path / "p.zip", {"t.xml": types(more=[new])}), JANUARY)
    load_installed(folder)
    assert concept("document_type", new.code, JANUARY) == new
    with pytest.raises(UnknownCode, match="pas encore en vigueur"):
        concept("document_type", new.code, date(2026, 12, 31))
