"""The annuaire's files: read as a whole, checked as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from hub_identity.annuaire import AnnuaireInvalid, read_folder
from hub_identity.annuaire_rules import known_identifier, luhn

PHARMACY: dict[str, Any] = {
    "identifiers": [{"value": "1330000001", "since": "2020-01-01"}],
    "name": "Pharmacie des Lilas",
    "sector": "SA33",
    "practice_setting": "AMBULATOIRE",
    "address": {"lines": ["1 rue des Lilas"], "postal_code": "33000", "city": "Bordeaux"},
}
OWNER: dict[str, Any] = {
    "id": "801234567897",
    "family_name": "LILAS",
    "given_name": "ANNE",
    "civility": "MME",
    "profession": "21",
    "subsection": "A",
    "exercises": [{"structure": "1330000001", "since": "2020-01-01"}],
}


def write(folder: Path, structures: list[dict[str, Any]], people: list[dict[str, Any]]) -> Path:
    """The files as an operator lays them out: one for structures, one for professionals."""
    (folder / "structures.yaml").write_text(yaml.safe_dump({"structures": structures}), encoding="utf-8")
    (folder / "people.yml").write_text(yaml.safe_dump({"professionals": people}), encoding="utf-8")
    return folder


def problems(folder: Path) -> str:
    with pytest.raises(AnnuaireInvalid) as error:
        read_folder(folder)
    return "\n".join(error.value.problems)


def test_good_files_are_read(tmp_path: Path) -> None:
    annuaire = read_folder(write(tmp_path, [PHARMACY], [OWNER]))
    assert annuaire.structures[0].identifiers[0].since.isoformat() == "2020-01-01T00:00:00+00:00"
    assert annuaire.professionals[0].exercises[0].structure == "1330000001"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"identifiers": [{"value": "1330000002", "since": "2020-01-01"}]}, "key is wrong"),
        ({"identifiers": [{"value": "133", "since": "2020-01-01"}]}, "not a Struct_IdNat"),
        ({"identifiers": []}, "identifiers"),
        ({"identifiers": [{"value": "1330000001", "since": "2020-01-01", "until": "2019-01-01"}]}, "ends before"),
        ({"identifiers": [{"value": "1330000001", "since": "01/02/2020"}]}, "since"),
        ({"sector": "SA99"}, "sector SA99"),
        ({"practice_setting": "VILLE"}, "practice_setting VILLE"),
        ({"mode": "real"}, "mode"),
        ({"siret": "1"}, "siret"),
    ],
)
def test_each_fault_of_a_structure_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    assert said in problems(write(tmp_path, [PHARMACY | change], []))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": "801234567898"}, "check digit"),
        ({"id": "12"}, "not a PS_IdNat"),
        ({"civility": "MLLE"}, "civility"),
        ({"title": "PHARM"}, "title"),
        ({"profession": "00", "subsection": None}, "profession 00"),
        ({"subsection": "ZZ"}, "21/ZZ"),
    ],
)
def test_each_fault_of_a_professional_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    assert said in problems(write(tmp_path, [PHARMACY], [OWNER | change]))


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, [PHARMACY | {"sector": "SA99"}], [OWNER | {"civility": "MLLE"}])
    (tmp_path / "broken.yaml").write_text("structures: [", encoding="utf-8")
    said = problems(tmp_path)
    assert "sector SA99" in said
    assert "civility" in said
    assert "broken.yaml: can't be read" in said


def test_a_number_is_worn_by_one_structure_at_a_time(tmp_path: Path) -> None:
    other = PHARMACY | {"name": "Pharmacie des Roses"}
    assert "worn twice at once" in problems(write(tmp_path, [PHARMACY, other], []))
    sold = PHARMACY | {"identifiers": [{"value": "1330000001", "since": "2010-01-01", "until": "2020-01-01"}]}
    assert len(read_folder(write(tmp_path, [PHARMACY, sold], [])).structures) == 2


def test_a_professional_is_given_once(tmp_path: Path) -> None:
    assert "given twice" in problems(write(tmp_path, [PHARMACY], [OWNER, OWNER]))


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    assert "no .yaml file" in problems(tmp_path)


def test_check_digits() -> None:
    assert luhn("330000001")
    assert not luhn("330000010")
    assert known_identifier("12A0000001")  # Corsica: shape alone
    assert known_identifier("0331234567", professional=True)  # ADELI: shape alone
    assert not known_identifier("9330000001")
    assert not known_identifier("")
