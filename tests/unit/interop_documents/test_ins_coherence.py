"""Dates of birth as RNIV corrects them, and what the NIR says of its bearer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hub_interop.ins import (
    Declared,
    Environment,
    birth_date_problem,
    check_identity,
    corrected_birth_date,
    earliest_birth_date,
    nir_key,
    nir_warnings,
)

GOOD = Declared(
    "279035121518989", "1.2.250.1.213.1.4.10", "PAT-TROIS", "DOMINIQUE MARIE-LOUISE", "DOMINIQUE", "F", "1979-03-28",
    "51215",
)  # fmt: skip


def bearer(thirteen: str, **changes: str) -> list[tuple[str, str]]:
    identity = replace(GOOD, matricule=thirteen + nir_key(thirteen), **changes)
    return [(item.code, item.field) for item in nir_warnings(identity)]


def test_nothing_differs_for_a_coherent_identity() -> None:
    assert nir_warnings(GOOD) == []


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"sex": "M"}, ("INS_NIR_SEX_DIFFERS", "sex")),
        ({"birth_date": "1980-03-28"}, ("INS_NIR_BIRTH_DIFFERS", "birth_date")),
        ({"birth_date": "1979-04-28"}, ("INS_NIR_BIRTH_DIFFERS", "birth_date")),
        ({"birth_place_code": "33063"}, ("INS_NIR_PLACE_DIFFERS", "birth_place_code")),
        ({"birth_place_code": "99351"}, ("INS_NIR_PLACE_DIFFERS", "birth_place_code")),
    ],
)
def test_what_differs_is_a_warning_and_not_a_problem(changes: dict[str, str], warning: tuple[str, str]) -> None:
    identity = replace(GOOD, **changes)
    assert [(item.code, item.field) for item in nir_warnings(identity)] == [warning]
    assert check_identity(identity, Environment.TEST) == []


@pytest.mark.parametrize(
    ("thirteen", "changes"),
    [
        ("2790399351012", {"birth_place_code": "99351"}),
        ("2790392351012", {"birth_place_code": "99352"}),  # Algeria before independence
        ("279032B033012", {"birth_place_code": "2B033"}),
        ("2790320033012", {"birth_place_code": "2B033"}),  # Corsica before 1976
        ("2790397411012", {"birth_place_code": "97411"}),
        ("2792051215012", {}),  # month unknown to the registry
        ("2790351215012", {"birth_date": "1979-00-00"}),
        ("2790351999012", {}),  # a commune merged since
    ],
)
def test_what_history_explains_is_no_warning(thirteen: str, changes: dict[str, str]) -> None:
    assert bearer(thirteen, **changes) == []


def test_an_unreadable_matricule_says_nothing() -> None:
    assert nir_warnings(replace(GOOD, matricule="1")) == []


def test_a_missing_matricule_has_its_own_code() -> None:
    found = check_identity(replace(GOOD, matricule=""), Environment.TEST)
    assert [(item.code, item.field) for item in found] == [("INS_MISSING", "ins/matricule")]


@pytest.mark.parametrize("number", ["2٧9035121518989", "27903٥121518989"])
def test_digits_of_other_scripts_are_no_digits(number: str) -> None:
    found = check_identity(replace(GOOD, matricule=number), Environment.TEST)
    assert [item.code for item in found] == ["INS_FORMAT_INVALID"]


@pytest.mark.parametrize(
    ("text", "corrected", "earliest"),
    [
        ("1979-03-28", date(1979, 3, 28), date(1979, 3, 28)),
        ("1979-03-00", date(1979, 3, 1), date(1979, 3, 1)),
        ("1979-00-28", date(1979, 1, 28), date(1979, 1, 1)),
        ("1979-00-00", date(1979, 12, 31), date(1979, 1, 1)),
        ("1927-99-00", date(1927, 12, 31), date(1927, 1, 1)),
        ("2000-02-29", date(2000, 2, 29), date(2000, 2, 29)),
    ],
)
def test_unknown_and_lunar_parts_are_corrected(text: str, corrected: date, earliest: date) -> None:
    assert not birth_date_problem(text)
    assert corrected_birth_date(text) == corrected
    assert earliest_birth_date(text) == earliest


@pytest.mark.parametrize("text", ["", "1979", "1979-02-30", "1900-02-29", "1979-3-28", "0000-00-00", "١٩٧٩-٠٣-٢٨"])
def test_no_date_is_refused(text: str) -> None:
    assert birth_date_problem(text)
    with pytest.raises(ValueError):
        corrected_birth_date(text)
