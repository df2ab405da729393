"""TD0.2, the existence test: does this patient have a DMP, and what may this professional do with it?

Compulsory before every feeding and every search. The identity that comes back is not kept (EX_0.2-1020).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from lxml import etree

from hub_interop.soap.errors import MessageUnreadable, MessageUnwritable
from hub_interop.soap.escaping import text
from hub_interop.soap.safe_xml import parse_xml

ACTION = "urn:hl7-org:v3:PRPA_IN201307UV02"
SERVICE = "/patients"
HL7 = "urn:hl7-org:v3"
DMP_DEVICE = "1.2.250.1.213.4.1.1.1"
REASON_SYSTEM = "1.2.250.1.213.1.1.4.11"

_OID = re.compile(r"\A[0-2](\.(0|[1-9][0-9]*))+\Z")
_MATRICULE = re.compile(r"\A[0-9AB]{15}\Z")
_RESPONSE = f"{{{HL7}}}PRPA_IN201308UV02"


class Authorisation(StrEnum):
    """The caller's consultation authorisation. `UNKNOWN` is a value this code doesn't know: treat as no right."""

    VALIDE = "VALIDE"
    EXPIRE = "EXPIRE"
    INTERDIT = "INTERDIT"
    NON_EXISTE = "NON_EXISTE"
    UNKNOWN = "INCONNU"


class DossierState(StrEnum):
    """The state of the dossier. `UNKNOWN` is a value this code doesn't know: send nothing."""

    ACTIVE = "active"
    TERMINATED = "terminated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Td02Request:
    """What TD0.2 asks. `installation_id` is the OID of our installation (LPS_ID), `software_name` LPS_Nom."""

    message_id: UUID
    query_id: UUID
    installation_id: str
    software_name: str
    matricule: str = field(repr=False)
    ins_system: str
    production: bool


@dataclass(frozen=True, slots=True)
class AckDetail:
    """One `acknowledgementDetail`: the DMP's own code and text (shown to the user as they are, PRE_ERR)."""

    code: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DmpStatus:
    """What TD0.2 answered.

    `exists`: the DMP was found (`queryResponseCode` OK and a patient). `state` is None when it wasn't.
    `authorisation` and `is_medecin_traitant` are None when the DMP doesn't tell. `ack_code` is AA or AE and
    `query_code` OK, NF or what came; "no DMP" is AA + NF, not an error. `patient_ids` are (root, extension) pairs to
    compare with the matricule asked. `observations` are the other coded facts (closing reason…), code to value.
    """

    exists: bool
    state: DossierState | None
    authorisation: Authorisation | None
    is_medecin_traitant: bool | None
    attached_to_mon_espace_sante: bool | None
    ack_code: str
    query_code: str | None
    errors: tuple[AckDetail, ...]
    patient_ids: tuple[tuple[str, str], ...] = field(repr=False)
    observations: Mapping[str, str] = field(repr=False)

    @property
    def accepted(self) -> bool:
        """Whether the DMP processed the question (AA)."""
        return self.ack_code == "AA"

    @property
    def has_no_dmp(self) -> bool:
        """Whether the DMP says that this patient has none (AA and NF): stop, it is not an error."""
        return self.accepted and self.query_code == "NF"

    def concerns(self, matricule: str, ins_system: str) -> bool:
        """Whether the answer is about this matricule: never act on another patient's status."""
        return (ins_system, matricule) in self.patient_ids

    @property
    def may_feed(self) -> bool:
        """Whether documents may be sent: an active DMP whose patient hasn't blocked this professional."""
        return (
            self.accepted
            and self.exists
            and self.state is DossierState.ACTIVE
            and self.authorisation not in (Authorisation.INTERDIT, Authorisation.UNKNOWN)
        )


def build_request(request: Td02Request, now: datetime) -> bytes:
    """The body of TD0.2 (one element, UTF-8, no XML declaration). `now` is aware.

    Raises `MessageUnwritable`: `TD02_OID`, `TD02_MATRICULE`, `TD02_TIME`.
    """
    if not _OID.match(request.installation_id) or not _OID.match(request.ins_system):
        raise MessageUnwritable("TD02_OID", "id/@root", "give plain OIDs")
    if not _MATRICULE.match(request.matricule):
        raise MessageUnwritable("TD02_MATRICULE", "patientIdentifier", "give the 15 characters with the key")
    if now.tzinfo is None:
        raise MessageUnwritable("TD02_TIME", "creationTime", "give an aware datetime")
    lps = request.installation_id
    return (
        f'<PRPA_IN201307UV02 xmlns="{HL7}" ITSVersion="XML_1.0"><id root="{lps}.10" extension="{request.message_id}"/>'
        f'<creationTime value="{now.astimezone(UTC):%Y%m%d%H%M%S}"/>'
        '<interactionId root="2.16.840.1.113883.1.6" extension="PRPA_IN201307UV02"/>'
        f'<processingCode code="{"P" if request.production else "D"}"/><processingModeCode code="T"/>'
        '<acceptAckCode code="AL"/><receiver typeCode="RCV"><device classCode="DEV" determinerCode="INSTANCE">'
        f'<id root="{DMP_DEVICE}"/><softwareName>DMP</softwareName></device></receiver>'
        f'<sender typeCode="SND"><device classCode="DEV" determinerCode="INSTANCE"><id root="{lps}"/>'
        f"<softwareName>{text(request.software_name)}</softwareName></device></sender>"
        '<controlActProcess classCode="CACT" moodCode="EVN">'
        f'<reasonCode code="TEST_EXST" codeSystem="{REASON_SYSTEM}" displayName="Test d\'existence de dossier"/>'
        f'<queryByParameter><queryId root="{lps}.11" extension="{request.query_id}"/><statusCode code="new"/>'
        f'<parameterList><patientIdentifier><value root="{request.ins_system}" extension="{request.matricule}"/>'
        "<semanticsText>Patient.id</semanticsText></patientIdentifier></parameterList></queryByParameter>"
        "</controlActProcess></PRPA_IN201307UV02>"
    ).encode()


