"""Matricule, OID and traits (RNIV 2.0, INSi lexical profile)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_interop.ins import (
    Declared,
    Environment,
    MatriculeInvalid,
    TraitRefused,
    check_identity,
    check_ins,
    comparison_key,
    first_name_fits,
    nir_key,
    normalise,
    split_matricule,
)  # fmt: skip

GOOD = Declared(
    "279035121518989", "1.2.250.1.213.1.4.10", "PAT-TROIS", "DOMINIQUE MARIE-LOUISE", "DOMINIQUE", "F", "1979-03-28",
    "51215",
)  # fmt: skip


@pytest.mark.parametrize(
    ("number", "key"),
    [
        ("2790351215189", "89"), ("2770763220829", "10"), ("180032B020401", "23"), ("285072B502024", "65"),
        ("2751263220749", "74"), ("1090763220834", "89"), ("2770101154003", "29"), ("1810363220456", "76"),
    ],
)  # fmt: skip
def test_known_keys(number: str, key: str) -> None:
    assert nir_key(number) == key
    assert split_matricule(number + key) == (number, key)


@given(st.from_regex(r"[12]\d{2}(0[1-9]|1[0-2])(\d{2}|2[AB])\d{6}", fullmatch=True).filter(str.isascii))
def test_one_key_only_is_right(number: str) -> None:
    right = nir_key(number)
    assert 1 <= int(right) <= 97
    for key in range(100):
        if f"{key:02d}" == right:
            continue
        with pytest.raises(MatriculeInvalid) as caught:
            split_matricule(f"{number}{key:02d}")
        assert caught.value.code == "INS_KEY_INVALID"


@given(st.from_regex(r"[12]\d{2}(0[1-9]|1[0-2])\d{8}", fullmatch=True).filter(str.isascii), st.integers(0, 12))
def test_a_changed_digit_is_noticed(number: str, place: int) -> None:
    changed = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
    with pytest.raises(MatriculeInvalid):
        split_matricule(changed + nir_key(number))


@pytest.mark.parametrize(
    "matricule",
    [
        "",
        "2790351215189",
        "3790351215189" + "89",
        "279135121518989",
        "2790351A1518989",
        "٢٧٩٠٣٥١٢١٥١٨٩89",
        "279035121518989 ",
    ],
)
def test_other_shapes_are_refused(matricule: str) -> None:
    with pytest.raises(MatriculeInvalid) as caught:
        split_matricule(matricule)
    assert matricule == "" or matricule not in str(caught.value)


def test_a_good_identity_has_no_problem() -> None:
    assert check_identity(GOOD, Environment.TEST) == []


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"matricule": "279035121518988"}, "INS_KEY_INVALID", "ins/matricule"),
        ({"matricule": "12"}, "INS_FORMAT_INVALID", "ins/matricule"),
        ({"oid": "1.2.3"}, "INS_OID_UNKNOWN", "ins/oid"),
        ({"oid": "1.2.250.1.213.1.4.8"}, "INS_OID_WRONG_ENVIRONMENT", "ins/oid"),
        ({"birth_name": " "}, "INS_TRAITS_INCOMPLETE", "birth_name"),
        ({"birth_name": "ΠΑΤ"}, "INS_TRAITS_INCONSISTENT", "birth_name"),
        ({"birth_name": "PAT\u200bTROIS"}, "INS_TRAITS_INCONSISTENT", "birth_name"),
        ({"first_birth_given_name": "MARIE"}, "INS_TRAITS_INCONSISTENT", "first_birth_given_name"),
        ({"birth_given_names": ""}, "INS_TRAITS_INCOMPLETE", "birth_given_names"),
        ({"sex": "I"}, "INS_TRAITS_INCOMPLETE", "sex"),
        ({"birth_date": "28/03/1979"}, "INS_TRAITS_INCONSISTENT", "birth_date"),
        ({"birth_date": "1979-03-32"}, "INS_TRAITS_INCONSISTENT", "birth_date"),
        ({"birth_date": ""}, "INS_TRAITS_INCOMPLETE", "birth_date"),
        ({"birth_place_code": "5121"}, "INS_TRAITS_INCONSISTENT", "birth_place_code"),
        ({"birth_place_code": ""}, "INS_TRAITS_INCOMPLETE", "birth_place_code"),
    ],
)
def test_each_fault_has_its_code_and_field(change: dict[str, str], code: str, field: str) -> None:
    problems = check_identity(replace(GOOD, **change), Environment.TEST)
    assert [(p.code, p.field) for p in problems] == [(code, field)]
    for value in change.values():
        assert len(value) < 4 or value not in problems[0].text


def test_all_faults_are_told_at_once() -> None:
    bad = replace(GOOD, matricule="1", oid="2", birth_name="", sex="X", birth_date="x", birth_place_code="")
    assert len(check_identity(bad, Environment.TEST)) == 6


def test_a_test_number_is_refused_in_production_and_a_waiting_number_everywhere() -> None:
    assert [p.code for p in check_ins(GOOD.matricule, GOOD.oid, Environment.PRODUCTION)] == [
        "INS_OID_WRONG_ENVIRONMENT"
    ]
    nia = check_ins(GOOD.matricule, "1.2.250.1.213.1.4.9", Environment.PRODUCTION)
    assert [p.code for p in nia] == ["INS_NIA_NOT_ALLOWED"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Lefèbvre", "LEFEBVRE"), ("d’Œuvre", "D'OEUVRE"), ("Strauß", "STRAUSS"), ("Le  Goff", "LE GOFF"),
        ("NGUYEN--TRAN", "NGUYEN--TRAN"), ("çà", "CA"), ("e\u0301lise", "ELISE"),
    ],
)  # fmt: skip
def test_normalised_as_insi_writes(text: str, wanted: str) -> None:
    assert normalise(text) == wanted


@pytest.mark.parametrize("text", ["", "12", "A_B", "A\u202eB", "-A", "A--", "李", "A\nB"])
def test_a_character_without_equivalent_is_refused(text: str) -> None:
    with pytest.raises(TraitRefused):
        normalise(text)


def test_comparison_ignores_separators_and_accents() -> None:
    assert comparison_key("Jean-Christophe d'Arc") == comparison_key("JEAN CHRISTOPHE D ARC")


@pytest.mark.parametrize(
    ("first", "names", "fits"),
    [
        ("JEAN-CHRISTOPHE", "JEAN CHRISTOPHE PIERRE", True), ("PIERRE", "JEAN CHRISTOPHE PIERRE", False),
        ("JEAN", "JEANNE MARIE", False), ("ZOE", "ZOÉ", True),
    ],
)  # fmt: skip
def test_first_given_name(first: str, names: str, fits: bool) -> None:
    assert first_name_fits(first, names) is fits
