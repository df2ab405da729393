"""Each inconsistency of a replacement is refused, and the old version stays what it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from simulator_kinds import INTERVIEW
from simulator_messages import Sender
from simulator_parts import OTHER_INS, Document, Mutation, association, next_version, replacing, swap
from test_dmp_refuses_documents import REGISTRY, REPOSITORY

from hub_simulators.dmp.engine import DmpEngine

REPLACEMENTS = {
    "same number": ({"version": 1}, REPOSITORY, "cda.version.next"),
    "a number skipped": ({"version": 3}, REPOSITORY, "cda.version.next"),
    "another set": ({"set_id": "1.2.250.1.999.1.42.8.1"}, REPOSITORY, "cda.replace"),
    "another parent": ({"replaced": "1.2.250.1.999.1.42.8.2"}, REPOSITORY, "cda.replace"),
    "no parent": ({"replaced": ""}, REPOSITORY, "cda.replace"),
    "visible to invisible": ({"masks": ("INVISIBLE_PATIENT",)}, REGISTRY, "confidentiality.replace"),
    "visible to hidden from representatives": (
        {"masks": ("INVISIBLE_REPRESENTANTS_LEGAUX",)},
        REGISTRY,
        "confidentiality.replace",
    ),
}


@pytest.mark.parametrize("name", REPLACEMENTS)
def test_a_wrong_replacement_is_refused(exchange, engine: DmpEngine, sender: Sender, name: str) -> None:
    changes, error, check = REPLACEMENTS[name]
    first = Document(kind=INTERVIEW)
    exchange(sender.td21(first))
    old = engine.store.by_unique_id(first.unique_id)
    outcome = exchange(sender.td21(next_version(first, **changes), replacing(old.entry_uuid)))
    assert [(found.code, found.check) for found in outcome.errors] == [(error, check)]
    assert engine.store.by_unique_id(first.unique_id).status.endswith("Approved")
    assert engine.store.count() == 1


def test_the_number_of_the_parent_when_it_is_told(exchange, engine: DmpEngine, sender: Sender) -> None:
    first = Document(kind=INTERVIEW)
    exchange(sender.td21(first))
    old = engine.store.by_unique_id(first.unique_id)
    for number, checks in (("2", ["cda.version.parent"]), ("1", [])):
        mutation = replace(
            replacing(old.entry_uuid),
            cda=swap("</parentDocument>", f'<versionNumber value="{number}"/></parentDocument>'),
        )
        outcome = exchange(sender.td21(next_version(first), mutation))
        assert [error.check for error in outcome.errors] == checks


def test_what_may_not_be_replaced(exchange, engine: DmpEngine, sender: Sender) -> None:
    first = Document(kind=INTERVIEW)
    exchange(sender.td21(first))
    old, signature = engine.store.listing(0, 10, kind=None, ins=None)
    other = exchange(sender.td21(next_version(first), replacing(old.entry_uuid), ins=OTHER_INS))
    assert [(e.code, e.check) for e in other.errors] == [("XDSPatientIdDoesNotMatch", "replace.patient")]
    signed = exchange(sender.td21(next_version(first), replacing(signature.entry_uuid)))
    assert [(e.code, e.check) for e in signed.errors] == [(REGISTRY, "association.replace")]
    assert exchange(sender.td21(next_version(first), replacing(old.entry_uuid))).name == "success"
    again = exchange(sender.td21(next_version(first), replacing(old.entry_uuid)))
    assert [(e.code, e.check) for e in again.errors] == [(REGISTRY, "association.replace")]
    assert "inconnu ou obsolète" in again.answer.body.decode()
    assert engine.store.count() == 2


def test_a_document_is_replaced_once_in_a_lot(exchange, engine: DmpEngine, sender: Sender) -> None:
    first = Document(kind=INTERVIEW)
    exchange(sender.td21(first))
    old = engine.store.by_unique_id(first.unique_id)
    added = "".join(association("RPLC", name, old.entry_uuid) for name in ("DOC0", "DOC1"))
    twice = Mutation(metadata=swap("</RegistryObjectList>", added + "</RegistryObjectList>"))
    outcome = exchange(sender.td21_lot([next_version(first), next_version(first)], twice))
    assert [error.check for error in outcome.errors] == ["association.replace"]
    assert engine.store.count() == 1


def test_a_vaccination_keeps_its_identifier(exchange, engine: DmpEngine, sender: Sender) -> None:
    first = Document()
    exchange(sender.td21(first))
    edit = replacing(engine.store.by_unique_id(first.unique_id).entry_uuid)
    for other in (next_version(first, date="20261122"), next_version(first, kind=INTERVIEW)):
        outcome = exchange(sender.td21(other, edit))
        assert (outcome.codes, outcome.check) == (("DMPFragmentCVAError",), "vac.replace")
    kept = next_version(first, date="20261122", vaccination_id=first.vaccination_id)
    assert exchange(sender.td21(kept, edit)).name == "success"


def test_of_two_replacements_at_once_the_second_is_refused(exchange, engine: DmpEngine, sender: Sender) -> None:
    first = Document(kind=INTERVIEW)
    exchange(sender.td21(first))
    edit = replacing(engine.store.by_unique_id(first.unique_id).entry_uuid)
    pending = []
    for _ in range(2):
        wire = sender.td21(next_version(first), edit)
        incoming = engine.read("POST", wire.path, wire.content_type, wire.body)
        pending.append((engine.handle(incoming, sender.structure), incoming))
    early, late = (engine.commit(*one) for one in pending)
    assert early.name == "success"
    assert [(error.code, error.check) for error in late.errors] == [(REGISTRY, "association.replace")]
    assert engine.store.count() == 2
