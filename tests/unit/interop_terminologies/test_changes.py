"""What a new package changes, and the lines that the operator reads."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from package_samples import CLASS_OF_TYPE_OID, LOINC, SECTOR_OID, TYPE_OID, mapping, svs, types, zipped

from hub_interop.terminologies import (
    Built,
    Concept,
    PackageRefused,
    add_package,
    changes,
    check_lines,
    install_lines,
    list_lines,
    load_installed,
    read_package,
    tables_on,
    value_set,
)

JANUARY, JUNE = date(2027, 1, 1), date(2027, 6, 1)
OURS = Built(
    types=frozenset({"87273-9", "78601-2", "96163-1"}),
    formats=frozenset({"urn:ihe:iti:xds-sd:pdf:2008", "urn:asip:ci-sis:vac-note:2021"}),
    specialties=frozenset({"G15_21/A", "G15_60"}),
)
FORMAT_OID, SPECIALTY_OID = "1.2.250.1.213.1.1.5.8", "1.2.250.1.213.1.1.5.1"


def test_the_same_tables_change_nothing(tmp_path: Path) -> None:
    before = tables_on(JANUARY)
    found = changes(before, before, JANUARY)
    assert (found.sets, found.reclassified, found.harmful) == ((), (), False)
    same = read_package(zipped(tmp_path / "p.zip", {"t.xml": types()}), JANUARY)
    assert changes(before, before.with_package(same), JANUARY, OURS).sets == ()


def test_codes_added_removed_relabelled_and_moved(tmp_path: Path) -> None:
    ours = {item.code: item for item in value_set("sector")}
    old = ours["SA33"]
    new = [
        Concept("SA33", old.system, "Officine"),
        Concept("SA07", "1.2.3", ours["SA07"].label),
        Concept("SA98", old.system, "Nouveau"),
        *(item for item in ours.values() if item.code not in ("SA33", "SA07", "SA08")),
    ]
    package = read_package(zipped(tmp_path / "p.zip", {"s.xml": svs(SECTOR_OID, new)}), JANUARY)
    before = tables_on(JANUARY)
    (found,) = changes(before, before.with_package(package), JANUARY, OURS).sets
    assert found.name == "sector"
    assert [item.code for item in found.added] == ["SA98"]
    assert [item.code for item in found.removed] == ["SA08"]
    assert [(one.label, two.label) for one, two in found.relabelled] == [("Pharmacie d'officine", "Officine")]
    assert [(one.system, two.system) for one, two in found.moved] == [(old.system, "1.2.3")]


def test_what_the_hub_builds_and_would_lose(tmp_path: Path) -> None:
    left = {"87273-9", "urn:asip:ci-sis:vac-note:2021", "G15_60"}
    files = {
        "t.xml": types(without=left),
        "f.xml": svs(FORMAT_OID, [item for item in value_set("document_format") if item.code not in left]),
        "s.xml": svs(SPECIALTY_OID, [item for item in value_set("author_specialty") if item.code not in left]),
        "c.xml": mapping(CLASS_OF_TYPE_OID, {"78601-2": "11", "96163-1": "77"}),
    }
    before = tables_on(JANUARY)
    after = before.with_package(read_package(zipped(tmp_path / "p.zip", files), JANUARY))
    found = changes(before, after, JANUARY, OURS)
    assert found.harmful
    assert found.types_unknown == ("87273-9",)
    assert found.types_without_class == ("96163-1",)  # class 77 does not exist
    assert found.formats_unknown == ("urn:asip:ci-sis:vac-note:2021",)
    assert found.specialties_gone == ("G15_60",)
    assert found.reclassified == (("78601-2", "10", "11"), ("96163-1", "11", "77"))
    everything = changes(before, after, JANUARY)
    assert set(found.types_unknown) <= set(everything.types_unknown)
    assert len(everything.types_without_class) > 50


def test_a_code_not_yet_in_force_is_no_loss_that_day() -> None:
    before = tables_on(date(2026, 6, 28))
    found = changes(before, before, date(2026, 6, 28), OURS)
    assert found.types_unknown == ("96163-1",)
    assert not changes(before, before, date(2026, 6, 29), OURS).harmful


def test_the_lines_of_check_and_install_and_list(tmp_path: Path) -> None:
    folder = tmp_path / "installed"
    new = Concept("104144-1", LOINC, "Directives anticipées en santé mentale")
    path = zipped(
        tmp_path / "JDV_DMP_2027_01_01.zip", {"t.xml": types(without=["87273-9"], more=[new]), "notes.txt": b"x"}
    )
    lines = check_lines(path, JANUARY, OURS)
    assert lines[0] == "Paquet JDV_DMP_2027_01_01.zip, version 2027-01-01"
    assert "  ignoré : notes.txt (ce n'est pas un fichier XML)" in lines
    assert "  types de documents (JDV_J66) : 1 ajout, 1 retrait, 0 libellé changé, 0 système changé" in lines
    assert "    + 104144-1 Directives anticipées en santé mentale" in lines
    assert "    - 87273-9 Note de vaccination" in lines
    assert "ATTENTION, types de documents que le hub ne pourra plus construire : 87273-9" in lines
    assert not folder.exists()
    assert list_lines(folder, JANUARY) == [
        "Aucun paquet installé : le hub emploie les jeux de valeurs livrés avec lui."
    ]
    installed = install_lines(folder, path, JANUARY, OURS)
    assert installed[:-1] == lines
    assert installed[-1] == "Installé : en vigueur à partir du 01/01/2027, au prochain démarrage des services."
    add_package(folder, zipped(tmp_path / "juin.zip", {"t.xml": types()}), JUNE)
    first, second = list_lines(folder, date(2027, 2, 1))
    assert first.startswith("JDV_DMP_2027_01_01.zip : à partir du 01/01/2027 (en vigueur), version 2027-01-01, 1 table")
    assert second.startswith("juin.zip : à partir du 01/06/2027 (à venir)")
    assert "(remplacé)" in list_lines(folder, JUNE)[0]


def test_a_package_that_takes_nothing_away_says_so(tmp_path: Path) -> None:
    path = zipped(tmp_path / "p.zip", {"t.xml": types()})
    assert check_lines(path, JANUARY, OURS)[-2:] == ["  aucun", "Rien de ce que le hub construit n'est perdu."]


def test_the_next_package_is_compared_with_the_installed_one(tmp_path: Path) -> None:
    folder = tmp_path / "installed"
    new = Concept("104144-1", LOINC, "Directives anticipées en santé mentale")
    add_package(folder, zipped(tmp_path / "p.zip", {"t.xml": types(more=[new])}), JANUARY)
    without = zipped(tmp_path / "q.zip", {"t.xml": types()})
    load_installed(folder)
    assert "    - 104144-1 Directives anticipées en santé mentale" in check_lines(without, JUNE, OURS)


def test_a_refused_package_is_neither_reported_nor_installed(tmp_path: Path) -> None:
    folder = tmp_path / "installed"
    path = zipped(tmp_path / "p.zip", {"t.xml": svs(TYPE_OID, [])})
    for call in (lambda: check_lines(path, JANUARY), lambda: install_lines(folder, path, JANUARY)):
        with pytest.raises(PackageRefused) as caught:
            call()
        assert caught.value.code == "PACKAGE_XML"
    assert not folder.exists()


@pytest.mark.ans
def test_the_official_files_of_2024_would_take_the_nursing_assessment_away(ans_dir: Path) -> None:
    lines = check_lines(ans_dir / "jeuxDeValeurs", JANUARY, OURS)
    assert "ATTENTION, types de documents que le hub ne pourra plus construire : 96163-1" in lines
    assert len([line for line in lines if line.startswith("ATTENTION")]) == 1
