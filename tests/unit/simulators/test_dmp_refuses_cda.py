"""Each check of the CDA, alone and against the metadata, refuses its mutant."""

from __future__ import annotations

import pytest
from simulator_messages import Sender
from simulator_parts import INS, OTHER_INS, Mutation, replaces, swap

from hub_simulators.dmp.engine import DmpEngine

REGISTRY = "XDSRegistryMetadataError"
REPOSITORY = "XDSRepositoryMetadataError"
CDA = {
    "not XML": (swap("</ClinicalDocument>", ""), "cda.xml"),
    "realm": (swap('realmCode code="FR"', 'realmCode code="US"'), "cda.templates"),
    "id extension": (lambda t: t.replace("/><code ", ' extension="1"/><code ', 1), "cda.id"),
    "set id": (lambda t: t.replace("<setId root=", "<setId x="), "cda.setid"),
    "version": (swap('versionNumber value="1"', 'versionNumber value="0"'), "cda.version"),
    "effective time without zone": (
        swap('effectiveTime value="20261123103000+0100"', 'effectiveTime value="20261123103000"'),
        "cda.effectivetime",
    ),
    "creation time": (
        swap('effectiveTime value="20261123103000+0100"', 'effectiveTime value="20261123103001+0100"'),
        "cda.xds.creationTime",
    ),
    "code system": (
        swap('vaccination" codeSystem="2.16.840.1.113883.6.1"', 'vaccination" codeSystem="1.2.3"'),
        "cda.code",
    ),
    "confidentiality": (
        swap('confidentialityCode code="N"', 'confidentialityCode code="R"'),
        "cda.xds.confidentialityCode",
    ),
    "low confidentiality": (
        swap('confidentialityCode code="N"', 'confidentialityCode code="L"'),
        "cda.confidentiality",
    ),
    "title": (swap("<title>Note", "<title>La note"), "cda.xds.title"),
    "language": (swap('languageCode code="fr-FR"', 'languageCode code="en-GB"'), "cda.xds.languageCode"),
    "type": (swap('code="87273-9"', 'code="96173-0"'), "cda.xds.typeCode"),
    "ins key": (swap(f'extension="{INS}"', 'extension="279035121518900"'), "cda.patient.ins"),
    "other patient": (swap(f'extension="{INS}"', f'extension="{OTHER_INS}"'), "cda.xds.patientId"),
    "traits": (swap("<county>51215</county>", "<county>5121</county>"), "cda.patient.traits"),
    "birth name": (swap(">PAT-TROIS<", ">PAT-QUATRE<"), "cda.xds.sourcePatientInfo"),
    "birth date": (swap("19790328", "19790329"), "cda.xds.sourcePatientInfo"),
    "gender": (
        swap('administrativeGenderCode code="F"', 'administrativeGenderCode code="M"'),
        "cda.xds.sourcePatientInfo",
    ),
    "source patient": (swap('extension="PAT-42"', 'extension="PAT-43"'), "cda.xds.sourcePatientId"),
    "custodian": (
        swap(
            'Organization><id root="1.2.250.1.71.4.2.2" extension="1330000001"/>'
            "<name>PHARMACIE DE TEST</name></represented",
            "Organization><name>X</name></represented",
        ),
        "cda.custodian",
    ),
    "signature code": (swap('signatureCode code="S"', 'signatureCode code="X"'), "cda.people"),
    "service start": (swap("20261123100000", "20261123100001"), "cda.xds.serviceStartTime"),
    "service stop": (swap('<high value="20261123102500+0100"/>', ""), "cda.xds.serviceStopTime"),
    "facility": (swap('code="SA33"', 'code="SA39"'), "cda.xds.healthcareFacilityTypeCode"),
    "two authors": (lambda t: t.replace(part(t, "author"), part(t, "author") * 2, 1), "cda.xds.authors"),
    "author name": (swap("<family>TESTOFFICINE", "<family>AUTRE"), "cda.xds.authors"),
    "author structure": (
        swap('71.4.2.2" extension="1330000001"', '71.4.2.2" extension="1330000002"'),
        "cda.xds.authorInstitution",
    ),
    "author specialty": (swap('code="G15_21/A"', 'code="G15_21/D"'), "cda.xds.authorSpecialty"),
    "legal authenticator": (
        lambda t: t.replace(part(t, "legalAuthenticator"), part(t, "legalAuthenticator").replace("TESTOFF", "AUTRE")),
        "cda.xds.legalAuthenticator",
    ),
    "replacement without association": (
        swap(
            "</documentationOf>",
            replaces("1.2"),
        ),
        "cda.replace",
    ),
    "volet": (
        swap('1.2.250.1.213.1.1.1.46" extension="2023.01"', '1.2.250.1.213.1.1.1.46" extension="2021.01"'),
        "vac.template",
    ),
    "format of the template": (swap("1.2.250.1.213.1.1.1.46", "1.2.250.1.213.1.1.1.59"), "cda.xds.formatCode"),
    "two vaccinations": (lambda t: t.replace(part(t, "entry"), part(t, "entry") * 2, 1), "vac.single"),
    "negation": (swap('negationInd="false"', 'negationInd="true"'), "vac.act"),
    "act code": (swap('code="BOOSTER"', 'code="AUTRE"'), "vac.code"),
    "status": (swap('statusCode code="completed"', 'statusCode code="active"'), "vac.status"),
    "route": (swap('code="20035000"', 'code="20035001"'), "vac.route"),
    "site": (swap('code="16217701000119102"', 'code="91774008"'), "vac.site"),
    "cis": (swap('code="68747507"', 'code="6874750"'), "vac.cis"),
    "cis system": (swap("1.2.250.1.213.2.3.1", "1.2.250.1.213.2.3.9"), "vac.cis"),
    "atc": (swap("2.16.840.1.113883.6.73", "2.16.840.1.113883.6.74"), "vac.atc"),
    "lot": (swap("LOTTEST01", ""), "vac.lot"),
    "date in the future": (swap('effectiveTime value="20261123"', 'effectiveTime value="20261125"'), "vac.date"),
    "date format": (swap('effectiveTime value="20261123"', 'effectiveTime value="2026"'), "vac.date"),
    "vaccination id": (lambda t: t.replace('3.45"/><id root="', '3.45"/><id root="x'), "vac.id"),
    "vaccination author": (
        lambda t: t.replace(
            part(t, 'author typeCode="AUT"', "author"),
            part(t, 'author typeCode="AUT"', "author").replace("801234567897", "899700000005"),
        ),
        "vac.author",
    ),
    "vaccinateur": (
        lambda t: (
            t[: t.rindex('<performer typeCode="PRF">')]
            + t[t.rindex('<performer typeCode="PRF">') :].replace("801234567897", "899700000005", 1)
        ),
        "vac.performer",
    ),
}


def part(text: str, opening: str, name: str | None = None) -> str:
    start = text.index(f"<{opening}>")
    end = f"</{name or opening}>"
    return text[start : text.index(end, start) + len(end)]


@pytest.mark.parametrize("name", CDA)
def test_a_wrong_cda_is_refused(exchange, engine: DmpEngine, sender: Sender, name: str) -> None:
    edit, check = CDA[name]
    outcome = exchange(sender.td21(mutation=Mutation(cda=edit)))
    assert outcome.name == "registry_failure", (outcome.check, outcome.answer.body.decode())
    assert set(outcome.codes) <= {REPOSITORY, REGISTRY}
    assert REPOSITORY in outcome.codes
    assert check in {error.check for error in outcome.errors}, [error.check for error in outcome.errors]
    assert engine.store.count() == 0


def test_refusals_hold_no_trait(exchange, sender: Sender) -> None:
    for edit, _ in CDA.values():
        body = exchange(sender.td21(mutation=Mutation(cda=edit))).answer.body.decode()
        for trait in (INS, "PAT-TROIS", "DOMINIQUE", "19790328", "VACCIN DE TEST"):
            assert trait not in body
