"""The JSON of the how-to pages is what the code takes: an act in a page becomes a document."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from hub_contracts.acts import Act, SuppliedDocument
from hub_contracts.document_types import DocumentType, document_type, document_types
from hub_contracts.events import Problem
from hub_contracts.events.directory import ProfessionalPublished, StructurePublished
from hub_contracts.sealed import QualifiedIdentity
from hub_document_builder.desk import Bundle
from hub_document_builder.domain import content_problems, told, type_problems
from hub_document_builder.drafting import Sources, has_own_report, header_of, ids_of, people_of, structured_body
from hub_document_builder.handlers.preview import inline_file
from hub_gateway.api.models import AttachmentKept, PreviewView
from hub_interop.cda import UnstructuredBody, check_document

PAGES = Path(__file__).parents[3] / "docs" / "howto"
BLOCK = re.compile(r"^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)
ANY_PDF = UnstructuredBody(b"%PDF-1.4", "application/pdf")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PHARMACY, CABINET = "1330000001", "390000000000019"
PROFESSIONS = {
    "801234567897": "21",
    "810000000025": "21",
    "810000000009": "60",
    "820123456780": "39",
}
"""The professions of the people whom the pages invent."""


def examples() -> list[tuple[str, Any]]:
    """(page and number, value) of every block that says it is JSON. Raises ValueError for one that isn't."""
    return [
        (f"{page.name}-{number}", json.loads(block))
        for page in sorted(PAGES.glob("*.md"))
        for number, block in enumerate(BLOCK.findall(page.read_text("utf-8")), 1)
    ]


def acts() -> list[tuple[str, dict[str, Any]]]:
    """Those that are acts, alone or in a bundle."""
    found = [(name, value.get("act", value)) for name, value in examples()]
    return [(name, act) for name, act in found if "external_id" in act and "content" in act]


def structure(national_id: str) -> StructurePublished:
    """The pharmacy or the cabinet of the pages."""
    [bundle] = [value for _, value in examples() if "professionals" in value]
    known = bundle["structure"] | {"identifiers": [{"value": national_id, "since": "2020-01-01T00:00:00Z"}]}
    sector = {PHARMACY: "SA33", CABINET: "SA07"}[national_id]
    return StructurePublished.model_validate(known | {"sector": sector})


def person(professional_id: str) -> ProfessionalPublished:
    """A person of the pages, as the annuaire would have them."""
    names = {"family_name": "ESSAI", "given_name": "CAMILLE", "profession": PROFESSIONS[professional_id]}
    return ProfessionalPublished.model_validate({"professional_id": professional_id, **names})


def problems_of(act: Act, kind: DocumentType) -> list[Problem]:
    """All that would have the document refused, its file apart."""
    people = {name: person(name) for name in people_of(act)}
    sources = Sources(kind, act, QualifiedIdentity.of(act.patient), structure(act.structure), people)
    ids = ids_of(structure(act.structure).structure_id, 1)
    header, body = header_of(sources, ids, NOW), structured_body(act, ids) or ANY_PDF
    own = content_problems(act, NOW) if has_own_report(act) else ()
    return [*type_problems(kind, act, people), *own, *told(check_document(header, body, NOW))]


@pytest.mark.parametrize(("name", "act"), acts(), ids=[name for name, _ in acts()])
def test_an_act_of_a_page_becomes_a_document(name: str, act: dict[str, Any]) -> None:
    parsed = Act.model_validate(act)
    kind = document_type(parsed.type)
    assert kind is not None
    assert kind.content == parsed.content.kind
    assert kind.holds(parsed.occurred_at.date())
    assert person(parsed.accountable.id).profession in kind.authors
    assert problems_of(parsed, kind) == []
    if isinstance(parsed.content, SuppliedDocument) and parsed.content.file.data is not None:
        assert inline_file(parsed.content.file.data).decode()


def test_every_type_that_the_hub_writes_has_its_example() -> None:
    shown = {act["type"] for name, act in acts() if name.startswith("types-de-documents")}
    written = {kind.act for kind in document_types().values() if kind.content not in ("document", "vaccination")}
    assert written <= shown


def test_a_spoilt_example_is_seen() -> None:
    [interview] = [a for n, a in acts() if n.startswith("types") and a["external_id"] == "ENTRETIEN-2026-0017"]
    with pytest.raises(ValidationError):
        Act.model_validate(interview | {"contenu": {}})
    kind = document_types()["entretien_pharmaceutique"]
    spoilt = interview | {"content": interview["content"] | {"topics": [{"code": "inexistant"}]}}
    assert [p.code for p in problems_of(Act.model_validate(spoilt), kind)] == ["INTERVIEW_TOPIC_UNKNOWN"]
    alone = {"author": {"id": "820123456780"}}
    found = problems_of(Act.model_validate(interview | alone), kind)
    assert [p.code for p in found] == ["AUTHOR_RESPONSIBLE_MISSING"]


def test_answers_and_bundles_have_the_shape_of_the_code() -> None:
    models = {"attachment_id": AttachmentKept, "document_type": PreviewView, "act": Bundle}
    found = [next((m for key, m in models.items() if key in v), None) for _, v in examples() if "external_id" not in v]
    assert set(found) == set(models.values())
    for _, value in examples():
        for key, model in models.items():
            if key in value:
                assert not value.keys() - model.model_fields.keys()
                model.model_validate(value)
