"""Texts that try to break the XML or the reader: refused with a code, or written safely; never a crash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from document_samples import DEVICE, FILES, FULL_NOTE, GP, KIT, MOTHER, N1_HEADER, TROD_HEADER, Sample, trod
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from note_samples import BY_PHARMACIST, CABINET, HEADER, NOW, PATIENT, PHARMACIST

from hub_interop.cda import (
    Informant,
    OrderId,
    UnstructuredBody,
    build_document,
    built_document_problems,
    check_document,
)

HOSTILE = {
    "null": "A\x00B", "bell": "A\x07B", "c1": "A\x85B", "override": "A\u202eB", "isolate": "A\u2066B",
    "zero width": "A\u200bB", "joiner": "A\u200dB", "soft hyphen": "A\u00adB", "mark": "\ufeffAB",
    "not a character": "A\ufffeB", "surrogate": "A\ud800B", "tag": "A\U000e0041B", "new line": "A\nB", "tab": "A\tB",
}  # fmt: skip


def n1(**changes: object) -> Sample:
    return replace(N1_HEADER, **changes), FILES["pdf"]  # type: ignore[arg-type]


PLACES: dict[str, Callable[[str], Sample]] = {
    "title": lambda text: n1(title=text),
    "used name": lambda text: n1(patient=replace(PATIENT, used_name=text)),
    "birth name": lambda text: n1(patient=replace(PATIENT, birth_name=text)),
    "local id": lambda text: n1(patient=replace(PATIENT, local_id=text)),
    "city of birth": lambda text: n1(patient=replace(PATIENT, birth_place_city=text)),
    "author": lambda text: n1(
        authors=(replace(BY_PHARMACIST, professional=replace(PHARMACIST, family_name=text)),)
    ),
    "structure": lambda text: n1(authors=(replace(BY_PHARMACIST, organisation=replace(CABINET, name=text)),)),
    "device": lambda text: n1(authors=(BY_PHARMACIST, replace(DEVICE, device=replace(DEVICE.device, model=text)))),
    "representative": lambda text: n1(
        patient=replace(PATIENT, representatives=(replace(MOTHER, family_name=text),))
    ),
    "informant": lambda text: n1(informants=(Informant("NESSI", text, "NOK"),)),
    "recipient": lambda text: n1(recipients=(replace(GP, family_name=text),)),
    "order": lambda text: n1(orders=(OrderId("2.25.7", text),)),
    "vaccine": lambda text: (HEADER, replace(FULL_NOTE, vaccine=replace(FULL_NOTE.vaccine, name=text))),
    "reaction": lambda text: (
        HEADER, replace(FULL_NOTE, reactions=(replace(FULL_NOTE.reactions[0], label=text),))
    ),
    "kit": lambda text: (TROD_HEADER, trod(kit=replace(KIT, name=text))),
}  # fmt: skip
LINES: dict[str, Callable[[str], Sample]] = {
    "comment": lambda text: (HEADER, replace(FULL_NOTE, comment=text)),
    "reason": lambda text: (HEADER, replace(FULL_NOTE, reason=text)),
    "conclusion": lambda text: (TROD_HEADER, trod(conclusion=text)),
}


def codes(sample: Sample) -> set[str]:
    return {problem.code for problem in check_document(*sample, NOW)}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("place", PLACES)
def test_hostile_characters_are_refused_wherever_they_stand(place: str, kind: str) -> None:
    found = codes(PLACES[place](HOSTILE[kind]))
    assert found & {"DOC_TEXT_FORBIDDEN_CHARACTER", "PATIENT_TRAIT_INVALID"}


@pytest.mark.parametrize("place", [*PLACES, *LINES])
def test_very_long_texts_are_refused_wherever_they_stand(place: str) -> None:
    assert codes((PLACES | LINES)[place]("é" * 1_000_000))


@pytest.mark.parametrize("text", ["]]>", "<![CDATA[x]]>", "</name><evil/>", "&amp;&#0;", "<!--", "<?pi ?>", "'\">"])
@pytest.mark.parametrize("place", [place for place in PLACES if place != "birth name"])
def test_markup_stays_text(place: str, text: str) -> None:
    sample = PLACES[place](text)
    assert codes(sample) == set()
    root = etree.fromstring(build_document(*sample))
    written = [*root.itertext(), *(value for node in root.iter() for value in node.attrib.values())]
    assert any(text in found for found in written)
    assert root.xpath("//*[local-name()='evil']") == []


@settings(max_examples=400, derandomize=True, database=None, deadline=None)
@given(place=st.sampled_from([*PLACES, *LINES]), text=st.text(st.characters(exclude_categories=()), max_size=40))
def test_any_text_at_all_is_refused_or_written_as_it_is(place: str, text: str) -> None:
    sample = (PLACES | LINES)[place](text)
    if codes(sample):
        return
    document = build_document(*sample)
    assert built_document_problems(document) == []
    root = etree.fromstring(document)
    written = [*root.itertext(), *(value for node in root.iter() for value in node.attrib.values())]
    for line in text.strip().splitlines():
        assert any(line in found for found in written)


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(content=st.binary(max_size=200), media=st.sampled_from(("application/pdf", "text/plain")))
def test_any_bytes_at_all_are_refused_or_wrapped_as_they_are(content: bytes, media: str) -> None:
    for body in (UnstructuredBody(content, media), UnstructuredBody(b"%PDF-1.4\n" + content, media)):
        if not codes((N1_HEADER, body)):
            assert built_document_problems(build_document(N1_HEADER, body)) == []
