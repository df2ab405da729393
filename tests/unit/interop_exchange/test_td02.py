"""TD0.2: the question as the DMP wants it, and every answer it may give."""

from __future__ import annotations

import uuid

import pytest
from exchange_samples import INS_TEST, INSTALLATION, MATRICULE, NOW
from lxml import etree

from hub_interop.hl7v3.td02 import Authorisation, DmpStatus, DossierState, Td02Request, build_request, parse_response
from hub_interop.soap.errors import MessageUnreadable, MessageUnwritable

HL7 = "{urn:hl7-org:v3}"
MESSAGE, QUERY = uuid.UUID(int=1), uuid.UUID(int=2)


def _request(**changes: object) -> Td02Request:
    fields: dict[str, object] = {
        "message_id": MESSAGE,
        "query_id": QUERY,
        "installation_id": INSTALLATION,
        "software_name": "HUB & CO",
        "matricule": MATRICULE,
        "ins_system": INS_TEST,
        "production": False,
    }
    return Td02Request(**(fields | changes))  # type: ignore[arg-type]


def _answer(
    *,
    ack: str = '<acknowledgement typeCode="AA"/>',
    query: str = "OK",
    attention: str = "",
    patient: str = '<patient><id root="1.2.250.1.213.1.4.10" extension="279035121518989"/><statusCode code="active"/>'
    "<patientPerson><name><family>PAT-TROIS</family></name><birthTime value='19790000'/></patientPerson>"
    "{facts}</patient>",
    facts: str = "",
) -> DmpStatus:
    message = (
        f'<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3">{attention}{ack}<controlActProcess><subject><registrationEvent>'
        f"<subject1>{patient.replace('{facts}', facts)}</subject1></registrationEvent></subject>"
        f'<queryAck><queryResponseCode code="{query}"/></queryAck></controlActProcess></PRPA_IN201308UV02>'
    )
    return parse_response(message.encode())


def _fact(code: str, value: str) -> str:
    return f'<subjectOf><observation><code code="{code}"/><value {value}/></observation></subjectOf>'


def _line(keyword: str, value: str) -> str:
    return f'<attentionLine><keyWordText code="{keyword}">x</keyWordText><value {value}/></attentionLine>'


def test_the_question() -> None:
    root = etree.fromstring(build_request(_request(), NOW))
    assert root.tag == f"{HL7}PRPA_IN201307UV02"
    assert [etree.QName(child).localname for child in root] == [
        "id",
        "creationTime",
        "interactionId",
        "processingCode",
        "processingModeCode",
        "acceptAckCode",
        "receiver",
        "sender",
        "controlActProcess",
    ]
    found = {
        path: root.find("/".join(f"{HL7}{step}" for step in path.split("/")))
        for path in (
            "id",
            "creationTime",
            "processingCode",
            "receiver/device/id",
            "sender/device/id",
            "controlActProcess/reasonCode",
            "controlActProcess/queryByParameter/queryId",
            "controlActProcess/queryByParameter/parameterList/patientIdentifier/value",
        )
    }
    shown = {path: dict(element.attrib) if element is not None else None for path, element in found.items()}
    assert shown == {
        "id": {"root": f"{INSTALLATION}.10", "extension": str(MESSAGE)},
        "creationTime": {"value": "20260805081500"},
        "processingCode": {"code": "D"},
        "receiver/device/id": {"root": "1.2.250.1.213.4.1.1.1"},
        "sender/device/id": {"root": INSTALLATION},
        "controlActProcess/reasonCode": {
            "code": "TEST_EXST",
            "codeSystem": "1.2.250.1.213.1.1.4.11",
            "displayName": "Test d'existence de dossier",
        },
        "controlActProcess/queryByParameter/queryId": {"root": f"{INSTALLATION}.11", "extension": str(QUERY)},
        "controlActProcess/queryByParameter/parameterList/patientIdentifier/value": {
            "root": INS_TEST,
            "extension": MATRICULE,
        },
    }
    assert root.findtext(f"{HL7}sender/{HL7}device/{HL7}softwareName") == "HUB & CO"


def test_production_says_so() -> None:
    assert b'<processingCode code="P"/>' in build_request(_request(production=True), NOW)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"installation_id": "hub"}, "TD02_OID"),
        ({"ins_system": 'x" y="'}, "TD02_OID"),
        ({"matricule": MATRICULE[:13]}, "TD02_MATRICULE"),
    ],
)
def test_wrong_questions_are_refused(changes: dict[str, object], code: str) -> None:
    with pytest.raises(MessageUnwritable) as caught:
        build_request(_request(**changes), NOW)
    assert caught.value.code == code
    assert MATRICULE[:13] not in str(caught.value)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(MessageUnwritable, match="TD02_TIME"):
        build_request(_request(), NOW.replace(tzinfo=None))


