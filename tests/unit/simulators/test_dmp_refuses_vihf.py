"""Each check of the envelope, the VIHF, TD0.2 and TD3.1b refuses its mutant in the DMP's own way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from simulator_messages import Sender, later
from simulator_parts import NOW, STRUCTURE, Document, Mutation, swap

from hub_simulators.pki import CertificateKind, TestPki

ATTRIBUTE = '<saml2:Attribute Name="{}"><saml2:AttributeValue>{}</saml2:AttributeValue></saml2:Attribute>'


def role(code: str, scheme: str, label: str) -> str:
    return (
        '<saml2:AttributeValue><Role xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:type="CE" code="{code}" codeSystem="{scheme}" displayName="{label}"/></saml2:AttributeValue>'
    )


PHARMACIST = role("21", "1.2.250.1.71.1.2.7", "Pharmacien")
HOLDER = role("A", "1.2.250.1.71.4.2.6", "Pharmacien titulaire d'officine")
NURSE = role("60", "1.2.250.1.71.1.2.7", "Infirmier")
PERSONNE_MORALE = "Erreur d'authentification de la personne morale"
RESOURCE = "Le champ Resource_id est incorrect"
CLASS = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
LAST = "</saml2:AttributeStatement>"

VIHF = {
    "version": (swap('Version="2.0"', 'Version="1.1"'), "vihf.version", "SAML 2.0"),
    "id": (swap('ID="_', 'ID="1'), "vihf.id", "ID"),
    "issue instant without ms": (swap(".000Z", "Z"), "vihf.issueinstant", "IssueInstant"),
    "issuer format": (swap(":X509SubjectName", ":unspecified"), "vihf.issuer", "Format"),
    "issuer S instead of ST": (swap("ST=", "S="), "vihf.issuer", "Issuer"),
    "issuer order": (
        lambda text: text.replace(
            text[text.index("CN=hub") : text.index("</saml2:Issuer>")],
            "C=FR,ST=Gironde (33),O=PHARMACIE DE TEST,OU=1330000001,CN=hub sign 1330000001",
        ),
        "vihf.issuer",
        "Issuer",
    ),
    "name id format": (swap("<saml2:NameID>", '<saml2:NameID Format="x">'), "vihf.nameid", "NameID"),
    "name id value": (swap(">801234567897<", ">801234567898<"), "vihf.nameid", "NameID"),
    "no subject": (swap("saml2:Subject>", "saml2:Sujet>", 2), "vihf.structure_saml", "Sujet"),
    "audience": (
        swap(
            "<saml2:AuthnStatement",
            "<saml2:Conditions><saml2:AudienceRestriction/></saml2:Conditions><saml2:AuthnStatement",
        ),
        "vihf.conditions",
        "Conditions",
    ),
    "conditions over": (
        swap(
            "<saml2:AuthnStatement",
            '<saml2:Conditions NotOnOrAfter="2026-11-23T09:00:00.000Z"/><saml2:AuthnStatement',
        ),
        "vihf.conditions",
        "validité",
    ),
    "authn instant": (swap('AuthnInstant="2026', 'AuthnInstant="2027'), "vihf.authninstant", "AuthnInstant"),
    "authn class": (swap(CLASS + "Password", CLASS + "Magic"), "vihf.authncontext", "AuthnContextClassRef"),
    "vihf version": (swap(">4.0<", ">3.0<"), "vihf.vihf_version", "VIHF_Version"),
    "mode": (swap(">INDIRECTE<", ">AUTRE<"), "vihf.authentification_mode", "Authentification_Mode"),
    "mode direct": (swap(">INDIRECTE<", ">DIRECTE<"), "vihf.mode", "carte"),
    "structure format": (swap(">1330000001<", ">330000001<"), "vihf.identifiant_structure", "Identifiant_Structure"),
    "structure other": (swap(">1330000001<", ">1330000002<"), "vihf.structure", PERSONNE_MORALE),
    "sector unknown": (
        swap("SA33^", "SA99^"),
        "vihf.secteur_activite",
        "Le code 'SA99' ne fait pas partie du domaine d'affinité",
    ),
    "sector scheme": (swap("SA33^1.2.250.1.71.4.2.4", "SA33^1.2.3"), "vihf.secteur_activite", "Secteur_Activite"),
    "subject id": (swap("TESTOFFICINE Camille Officine", "TESTOFFICINE"), "vihf.subject-id", "subject-id"),
    "role unknown": (swap('code="21"', 'code="22"'), "vihf.role", "Le code '22'"),
    "role scheme": (swap("1.2.250.1.71.1.2.7", "1.2.250.1.71.1.2.9"), "vihf.role", "Le code '21'"),
    "second role missing": (swap(HOLDER, ""), "vihf.role", "second rôle obligatoire"),
    "second role of a nurse": (swap(PHARMACIST, NURSE), "vihf.role", "second rôle interdit"),
    "second role wrong": (swap(HOLDER, role("SM26", "1.2.250.1.71.4.2.5", "x")), "vihf.role", "Le code 'SM26'"),
    "role type": (swap('xsi:type="CE"', 'xsi:type="CD"'), "vihf.role", "Role"),
    "ins key": (swap("279035121518989^", "279035121518988^"), "vihf.resource_id", RESOURCE),
    "ins without key": (swap("279035121518989^", "2790351215189^"), "vihf.resource_id", RESOURCE),
    "production oid": (swap("1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8"), "vihf.resource_id.oid", RESOURCE),
    "urn": (swap(">urn:dmp<", ">urn:mes<"), "vihf.ressource_urn", "Ressource_URN"),
    "purpose unknown": (swap('code="normal"', 'code="autre"'), "vihf.purposeofuse", "Le code 'autre'"),
    "purpose scheme": (swap("1.2.250.1.213.1.1.4.248", "1.2.250.1.213.1.1.4.336"), "vihf.purposeofuse", "'normal'"),
    "break glass": (swap('code="normal"', 'code="bris_de_glace"'), "vihf.purposeofuse", "DMPAccessForbidden"),
    "reason without break glass": (
        swap(LAST, ATTRIBUTE.format("Mode_Acces_Raison", "x") + LAST),
        "vihf.mode_acces_raison",
        "Mode_Acces_Raison",
    ),
    "secret connection": (
        swap(
            LAST, ATTRIBUTE.format("urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code", "N") + LAST
        ),
        "vihf.confidentiality-code",
        "confidentiality-code",
    ),
    "lps id": (swap(">1.2.250.1.999.1.42<", ">HUB<"), "vihf.lps_id", "LPS_ID"),
    "lps name": (swap(">HUB TEST<", ">AUTRE<"), "vihf.lps", "homologué"),
    "lps version": (swap(">1.0<", ">1.1<"), "vihf.lps", "homologué"),
    "homologation format": (
        swap(">DCP-000000-test<", ">?<"),
        "vihf.lps_id_homologation_dmp",
        "LPS_ID_HOMOLOGATION_DMP",
    ),
    "homologation other": (swap(">DCP-000000-test<", ">DCP-000001-test<"), "vihf.lps", "homologué"),
    "unknown attribute": (swap(LAST, ATTRIBUTE.format("Autre", "x") + LAST), "vihf.attributes", "Autre"),
    "attribute twice": (swap(LAST, ATTRIBUTE.format("LPS_Nom", "x") + LAST), "vihf.attributes", "LPS_Nom"),
    "two values": (
        swap(
            "<saml2:AttributeValue>urn:dmp",
            "<saml2:AttributeValue>x</saml2:AttributeValue><saml2:AttributeValue>urn:dmp",
        ),
        "vihf.attributes",
        "Ressource_URN",
    ),
    "comment": (swap(">urn:dmp<", "><!-- x -->urn:dmp<"), "vihf.signature", "commentaire"),
}
REQUIRED = (
    "VIHF_Version",
    "Authentification_Mode",
    "Identifiant_Structure",
    "Secteur_Activite",
    "urn:oasis:names:tc:xspa:1.0:subject:subject-id",
    "urn:oasis:names:tc:xacml:2.0:subject:role",
    "urn:oasis:names:tc:xacml:2.0:resource:resource-id",
    "Ressource_URN",
    "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse",
    "LPS_Nom",
    "LPS_Version",
    "LPS_ID_HOMOLOGATION_DMP",
)


def expect_fault(outcome, check: str, text: str) -> None:
    assert (outcome.name, outcome.check, outcome.answer.status) == ("fault", check, 500), outcome.answer.body.decode()
    assert text in outcome.answer.body.decode().replace("&#39;", "'")


@pytest.mark.parametrize("name", VIHF)
def test_a_wrong_vihf_is_refused(exchange, sender: Sender, name: str) -> None:
    edit, check, text = VIHF[name]
    expect_fault(exchange(sender.td02(Mutation(vihf=edit))), check, text)


@pytest.mark.parametrize("name", REQUIRED)
def test_each_attribute_is_compulsory(exchange, sender: Sender, name: str) -> None:
    def remove(text: str) -> str:
        start = text.index(f'<saml2:Attribute Name="{name}">')
        return text[:start] + text[text.index("</saml2:Attribute>", start) + len("</saml2:Attribute>") :]

    expect_fault(exchange(sender.td02(Mutation(vihf=remove))), "vihf.attributes", name)


def test_lps_id_is_optional_and_the_other_spelling_of_the_mode_is_taken(exchange, sender: Sender) -> None:
    no_id = swap(ATTRIBUTE.format("LPS_ID", "1.2.250.1.999.1.42"), "")
    assert exchange(sender.td02(Mutation(vihf=no_id))).name == "success"
    spelling = swap("Authentification_Mode", "Authentification_mode")
    assert exchange(sender.td02(Mutation(vihf=spelling))).name == "success"


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_off_by_ten_minutes(exchange, sender: Sender, minutes: int) -> None:
    expect_fault(exchange(later(sender, minutes=minutes).td02()), "vihf.issueinstant", "fenêtre")


SIGNED = {
    "altered after signing": (swap(">urn:dmp<", ">urn:dm <"), "condensat"),
    "signature value": (
        lambda t: t.replace("<ds:SignatureValue>", "<ds:SignatureValue>AAAA", 1),
        "valeur de signature",
    ),
    "digest": (swap("<ds:DigestValue>", "<ds:DigestValue>AAAA"), "condensat"),
    "reference": (swap('URI="#_', 'URI="#x'), "référence"),
    "sha1": (swap("xmlenc#sha256", "xmlenc#sha1"), "DigestMethod"),
    "rsa-sha1": (swap("2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#rsa-sha1"), "SignatureMethod"),
    "transforms": (swap("#enveloped-signature", "#base64"), "transformations"),
    "inclusive c14n": (swap("2001/10/xml-exc-c14n#", "TR/2001/REC-xml-c14n-20010315"), "CanonicalizationMethod"),
    "no signature": (lambda t: t[: t.index("<ds:Signature ")] + t[t.index("</ds:Signature>") + 15 :], "signature"),
    "not base64": (swap("<ds:X509Certificate>", "<ds:X509Certificate>*"), "base64"),
}


@pytest.mark.parametrize("name", SIGNED)
def test_a_wrong_signature_is_refused(exchange, sender: Sender, name: str) -> None:
    edit, text = SIGNED[name]
    expect_fault(exchange(sender.td02(Mutation(vihf_after=edit))), "vihf.signature", text)


@pytest.mark.parametrize(
    ("case", "check"),
    [("expired", "expired"), ("future", "not_yet_valid"), ("revoked", "revoked"), ("swapped", "wrong_usage")],
)
def test_the_signing_certificate(exchange, pki: TestPki, case: str, check: str) -> None:
    options = {
        "expired": {"not_after": NOW - timedelta(days=1)},
        "future": {"not_before": NOW + timedelta(days=1)},
        "swapped": {"usage": (CertificateKind.ORG_SIGN, CertificateKind.ORG_AUTH_CLI)},
    }.get(case, {})
    pairs = pki.issue_structure(STRUCTURE, "PHARMACIE DE TEST", label=case, **options)
    if case == "revoked":
        pki.revoke(pairs.sign)
    expect_fault(exchange(Sender(pairs).td02()), f"vihf.certificate.{check}", PERSONNE_MORALE)


def test_a_certificate_of_another_authority(exchange, tmp_path) -> None:
    other = TestPki.create(tmp_path, key_pool=1).issue_structure(STRUCTURE, "PHARMACIE DE TEST")
    expect_fault(exchange(Sender(other).td02()), "vihf.certificate.unknown_authority", PERSONNE_MORALE)


def test_the_three_structures_must_be_one(exchange, pki: TestPki, sender: Sender) -> None:
    expect_fault(exchange(sender.td02(), "1330000009"), "vihf.structure", PERSONNE_MORALE)
    other = pki.issue_structure("1330000009", "PHARMACIE VOISINE")
    expect_fault(exchange(replace(sender, certificates=other).td02()), "vihf.structure", PERSONNE_MORALE)


def test_an_assertion_and_a_message_serve_once(exchange, sender: Sender) -> None:
    wire = sender.td02()
    assert exchange(wire).name == "success"
    expect_fault(exchange(wire), "wsa.replay", "MessageID")
    start, end = wire.body.index(b"urn:uuid:"), wire.body.index(b"</MessageID>")
    fresh = wire.body[:start] + b"urn:uuid:5e1c0b7e-6f0d-4d3c-9a52-2d7a5f0c1a11" + wire.body[end:]
    expect_fault(exchange(replace(wire, body=fresh)), "vihf.replay", "assertion")


ENVELOPE = {
    "soap 1.1": (
        swap("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"),
        "soap.version",
    ),
    "no body": (lambda t: t[: t.index("<soap:Body>")] + "</soap:Envelope>", "soap.structure"),
    "action": (swap("urn:hl7-org:v3:PRPA_IN201307UV02<", "urn:hl7-org:v3:PRPA_IN201305UV02<"), "wsa.action"),
    "to": (swap("/services/patients", "/services/registry"), "wsa.to"),
    "to http": (
        swap(
            '<To xmlns="http://www.w3.org/2005/08/addressing">https:',
            '<To xmlns="http://www.w3.org/2005/08/addressing">http:',
        ),
        "wsa.to",
    ),
    "message id": (swap("urn:uuid:", "uuid:"), "wsa.messageid"),
    "no message id": (swap("MessageID", "MessageId", 2), "wsa.messageid"),
    "unreadable": (swap("</soap:Envelope>", ""), "soap.xml"),
    "doctype": (lambda t: '<!DOCTYPE x [<!ENTITY e "x">]>' + t, "soap.xml"),
    "two assertions": (lambda t: t.replace("</wsse:Security>", "<x/></wsse:Security>"), "wsse.assertion"),
    "no security": (swap("wsse:Security", "wsse:Securite", 2), "wsse.security"),
    "other body": (swap("<PRPA_IN201307UV02 ", "<x/><PRPA_IN201307UV02 "), "soap.body"),
}


@pytest.mark.parametrize("name", ENVELOPE)
def test_a_wrong_envelope_is_refused(exchange, sender: Sender, name: str) -> None:
    edit, check = ENVELOPE[name]
    expect_fault(exchange(sender.td02(Mutation(envelope=edit))), check, "")


def test_http_action_content_type_path_and_method(exchange, engine, sender: Sender) -> None:
    outcome = exchange(sender.td02(Mutation(content_type=swap("201307", "201309"))))
    expect_fault(outcome, "wsa.action", "action HTTP")
    refused = exchange(sender.td02(Mutation(content_type=lambda _t: "text/xml")))
    assert (refused.name, refused.answer.status, refused.check) == ("http_error", 415, "http.contenttype")
    wire = sender.td02()
    incoming = engine.read("POST", "/autre", wire.content_type, wire.body)
    assert engine.handle(incoming, STRUCTURE).answer.status == 404
    incoming = engine.read("GET", wire.path, wire.content_type, b"")
    assert engine.handle(incoming, STRUCTURE).answer.status == 405
    wrong_service = replace(wire, path=wire.path.replace("patients", "registry"))
    expect_fault(exchange(wrong_service), "wsa.service", "")


TD02 = {
    "its version": (swap(' ITSVersion="XML_1.0"', ""), "td02.itsversion"),
    "id": (swap('<id root="1.2.250.1.999.1.42.10"', '<id root="x"'), "td02.id"),
    "creation local time": (
        swap('creationTime value="20261123093100"', 'creationTime value="20261123103100"'),
        "td02.creationtime",
    ),
    "creation format": (
        swap('creationTime value="20261123093100"', 'creationTime value="202611230931"'),
        "td02.creationtime",
    ),
    "interaction": (swap('extension="PRPA_IN201307UV02"', 'extension="PRPA_IN201305UV02"'), "td02.interactionid"),
    "production": (swap('processingCode code="D"', 'processingCode code="P"'), "td02.processingcode"),
    "mode": (swap('processingModeCode code="T"', 'processingModeCode code="R"'), "td02.processingmodecode"),
    "ack": (swap('acceptAckCode code="AL"', 'acceptAckCode code="NE"'), "td02.acceptackcode"),
    "receiver": (swap("1.2.250.1.213.4.1.1.1", "1.2.250.1.213.4.1.1.2"), "td02.receiver"),
    "receiver name": (swap(">DMP<", ">X<"), "td02.receiver"),
    "sender": (swap('<id root="1.2.250.1.999.1.42"/>', '<id root="1.2.3"/>'), "td02.sender"),
    "sender name": (swap(">HUB TEST<", ">AUTRE<"), "td02.sender"),
    "reason": (swap('code="TEST_EXST"', 'code="CNSLT_DATA"'), "td02.reasoncode"),
    "reason system": (swap("1.2.250.1.213.1.1.4.11", "1.2.3"), "td02.reasoncode"),
    "query id": (swap("<queryId root=", "<queryId x="), "td02.queryid"),
    "status": (swap('statusCode code="new"', 'statusCode code="old"'), "td02.statuscode"),
    "semantics": (swap("Patient.id", "LivingSubject.id"), "td02.semanticstext"),
    "two parameters": (swap("<patientIdentifier>", "<x/><patientIdentifier>"), "td02.parameterlist"),
    "order": (swap('<processingCode code="D"/>', ""), "td02.order"),
}


@pytest.mark.parametrize("name", TD02)
def test_a_wrong_td02_gets_an_ack_error(exchange, sender: Sender, name: str) -> None:
    edit, check = TD02[name]
    outcome = exchange(sender.td02(Mutation(td02=edit)))
    assert (outcome.name, outcome.check, outcome.codes) == ("ack_error", check, ("DMPInvalidRequest",))
    assert b'acknowledgement typeCode="AE"' in outcome.answer.body


def test_td02_about_another_patient_than_the_vihf(exchange, sender: Sender) -> None:
    outcome = exchange(sender.td02(Mutation(td02=swap("279035121518989", "277076322082910"))))
    expect_fault(outcome, "td02.patient", RESOURCE)


def test_td02_with_nil_attention_line_and_data_source(exchange, sender: Sender) -> None:
    nil = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
    edit = swap("<controlActProcess", f"<attentionLine{nil}<dataSource{nil}<controlActProcess")
    assert exchange(sender.td02(Mutation(td02=edit))).name == "success"


QUERY = {
    "other query": (swap("5c4f972b", "14d4debf"), "td31.query", "XDSRegistryError"),
    "return type": (swap("ObjectRef", "RegistryObject"), "td31.returntype", "XDSRegistryError"),
    "no parameter": (
        swap("$XDSDocumentEntryUniqueId", "$XDSDocumentEntryStatus"),
        "td31.parameter",
        "XDSStoredQueryMissingParam",
    ),
    "not a list": (swap("('", "'"), "td31.value", "XDSRegistryError"),
    "too many": (lambda t: t.replace("('", "('" + "1.2','" * 20), "td31.limit", "XDSRegistryError"),
    "no option": (
        swap('<query:ResponseOption returnComposedObjects="true" returnType="ObjectRef"/>', ""),
        "td31.structure",
        "XDSRegistryError",
    ),
}


@pytest.mark.parametrize("name", QUERY)
def test_a_wrong_td31b_is_refused(exchange, sender: Sender, name: str) -> None:
    edit, check, code = QUERY[name]
    outcome = exchange(sender.td31(Document().unique_id, Mutation(query=edit)))
    assert (outcome.name, outcome.check, outcome.codes) == ("registry_failure", check, (code,))
    assert b"AdhocQueryResponse" in outcome.answer.body


def test_the_tls_certificate_alone(engine, pki: TestPki, sender: Sender) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from hub_simulators.dmp.refusals import HttpRefusal

    def der(pair) -> bytes:
        return x509.load_pem_x509_certificate(pair.certificate.read_bytes()).public_bytes(Encoding.DER)

    assert engine.tls_structure(der(sender.certificates.auth)) == STRUCTURE
    revoked = pki.issue_structure(STRUCTURE, "PHARMACIE DE TEST", label="tls-revoked")
    pki.revoke(revoked.auth)
    for value, check in (
        (der(sender.certificates.sign), "tls.wrong_usage"),
        (der(revoked.auth), "tls.revoked"),
        (b"", "tls.absent"),
    ):
        with pytest.raises(HttpRefusal) as caught:
            engine.tls_structure(value)
        assert (caught.value.check, caught.value.status) == (check, 403)
