"""Words flagged for the author: found whole, whatever their accents and capitals, with an advice."""

from __future__ import annotations

import re

import pytest

from hub_interop.report import Reason, flagged_words
from hub_interop.report.wording import wordings


def words(text: str) -> list[str]:
    return [flag.word for flag in flagged_words([("/x", text)])]


def test_the_list_is_long_and_well_formed() -> None:
    every = wordings()
    assert len(every) >= 240
    assert len({each.word.casefold() for each in every}) == len(every)
    assert sum(each.reason is Reason.SENSITIVE for each in every) >= 80
    for each in every:
        assert each.word == each.word.strip()
        assert len(each.advice) > 4
        if each.exact:
            assert re.fullmatch(r"[A-Z]{2,4}", each.word)


@pytest.mark.parametrize("word", [each.word for each in wordings()])
def test_each_word_is_found(word: str) -> None:
    assert words(f"Le patient : {word}.") == [word]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CANCER", "cancer"),
        ("cancers", "cancer"),
        ("oedèmes", "œdème"),
        ("ŒDÈME", "œdème"),
        ("Per-Os", "per os"),
        ("per\nos", "per os"),
        ("contraception d’urgence", "contraception d'urgence"),
        ("e\u0301rythe\u0300me", "érythème"),
        ("seropositif", "séropositif"),
        ("tumeurs malignes", "tumeur maligne"),
        ("(VIH)", "VIH"),
        ("l'observance", "observance"),
    ],
)
def test_forms(text: str, expected: str) -> None:
    assert words(text) == [expected]


@pytest.mark.parametrize(
    "text",
    ["cancérologue", "avocats", "po", "ta mère", "un im", "viole", "violette", "sidateux", "xVIHx", "", "fa dièse"],
)
def test_parts_of_words_and_ordinary_words_are_left_alone(text: str) -> None:
    assert words(text) == []


def test_the_longest_phrase_wins() -> None:
    assert words("tentative de suicide") == ["tentative de suicide"]
    assert words("violences conjugales") == ["violences conjugales"]


def test_order_place_and_once_each() -> None:
    found = flagged_words([("/a", "TA haute, cancer, ATCD de cancer"), ("/b", "cancer")])
    assert [(flag.where, flag.word) for flag in found] == [
        ("/a", "TA"),
        ("/a", "cancer"),
        ("/a", "ATCD"),
        ("/b", "cancer"),
    ]
    assert found[1].reason is Reason.SENSITIVE
    assert found[0].reason is Reason.DIFFICULT
    assert "tension" in found[0].advice


def test_a_long_text_is_read_in_one_go() -> None:
    assert words("mot " * 100_000 + "cancer") == ["cancer"]