def test_an_active_dmp() -> None:
    status = _answer(
        attention=_line("AUTORISATION", 'code="VALIDE"') + _line("STATUT_MT", 'value="true"'),
        facts=_fact("RATTACHEMENT_ENS", 'value="true"') + _fact("COMPTE_INTERNET_OUVERT", 'value="false"'),
    )
    assert (status.exists, status.state, status.authorisation) == (True, DossierState.ACTIVE, Authorisation.VALIDE)
    assert (status.is_medecin_traitant, status.attached_to_mon_espace_sante) == (True, True)
    assert status.observations == {"COMPTE_INTERNET_OUVERT": "false"}
    assert status.patient_ids == ((INS_TEST, MATRICULE),)
    assert status.may_feed
    assert not status.has_no_dmp
    assert status.concerns(MATRICULE, INS_TEST)
    assert not status.concerns("277076322082910", INS_TEST)
    assert not status.concerns(MATRICULE, "1.2.250.1.213.1.4.8")
    assert "PAT-TROIS" not in repr(status)
    assert MATRICULE not in repr(status)


def test_no_dmp_is_not_an_error() -> None:
    status = _answer(query="NF", patient="", attention=_line("AUTORISATION", 'code="NON_EXISTE"'))
    assert (status.exists, status.state, status.ack_code, status.query_code) == (False, None, "AA", "NF")
    assert status.accepted
    assert status.has_no_dmp
    assert not status.may_feed
    assert status.errors == ()


def test_a_closed_dmp() -> None:
    status = _answer(
        patient='<patient><statusCode code="terminated"/>{facts}</patient>',
        facts=_fact("MOTIF_FERMETURE", 'code="FERMETURE_DEMANDE_PATIENT"'),
    )
    assert (status.exists, status.state) == (True, DossierState.TERMINATED)
    assert status.observations == {"MOTIF_FERMETURE": "FERMETURE_DEMANDE_PATIENT"}
    assert not status.may_feed


@pytest.mark.parametrize(
    ("code", "expected", "may_feed"),
    [
        ("VALIDE", Authorisation.VALIDE, True),
        ("EXPIRE", Authorisation.EXPIRE, True),
        ("NON_EXISTE", Authorisation.NON_EXISTE, True),
        ("INTERDIT", Authorisation.INTERDIT, False),
        ("AUTRE", Authorisation.UNKNOWN, False),
    ],
)
def test_the_authorisation(code: str, expected: Authorisation, may_feed: bool) -> None:
    status = _answer(attention=_line("AUTORISATION", f'code="{code}"'))
    assert (status.authorisation, status.may_feed) == (expected, may_feed)


def test_an_unknown_state_sends_nothing() -> None:
    status = _answer(patient='<patient><statusCode code="suspended"/></patient>')
    assert status.state is DossierState.UNKNOWN
    assert not status.may_feed


def test_what_the_dmp_does_not_tell_is_none() -> None:
    status = _answer()
    assert (status.authorisation, status.is_medecin_traitant, status.attached_to_mon_espace_sante) == (None, None, None)


def test_an_error_keeps_the_original_code_and_text() -> None:
    status = _answer(
        ack='<acknowledgement typeCode="AE"><acknowledgementDetail typeCode="E"><code code="DMPTooManyResult"/>'
        "<text>Trop de\n résultats</text></acknowledgementDetail></acknowledgement>",
        query="AE",
        patient="",
    )
    assert not status.accepted
    assert not status.has_no_dmp
    assert not status.may_feed
    assert [(error.code, error.text) for error in status.errors] == [("DMPTooManyResult", "Trop de résultats")]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b'<PRPA_IN201306UV02 xmlns="urn:hl7-org:v3"/>', "TD02_ROOT"),
        (b"<PRPA_IN201308UV02/>", "TD02_ROOT"),
        (b'<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3"/>', "TD02_ACK"),
        (
            b'<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3"><acknowledgement typeCode="AA"/><controlActProcess><queryAck>'
            b'<queryResponseCode code="OK"/></queryAck></controlActProcess></PRPA_IN201308UV02>',
            "TD02_PATIENT",
        ),
        (b'<!DOCTYPE a><PRPA_IN201308UV02 xmlns="urn:hl7-org:v3"/>', "XML_DOCTYPE"),
    ],
)
def test_other_messages_are_refused(message: bytes, code: str) -> None:
    with pytest.raises(MessageUnreadable) as caught:
        parse_response(message)
    assert caught.value.code == code
