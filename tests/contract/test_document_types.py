"""Document types as data: each file holds together, agrees with the value sets, and every consumer finds its part."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from hub_consent_registry.matrix import load_matrix
from hub_contracts.acts import Act, Content, Theme, interview_topics
from hub_contracts.document_types import Level, _Supplied, document_type, document_types
from hub_interop.terminologies import class_of_type, value_set

TYPES = document_types()
NAMED = {name: kind for name, kind in TYPES.items() if kind.content != "document"}
DAY = date(2026, 11, 24)
FORBIDDEN = re.compile(r"DOCPAT|EXPPAT|REMB|11369-6|74465-6")  # EX_2.1-1010


@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_type_agrees_with_the_value_sets(name: str) -> None:
    kind = TYPES[name]
    concept = value_set("document_type").get(kind.type)
    assert concept is not None
    assert class_of_type(kind.type).code == kind.document_class
    assert kind.label in ("", concept.label)
    assert value_set("document_format").get(kind.format) is not None
    assert all(value_set("confidentiality").get(mask) is not None for mask in kind.masks)
    assert not FORBIDDEN.match(kind.type)
    assert (kind.level is Level.N1) == (kind.template.root == "1.3.6.1.4.1.19376.1.2.20")
    assert kind.since <= DAY
    assert concept.since is None or kind.since >= concept.since


def test_every_kind_of_content_has_its_types_and_each_type_its_content() -> None:
    union = get_args(get_args(Content)[0])
    kinds = {model.model_fields["kind"].default for model in union}
    assert {kind.content for kind in TYPES.values()} == kinds
    assert all(kind.act == name for name, kind in TYPES.items())
    assert all(kind.title and kind.authors for kind in NAMED.values())


def test_the_types_that_were_asked_for_are_there() -> None:
    wanted = {"78601-2", "56445-0", "87273-9", "96173-0", "11506-3", "96163-1", "29274-8", "18776-5", "18761-7"}
    assert {kind.type for kind in NAMED.values()} == wanted
    supplied = {kind.type for kind in TYPES.values() if kind.content == "document"}
    assert wanted - supplied == {"87273-9", "96173-0"}  # these have a structured model that must be used
    every = {concept.code for concept in value_set("document_type")}
    missing = {code for code in every - supplied - {"87273-9", "96173-0"} if not FORBIDDEN.match(code)}
    new_ones = {c.code for c in value_set("document_type") if c.since is not None and c.since.year >= 2026}
    # DICOM and the signature are no CDA; the last two are of the CI-SIS alone, the DMP's own set lacks them
    assert missing - new_ones == {"IMG-KOS", "E1762", "51851-4", "56446-8"}


def test_a_day_before_or_after_its_dates_a_type_does_not_hold() -> None:
    assessment = TYPES["bilan_soins_infirmiers"]
    assert not assessment.holds(date(2026, 6, 28))
    assert assessment.holds(date(2026, 6, 29))
    assert not assessment.model_copy(update={"until": date(2026, 12, 31)}).holds(date(2027, 1, 1))
    assert document_type("radiologie") is None


def test_the_alimentation_matrix_says_what_the_types_say() -> None:
    matrix = load_matrix()
    for kind in TYPES.values():
        for author in kind.authors:
            assert matrix.allows(author, kind.type, DAY)
    assert not matrix.allows("21", "11506-3", DAY)
    assert not matrix.allows("60", "78601-2", DAY)
    assert matrix.allows("60", "96163-1", DAY)
    assert not matrix.allows("60", "96163-1", date(2026, 6, 28))


def supplied(**changes: Any) -> dict[str, Any]:
    return {
        "content": "document", "format": "f", "level": "N1", "template": {"root": "1.2"}, "trigger": "t",
        "delegates": [], "masks": [], "since": "2026-01-01", "basis": "b", "types": {"10": ["A"]},
        "authors": {"21": ["A"]}, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes", [{"authors": {"21": ["B"]}}, {"since_by_type": {"B": "2026-01-01"}}], ids=["author", "date"]
)
def test_a_code_that_is_in_no_class_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"codes in no class: "):
        _Supplied.model_validate(supplied(**changes)).document_types()


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError):
        _Supplied.model_validate(supplied(visibility="N"))


def test_every_theme_has_its_points() -> None:
    assert set(interview_topics()) == set(Theme) - {Theme.AUTRE}
    assert all(len(points) >= 5 and all(points.values()) for points in interview_topics().values())


ACT = {
    "external_id": "A", "structure": "1330000001", "author": {"id": "801234567897"},
    "occurred_at": "2026-11-24T10:00:00+01:00",
    "patient": {"local_id": "1", "birth_name": "PAT-TROIS", "sex": "F", "birth_date": "1979-03-28"},
}  # fmt: skip


def test_the_kind_of_content_follows_from_the_type() -> None:
    file = {"media_type": "application/pdf", "data": "JVBERi0="}
    assert Act.model_validate({**ACT, "type": "11506-3", "content": {"file": file}}).content.kind == "document"
    signs = {"measures": [{"label": "Poids", "value": "72", "unit": "kg"}]}
    assert Act.model_validate({**ACT, "type": "signes_vitaux", "content": signs}).content.kind == "signes_vitaux"
    with pytest.raises(ValidationError, match="union_tag_not_found"):
        Act.model_validate({**ACT, "type": "radiologie", "content": signs})


def test_a_supplied_file_comes_in_one_way() -> None:
    for file in ({}, {"data": "JVBERi0=", "attachment": "019ab4f0-7c11-7a52-9c3e-5d0f6b7a8d00"}):
        document = {**ACT, "type": "11506-3", "content": {"file": {"media_type": "application/pdf", **file}}}
        with pytest.raises(ValidationError, match="one of the two"):
            Act.model_validate(document)


def test_the_accountable_person_is_the_responsible_one() -> None:
    alone = Act.model_validate(
        {**ACT, "type": "signes_vitaux", "content": {"measures": [{"label": "P", "value": "7"}]}}
    )
    assert (alone.accountable.id, alone.people) == ("801234567897", ("801234567897",))
    helped = alone.model_copy(
        update={"responsible": alone.author, "author": alone.author.model_copy(update={"id": "3330000001/7"})}
    )
    assert (helped.accountable.id, helped.people) == ("801234567897", ("3330000001/7", "801234567897"))
