"""The tables that documents are made from say what the official files say, and fit together."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hub_interop.cda import TROD_TESTS, trod_title
from hub_interop.cda.trod import RESULTS
from hub_interop.terminologies import read_svs, value_set


@pytest.mark.ans
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("participation_function", "JDV_J47_FunctionCode_CISIS.xml"),
        ("participation_type", "JDV_J144_ParticipationType_CISIS.xml"),
        ("patient_relation", "JDV_J11_RelationPatient_CISIS.xml"),
        ("trod_result", "JDV_ResultatDepistage_CISIS.xml"),
    ],
)
def test_our_tables_say_what_the_official_files_say(ans_dir: Path, name: str, file: str) -> None:
    official = read_svs(
        (ans_dir / "jeuxDeValeurs" / file).read_bytes(), name=name, source="ANS", since=date(2020, 1, 1)
    )
    ours = {item.code: (item.system, item.label) for item in value_set(name)}
    theirs = {item.code: (item.system, item.label) for item in official}
    assert ours == theirs
    assert value_set(name).oid == official.oid


def test_the_tests_are_made_of_codes_that_have_a_label() -> None:
    for key, test in TROD_TESTS.items():
        assert value_set("trod_chapter").get(test.chapter)
        assert value_set("trod_chapter").get(test.kind)
        assert all(value_set("trod_condition").get(code) for code in test.conditions)
        assert all(value_set("trod_exam").get(code) for code in test.exams)
        assert len(trod_title(key)) <= 128
    assert {exam for test in TROD_TESTS.values() for exam in test.exams} == {e.code for e in value_set("trod_exam")}
    assert all(value_set("trod_result").get(code) for code in RESULTS.values())


def test_the_professions_that_answer_alone_are_professions() -> None:
    """Each is the profession of a specialty of J56 or of none that the hub knows; none is an aid or a student."""
    answering = {item.code for item in value_set("answering_profession")}
    assert {"10", "21", "50", "60", "69"} <= answering
    assert not answering & {"31", "35", "36", "37", "38", "39"}
