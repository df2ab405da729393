"""One refusal for each rule on authors, on the legal authenticator, and on metadata that differ from the document."""

from __future__ import annotations

from dataclasses import replace

import pytest
from simulator_kinds import ACTORS, INTERVIEW, LOINC, PDF_FORMAT, ROLES, SPECIALTY, Author
from simulator_messages import Sender
from simulator_parts import Document, Edit, Mutation, code, slot, swap
from test_dmp_documents import ASSISTANT, AUTHORS
from test_dmp_refuses_documents import REGISTRY, REPOSITORY, refused
from test_dmp_refuses_lot import in_document

from hub_simulators.dmp.engine import DmpEngine


def swap_authors(text: str) -> str:
    """Exchange the two authors of the document's entry."""
    start = text.index('<ExtrinsicObject id="@DOC0@"')
    head, tail = text[:start], text[start:]
    mark = 'classificationScheme="urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"'
    first = tail.rindex("<Classification ", 0, tail.index(mark))
    second = tail.index("<Classification ", first + 1)
    third = tail.index("<Classification ", second + 1)
    return head + tail[:first] + tail[second:third] + tail[first:second] + tail[third:]


SECOND = Document(kind=INTERVIEW, authors=(Author("899700000005"),))
SYSTEM = Author("3330000001/88", kind="RI", specialty=("DISPOSITIF", "Dispositif", ACTORS))
CODED = '<code code="G15_21/A" displayName="Pharmacien titulaire d\'officine" codeSystem="1.2.250.1.213.1.1.4.5"/>'


def authenticator(old: str, new: str) -> Edit:
    """Replace inside the legalAuthenticator."""

    def edit(text: str) -> str:
        start = text.index("<legalAuthenticator>")
        assert old in text[start:]
        return text[:start] + text[start:].replace(old, new, 1)

    return edit


SECRETARY = f'<code code="SECRETARIAT_MEDICAL" displayName="Secrétariat" codeSystem="{ACTORS}"/>'
HELPER = f'<code code="317" displayName="Préparateur" codeSystem="{ROLES}"/>'
PEOPLE = {
    "order of the authors": (SECOND, Mutation(metadata=swap_authors), REPOSITORY, "cda.xds.authors", "du même rang"),
    "an author less": (
        replace(SECOND, authors=()),
        Mutation(cda=swap("<custodian>", SYSTEM.cda() + "<custodian>")),
        REPOSITORY,
        "cda.xds.authors",
        "nombre d'auteurs",
    ),
    "same author twice": (
        SECOND,
        Mutation(cda=swap("899700000005", "801234567897")),
        REPOSITORY,
        "cda.xds.authors",
        "du même rang",
    ),
    "role of an author": (
        replace(SECOND, authors=(replace(SYSTEM, role="Rôle"),)),
        Mutation(cda=swap('displayName="Rôle"', 'displayName="Autre"')),
        REPOSITORY,
        "cda.xds.authorRole",
        "fonction de l'auteur",
    ),
    "specialty of a role": (
        replace(SECOND, authors=(Author("899700000005", specialty=ASSISTANT),)),
        Mutation(cda=swap('code="317"', 'code="316"')),
        REPOSITORY,
        "cda.xds.authorSpecialty",
        "authorSpecialty",
    ),
    "specialty that the CDA hasn't": (SECOND, Mutation(cda=swap(CODED, "")), REPOSITORY, "cda.xds.authorSpecialty", ""),
    "structure that the CDA hasn't": (
        SECOND,
        Mutation(cda=swap('<id root="1.2.250.1.71.4.2.2" extension="1330000001"/>', "")),
        REPOSITORY,
        "cda.xds.authorInstitution",
        "",
    ),
    "a person as a system": (
        replace(SECOND, authors=(replace(SYSTEM, specialty=("G15_60", "Infirmier", SPECIALTY)),)),
        Mutation(),
        REGISTRY,
        "author.kind",
        "personne ou système",
    ),
    "a system as a person": (
        replace(SECOND, authors=(Author("899700000005", specialty=("AUTOMATE", "Automate", ACTORS)),)),
        Mutation(),
        REGISTRY,
        "author.kind",
        "personne ou système",
    ),
    "a service with the number of a structure": (
        replace(SECOND, authors=(replace(SYSTEM, specialty=("SNR", "SNR", ACTORS)),)),
        Mutation(),
        REGISTRY,
        "author.kind",
        "personne ou système",
    ),
    "a device without a national number": (
        replace(SECOND, authors=(replace(SYSTEM, id="88"),)),
        Mutation(),
        REGISTRY,
        "author.person",
        "mal formé",
    ),
    "an editor without a SIREN": (
        replace(SECOND, authors=(replace(AUTHORS["service (SNR)"], structure=("12345678", "1.3.2", "EDITEUR")),)),
        Mutation(),
        REGISTRY,
        "author.institution.format",
        "authorInstitution mal formé",
    ),
    "device told as a person in the CDA": (
        replace(SECOND, authors=(SYSTEM,)),
        Mutation(
            cda=lambda t: (
                t.replace("assignedAuthoringDevice>", "assignedPerson>")
                .replace("manufacturerModelName>", "given>")
                .replace("softwareName>", "family>")
            )
        ),
        REPOSITORY,
        "cda.author.kind",
        "code de système",
    ),
    "author without a national number": (
        SECOND,
        Mutation(cda=swap('root="1.2.250.1.71.4.2.1" extension="8997', 'root="1.2.3" extension="8997')),
        REPOSITORY,
        "cda.author.kind",
        "sans identifiant national",
    ),
    "secretary as legal authenticator": (
        SECOND,
        Mutation(cda=authenticator(CODED, SECRETARY)),
        REPOSITORY,
        "cda.authenticator",
        "professionnel de santé",
    ),
    "préparateur as legal authenticator": (
        SECOND,
        Mutation(cda=authenticator(CODED, HELPER)),
        REPOSITORY,
        "cda.authenticator",
        "professionnel de santé",
    ),
    "legal authenticator of no number": (
        SECOND,
        Mutation(cda=authenticator('<id root="1.2.250.1.71.4.2.1"', '<id root="1.2.3"')),
        REPOSITORY,
        "cda.authenticator",
        "professionnel de santé",
    ),
    "system as legal authenticator": (
        SECOND,
        Mutation(
            metadata=in_document(
                'legalAuthenticator"><ValueList><Value>801234567897^TESTOFFICINE^CAMILLE^^^^^^&amp;1.2.250.1.71.4.2.1'
                "&amp;ISO^D^^^IDNPS",
                'legalAuthenticator"><ValueList><Value>3330000001/88^LOGICIEL^MODELE^^^^^^&amp;1.2.250.1.71.4.2.1'
                "&amp;ISO^U^^^RI",
            )
        ),
        REGISTRY,
        "legalauthenticator.kind",
        "un professionnel attendu",
    ),
}