def parse_response(message: bytes | etree._Element) -> DmpStatus:
    """Reads PRPA_IN201308UV02, given as bytes or as the payload of a `SoapAnswer`.

    Raises `MessageUnreadable`: `TD02_ROOT` (another message), `TD02_ACK` (no acknowledgement),
    `TD02_PATIENT` (OK without a patient), and those of `parse_xml`.
    """
    root = parse_xml(message, where="TD0.2 answer").getroot() if isinstance(message, bytes) else message
    if root.tag != _RESPONSE:
        raise MessageUnreadable("TD02_ROOT", "TD0.2 answer", "expected PRPA_IN201308UV02; look at the SOAP answer")
    acknowledgement = root.find(f"{{{HL7}}}acknowledgement")
    ack_code = acknowledgement.get("typeCode", "") if acknowledgement is not None else ""
    if not ack_code:
        raise MessageUnreadable("TD02_ACK", "acknowledgement", "treat as an error of the DMP; retry later")
    query_code = _attribute(root, f".//{{{HL7}}}queryAck/{{{HL7}}}queryResponseCode", "code")
    patient = root.find(f".//{{{HL7}}}patient")
    if query_code == "OK" and patient is None:
        raise MessageUnreadable("TD02_PATIENT", "patient", "found, but not told who; treat as an error of the DMP")
    exists = query_code == "OK"
    attention = _attention_lines(root)
    observations = _observations(root)
    return DmpStatus(
        exists=exists,
        state=_state(patient) if exists and patient is not None else None,
        authorisation=_authorisation(attention.get("AUTORISATION")),
        is_medecin_traitant=_boolean(attention.get("STATUT_MT")),
        attached_to_mon_espace_sante=_boolean(observations.pop("RATTACHEMENT_ENS", None)),
        ack_code=ack_code,
        query_code=query_code,
        errors=_details(acknowledgement),
        patient_ids=_patient_ids(patient),
        observations=observations,
    )


def _attribute(root: etree._Element, path: str, name: str) -> str | None:
    found = root.find(path)
    return found.get(name) if found is not None else None


def _attention_lines(root: etree._Element) -> dict[str, str]:
    """keyWordText/@code to the value's code or boolean."""
    lines: dict[str, str] = {}
    for line in root.iterfind(f".//{{{HL7}}}attentionLine"):
        keyword = _attribute(line, f"{{{HL7}}}keyWordText", "code")
        value = line.find(f"{{{HL7}}}value")
        if keyword and value is not None:
            lines[keyword] = value.get("code") or value.get("value") or ""
    return lines


def _observations(root: etree._Element) -> dict[str, str]:
    """The coded facts under `subjectOf`, code to value (code, boolean or date)."""
    facts: dict[str, str] = {}
    for subject in root.iterfind(f".//{{{HL7}}}subjectOf"):
        for code in subject.iter(f"{{{HL7}}}code"):
            parent = code.getparent()
            value = parent.find(f"{{{HL7}}}value") if parent is not None else None
            name = code.get("code")
            if name and value is not None:
                facts[name] = value.get("code") or value.get("value") or ""
    return facts


def _state(patient: etree._Element) -> DossierState:
    code = _attribute(patient, f"{{{HL7}}}statusCode", "code")
    return DossierState(code) if code in ("active", "terminated") else DossierState.UNKNOWN


def _authorisation(code: str | None) -> Authorisation | None:
    if code is None:
        return None
    try:
        return Authorisation(code)
    except ValueError:
        return Authorisation.UNKNOWN


def _boolean(value: str | None) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(value) if value is not None else None


def _details(acknowledgement: etree._Element | None) -> tuple[AckDetail, ...]:
    if acknowledgement is None:
        return ()
    return tuple(
        AckDetail(
            _attribute(detail, f"{{{HL7}}}code", "code") or "",
            " ".join((detail.findtext(f"{{{HL7}}}text") or "").split()),
        )
        for detail in acknowledgement.iterfind(f"{{{HL7}}}acknowledgementDetail")
    )


def _patient_ids(patient: etree._Element | None) -> tuple[tuple[str, str], ...]:
    if patient is None:
        return ()
    return tuple((found.get("root", ""), found.get("extension", "")) for found in patient.iterfind(f"{{{HL7}}}id"))
