"""Submissions of a wrong shape: what is no submission set, no object, no author and no document."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from simulator_kinds import INTERVIEW
from simulator_messages import Sender
from simulator_parts import Document, Edit, Mutation, association, code, slot, swap
from test_dmp_refuses_documents import REGISTRY, REPOSITORY, refused
from test_dmp_refuses_lot import in_document, in_signature

from hub_simulators.dmp.engine import DmpEngine

LAST = "</RegistryObjectList>"
PATIENT = 'identificationScheme="urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"'
UNIQUE = 'identificationScheme="urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"'
EVENT = code("DOC0", "event", "11111-1", "2.16.840.1.113883.6.1", "Acte")
SHAPES: dict[str, tuple[Edit, str, str]] = {
    "no request": (lambda t: t.replace("lcm:SubmitObjectsRequest", "lcm:Autre"), REGISTRY, "ebrim.request"),
    "two lists": (swap(LAST, f"{LAST}<RegistryObjectList/>"), REGISTRY, "ebrim.request"),
    "text between objects": (swap(LAST, f"texte{LAST}"), REGISTRY, "ebrim.text"),
    "another object": (swap(LAST, f"<Service/>{LAST}"), REGISTRY, "ebrim.object"),
    "type of the association": (
        lambda t: t.replace("ObjectType:RegistryObject:Association", "ObjectType:RegistryObject:Autre"),
        REGISTRY,
        "ebrim.association",
    ),
    "classification without a code": (
        in_document(' nodeRepresentation="10"', ""),
        REGISTRY,
        "ebrim.classification",
    ),
    "same identifier twice": (in_document(UNIQUE, PATIENT), REGISTRY, "ebrim.identifier"),
    "two persons in an author": (
        in_document("IDNPS</Value></ValueList></Slot><Slot name=\"authorInst", "IDNPS</Value><Value>x</Value>"
                    "</ValueList></Slot><Slot name=\"authorInst"),
        REGISTRY,
        "author.slots",
    ),
    "unknown slot of an author": (
        in_document('<Slot name="authorInstitution">', slot("authorTelecommunication", "x")
                    + '<Slot name="authorInstitution">'),
        REGISTRY,
        "author.slots",
    ),
    "event without a label": (
        in_document("<ExternalIdentifier", EVENT.replace('value="Acte"', 'value=""') + "<ExternalIdentifier"),
        REGISTRY,
        "code.eventCodeList",
    ),
    "two signatures": (
        in_document('nodeRepresentation="78601-2"', 'nodeRepresentation="E1762"'),
        REGISTRY,
        "set.content",
    ),
    "no signature at all": (
        lambda t: in_signature("http://www.w3.org/2000/09/xmldsig#", "urn:autre")(
            in_signature('nodeRepresentation="E1762"', 'nodeRepresentation="78601-2"')(t)
        ),
        REGISTRY,
        "set.content",
    ),
    "document without an id": (swap('<xds:Document id="@DOC0@"', "<xds:Document"), REPOSITORY, "xop.document"),
    "same unique id for all": (lambda t: same_unique_id(t), "XDSDuplicateUniqueIdInRegistry", "duplicate.set"),
}  # fmt: skip


def same_unique_id(text: str) -> str:
    """Give the signature the uniqueId of the lot."""
    mark = 'identificationScheme="urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8" value="'
    start = text.index(mark) + len(mark)
    lot = text[start : text.index('"', start)]
    place = text.index(UNIQUE, text.index('<ExtrinsicObject id="@SIG@"')) + len(UNIQUE) + len(' value="')
    return text[:place] + lot + text[text.index('"', place) :]


@pytest.mark.parametrize("name", SHAPES)
def test_a_wrong_shape_is_refused(exchange: Callable, engine: DmpEngine, sender: Sender, name: str) -> None:
    edit, error, check = SHAPES[name]
    outcome = exchange(sender.td21(Document(kind=INTERVIEW), Mutation(metadata=edit)))
    refused(outcome, engine, error, check, "")


def test_a_note_without_a_vaccine(exchange: Callable, engine: DmpEngine, sender: Sender) -> None:
    edit = lambda t: t.replace("manufacturedMaterial>", "materiel>")  # noqa: E731
    refused(exchange(sender.td21(mutation=Mutation(cda=edit))), engine, REPOSITORY, "vac.material", "vaccin absent")


def test_an_association_that_replaces_from_outside_the_lot(
    exchange: Callable, engine: DmpEngine, sender: Sender
) -> None:
    added = association("RPLC", "SS", "urn:uuid:5e1c0b7e-6f0d-4d3c-9a52-2d7a5f0c1a11") + LAST
    outcome = exchange(sender.td21(Document(kind=INTERVIEW), Mutation(metadata=swap(LAST, added))))
    refused(outcome, engine, REGISTRY, "association.replace", "source inconnue")