@pytest.mark.parametrize("name", PEOPLE)
def test_wrong_people_are_refused(exchange, engine: DmpEngine, sender: Sender, name: str) -> None:
    document, mutation, error, check, text = PEOPLE[name]
    refused(exchange(sender.td21(document, mutation)), engine, error, check, text)


def test_no_author_of_the_structure_of_the_vihf(exchange, engine: DmpEngine, sender: Sender) -> None:
    """EX_2.1-1140: the set and the signature name the structure, the document's authors all work elsewhere."""
    edit = in_document("ISO^IDNST^^^1330000001", "ISO^IDNST^^^1330000009")
    document = Document(kind=INTERVIEW, authors=(AUTHORS["another structure"],))
    outcome = exchange(sender.td21(document, Mutation(metadata=edit)))
    assert (outcome.name, outcome.check) == ("fault", "author.institution")
    assert "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF" in outcome.answer.body.decode()
    assert engine.store.count() == 0


EVENT = code("DOC0", "event", "11111-1", LOINC, "Acte")
REFERENCE = "urn:ihe:iti:xds:2013:referenceIdList"
SIZE = 'name="size"><ValueList><Value>'
COMPARED = {
    "event code": (
        in_document("<ExternalIdentifier", EVENT + "<ExternalIdentifier"),
        REPOSITORY,
        "cda.xds.eventCodeList",
    ),
    "used name": (
        swap("<Value>PID-7|", "<Value>PID-5|AUTRE^DOMINIQUE^^^^^D</Value><Value>PID-7|"),
        REPOSITORY,
        "cda.xds.sourcePatientInfo.used",
    ),
    "birthplace": (
        swap("<Value>PID-7|", "<Value>PID-11|^^^^^^BDL^^75056</Value><Value>PID-7|"),
        REPOSITORY,
        "cda.xds.sourcePatientInfo.birthplace",
    ),
    "format label": (in_document(PDF_FORMAT[2], "Document PDF"), REGISTRY, "code.label"),
    "reference list": (
        in_document("<Name><Localized", slot(REFERENCE, "42^^^&amp;1.2.3&amp;ISO^autre") + "<Name><Localized"),
        REGISTRY,
        f"slot.{REFERENCE}",
    ),
    "size with a sign": (swap(SIZE, f"{SIZE}+"), REGISTRY, "slot.size"),
    "mask before N": (
        in_document(
            'nodeRepresentation="N"><Slot name="codingScheme"><ValueList><Value>2.16.840.1.113883.5.25',
            'nodeRepresentation="MASQUE_PS"><Slot name="codingScheme"><ValueList><Value>1.2.250.1.213.1.1.4.13',
        ),
        REGISTRY,
        "confidentiality",
    ),
}


@pytest.mark.parametrize("name", COMPARED)
def test_metadata_that_differ_are_refused(exchange, engine: DmpEngine, sender: Sender, name: str) -> None:
    edit, error, check = COMPARED[name]
    refused(exchange(sender.td21(Document(kind=INTERVIEW), Mutation(metadata=edit))), engine, error, check, "")


@pytest.mark.parametrize("masks", [("MASQUE_PS", "MASQUE_PS"), ("MASQUE_PS", "INVISIBLE_PATIENT")])
def test_combinations_of_masks(exchange, engine: DmpEngine, sender: Sender, masks: tuple[str, ...]) -> None:
    outcome = exchange(sender.td21(Document(kind=INTERVIEW, masks=masks)))
    refused(
        outcome, engine, REGISTRY, "confidentiality", "masques sans répétition" if len(set(masks)) == 1 else "cumul"
    )


def test_an_unknown_mask(exchange, sender: Sender) -> None:
    outcome = exchange(sender.td21(Document(kind=INTERVIEW, masks=("MASQUE_TOUT",))))
    assert (outcome.name, outcome.check) == ("fault", "code.confidentialityCode")


def test_a_title_has_128_characters_at_most(exchange, engine: DmpEngine, sender: Sender) -> None:
    label = "é" * 129
    kind = replace(INTERVIEW, label=label)
    refused(exchange(sender.td21(Document(kind=kind))), engine, REGISTRY, "title", "plus de 128 caractères")
    assert exchange(sender.td21(Document(kind=replace(kind, label=label[1:])))).name == "success"
