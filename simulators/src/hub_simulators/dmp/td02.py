"""TD0.2, the existence test: PRPA_IN201307UV02 checked line by line, PRPA_IN201308UV02 answered (§1.6)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from lxml import etree

from hub_simulators.dmp.formats import Cx, oid_ok, utc_digits
from hub_simulators.dmp.names import HL7, q
from hub_simulators.dmp.patients import PatientState
from hub_simulators.dmp.refusals import AckError, SoapFault
from hub_simulators.dmp.vihf import Vihf
from hub_simulators.dmp.xmltools import elements, local, stray_text, text

DMP_DEVICE = "1.2.250.1.213.4.1.1.1"
INTERACTIONS = "2.16.840.1.113883.1.6"
REASONS = "1.2.250.1.213.1.1.4.11"
_ROOT_ORDER = (
    "id creationTime interactionId processingCode processingModeCode acceptAckCode receiver sender attentionLine? "
    "controlActProcess"
)
_ACT_ORDER = "reasonCode queryByParameter"
_QUERY_ORDER = "queryId statusCode parameterList"


def check_query(body: etree._Element, vihf: Vihf, now: datetime, tolerance: timedelta) -> None:
    """Check the query against §1.6 and the VIHF. Raises AckError, or SoapFault for the patient's identifier."""
    _order(body, _ROOT_ORDER)
    if stray_text(body, frozenset({"softwareName", "semanticsText"})):
        raise _refused("text", "texte hors des éléments prévus")
    if body.get("ITSVersion") != "XML_1.0":
        raise _refused("itsversion", "ITSVersion XML_1.0 attendu")
    _identifier(body, "id")
    created = utc_digits(_at(body, "creationTime").get("value") or "")
    if created is None or abs(now - created) > tolerance:
        raise _refused("creationtime", "creationTime : UTC yyyyMMddHHmmss attendu")
    _expect(body, "interactionId", root=INTERACTIONS, extension="PRPA_IN201307UV02")
    _expect(body, "processingCode", code="D")
    _expect(body, "processingModeCode", code="T")
    _expect(body, "acceptAckCode", code="AL")
    _check_device(_at(body, "receiver"), "RCV", DMP_DEVICE, "DMP")
    _check_device(_at(body, "sender"), "SND", vihf.installation, vihf.software)
    act = _at(body, "controlActProcess")
    _expect_attributes(act, classCode="CACT", moodCode="EVN")
    _order(act, _ACT_ORDER)
    _expect(act, "reasonCode", code="TEST_EXST", codeSystem=REASONS)
    _check_parameters(_at(act, "queryByParameter"), vihf.patient)


def _refused(check: str, message: str) -> AckError:
    return AckError(f"td02.{check}", "DMPInvalidRequest", f"Requête TD0.2 invalide : {message}")


def _order(parent: etree._Element, model: str) -> None:
    """Check the children against `a b? c`, where dataSource may stand before queryByParameter's siblings."""
    names = [local(child) for child in elements(parent) if child.tag.startswith(f"{{{HL7}}}")]
    if len(names) != len(list(elements(parent))):
        raise _refused("order", f"{local(parent)} : espace de noms inattendu")
    names = [name for name in names if name not in {"attentionLine", "dataSource"}]
    expected = [name for name in model.split() if not name.endswith("?")]
    if names != expected:
        raise _refused("order", f"{local(parent)} : éléments absents, répétés ou mal ordonnés")


def _at(parent: etree._Element, name: str) -> etree._Element:
    found = parent.findall(q(HL7, name))
    if len(found) != 1:
        raise _refused(name.lower(), f"{name} absent ou répété")
    return found[0]


def _identifier(parent: etree._Element, name: str) -> None:
    element = _at(parent, name)
    if not oid_ok(element.get("root") or "") or not element.get("extension"):
        raise _refused(name.lower(), f"{name} : root (OID) et extension attendus")


def _expect(parent: etree._Element, name: str, **attributes: str) -> None:
    _expect_attributes(_at(parent, name), **attributes)


def _expect_attributes(element: etree._Element, **attributes: str) -> None:
    for attribute, value in attributes.items():
        if element.get(attribute) != value:
            name = local(element)
            raise _refused(name.lower(), f"{name}/@{attribute} : {value} attendu")


def _check_device(side: etree._Element, type_code: str, oid: str | None, software: str) -> None:
    name = local(side)
    device = _at(side, "device")
    _expect_attributes(side, typeCode=type_code)
    _expect_attributes(device, classCode="DEV", determinerCode="INSTANCE")
    root = _at(device, "id").get("root") or ""
    if not oid_ok(root) or (oid is not None and root != oid):
        raise _refused(name, f"{name}/device/id incorrect")
    if text(_at(device, "softwareName")) != software:
        raise _refused(name, f"{name}/device/softwareName incorrect")


def _check_parameters(query: etree._Element, patient: Cx) -> None:
    _order(query, _QUERY_ORDER)
    _identifier(query, "queryId")
    _expect(query, "statusCode", code="new")
    parameters = list(elements(_at(query, "parameterList")))
    if len(parameters) != 1 or parameters[0].tag != q(HL7, "patientIdentifier"):
        raise _refused("parameterlist", "un seul patientIdentifier attendu")
    value = _at(parameters[0], "value")
    if text(_at(parameters[0], "semanticsText")) != "Patient.id":
        raise _refused("semanticstext", "semanticsText Patient.id attendu")
    if (value.get("extension"), value.get("root")) != (patient.id, patient.oid):
        raise SoapFault("td02.patient", "Le champ Resource_id est incorrect : différent du patient de la requête")


_KEYWORDS = "1.2.250.1.213.4.1.2.6"


def answer(query: etree._Element, vihf: Vihf, state: PatientState, now: datetime) -> str:
    """Return PRPA_IN201308UV02 for a patient in that state."""
    found = state.dmp != "none"
    ids = query.find(f"{q(HL7, 'controlActProcess')}/{q(HL7, 'queryByParameter')}/{q(HL7, 'queryId')}")
    query_id = f'<queryId root="{ids.get("root")}" extension="{ids.get("extension")}"/>' if ids is not None else ""
    subject = _subject(vihf.patient, state) if found else ""
    return (
        f"{_head(query, now, 'AA')}"
        f'<attentionLine><keyWordText code="AUTORISATION" codeSystem="{_KEYWORDS}.1"/>'
        f'<value xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CV" code="{state.authorisation}" '
        f'codeSystem="{_KEYWORDS}.2"/></attentionLine>'
        f'<attentionLine><keyWordText code="STATUT_MT" codeSystem="{_KEYWORDS}.3"/>'
        '<value xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="BL" value="false"/></attentionLine>'
        f'<controlActProcess classCode="CACT" moodCode="EVN">{subject}'
        f'<queryAck>{query_id}<queryResponseCode code="{"OK" if found else "NF"}"/></queryAck>'
        "</controlActProcess></PRPA_IN201308UV02>"
    )


def refusal(query: etree._Element | None, problem: AckError, now: datetime) -> str:
    """Return PRPA_IN201308UV02 with acknowledgement AE, its code and its text."""
    detail = (
        f'<acknowledgementDetail typeCode="E"><code code="{_attr(problem.code)}" codeSystem="1.2.250.1.213.4.1.2.7"/>'
        f"<text>{_attr(problem.text)}</text></acknowledgementDetail>"
    )
    return (
        f"{_head(query, now, 'AE', detail)}"
        '<controlActProcess classCode="CACT" moodCode="EVN"><queryAck><queryResponseCode code="AE"/></queryAck>'
        "</controlActProcess></PRPA_IN201308UV02>"
    )


def _head(query: etree._Element | None, now: datetime, code: str, detail: str = "") -> str:
    target = query.find(q(HL7, "id")) if query is not None else None
    root, extension = (target.get("root") or "", target.get("extension") or "") if target is not None else ("", "")
    quoted = f'<targetMessage><id root="{_attr(root)}" extension="{_attr(extension)}"/></targetMessage>'
    return (
        f'<PRPA_IN201308UV02 xmlns="{HL7}" ITSVersion="XML_1.0"><id root="{DMP_DEVICE}.1" extension="{uuid.uuid4()}"/>'
        f'<creationTime value="{now:%Y%m%d%H%M%S}"/>'
        f'<interactionId root="{INTERACTIONS}" extension="PRPA_IN201308UV02"/><processingCode code="D"/>'
        '<processingModeCode code="T"/><acceptAckCode code="NE"/>'
        f'<sender typeCode="SND"><device classCode="DEV" determinerCode="INSTANCE"><id root="{DMP_DEVICE}"/>'
        "<softwareName>DMP</softwareName></device></sender>"
        f'<acknowledgement typeCode="{code}">{quoted}{detail}</acknowledgement>'
    )


def _attr(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _subject(patient: Cx, state: PatientState) -> str:
    closing = ""
    if state.dmp == "terminated":
        closing = (
            '<subjectOf typeCode="SBJ"><administrativeObservation classCode="OBS" moodCode="EVN">'
            f'<code code="{state.closure_reason}" codeSystem="1.2.250.1.213.4.1.2.3"/>'
            "</administrativeObservation></subjectOf>"
        )
    return (
        '<subject typeCode="SUBJ"><registrationEvent classCode="REG" moodCode="EVN"><statusCode code="active"/>'
        '<subject1 typeCode="SBJ"><patient classCode="PAT">'
        f'<id root="{patient.oid}" extension="{patient.id}"/><statusCode code="{state.dmp}"/>'
        '<patientPerson classCode="PSN" determinerCode="INSTANCE"><name><family qualifier="BR">NON_RENSEIGNE</family>'
        "<given>NON_RENSEIGNE</given></name></patientPerson>"
        '<subjectOf typeCode="SBJ"><administrativeObservation classCode="OBS" moodCode="EVN">'
        '<code code="RATTACHEMENT_ENS" codeSystem="1.2.250.1.213.4.1.2.3"/>'
        '<value xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="BL" '
        f'value="{str(state.linked_to_mes).lower()}"/></administrativeObservation></subjectOf>{closing}'
        "</patient></subject1></registrationEvent></subject>"
    )
