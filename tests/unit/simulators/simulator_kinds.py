"""Types of documents of the hand-written messages: their codes, their bodies, and the authors beside the sender."""

from __future__ import annotations

import base64
from dataclasses import dataclass

LOINC = "2.16.840.1.113883.6.1"
FORMAT_IHE = "1.3.6.1.4.1.19376.1.2.3"
FORMAT_FR = "1.2.250.1.213.1.1.4.2.282"
SPECIALTY = "1.2.250.1.213.1.1.4.5"
ACTORS = "1.2.250.1.213.1.1.4.6"
ROLES = "1.2.250.1.213.1.6.1.107"
OID_PS = "1.2.250.1.71.4.2.1"
OID_STRUCTURE = "1.2.250.1.71.4.2.2"
CLASSES = {
    "10": "Compte rendu",
    "11": "Synthèse",
    "31": "Imagerie médicale",
    "42": "Prescription",
    "43": "Dispensation",
    "44": "Plan de soins, protocole de soins",
    "45": "Traitement administré",
    "52": "Certificat, déclaration",
    "95": "Document de gestion",
}
PHARMACIST = ("G15_21/A", "Pharmacien titulaire d'officine")
NURSE = ("G15_60", "Infirmier")
DOCTOR = ("G15_10/SM26", "Médecin - Qualifié en Médecine Générale (SM)")
PHARMACY = ("SA33", "Pharmacie d'officine")
OFFICE = ("SA07", "Cabinet individuel")
HOSPITAL = ("SA01", "Etablissement public de santé")
TOWN = ("AMBULATOIRE", "Ambulatoire")
PDF_FORMAT = ("urn:ihe:iti:xds-sd:pdf:2008", FORMAT_IHE, "Document à corps non structuré en Pdf/A-1")
TEXT_FORMAT = ("urn:ihe:iti:xds-sd:text:2008", FORMAT_IHE, "Document à corps non structuré en texte brut")


@dataclass(frozen=True)
class Kind:
    """A type of document, as its author files it; `templates`: those after HL7 France and CI-SIS.

    `event` is the LOINC code of the act that it documents.
    """

    code: str
    label: str
    group: str
    scheme: str = LOINC
    templates: tuple[tuple[str, str], ...] = (("1.3.6.1.4.1.19376.1.2.20", ""),)
    form: tuple[str, str, str] = PDF_FORMAT
    profession: tuple[str, str] = PHARMACIST
    facility: tuple[str, str] = PHARMACY
    practice: tuple[str, str] = TOWN
    event: str = ""


NOTE = Kind(
    "87273-9",
    "Note de vaccination",
    "52",
    templates=(("1.3.6.1.4.1.19376.1.5.3.1.1.18.1.2", ""), ("1.2.250.1.213.1.1.1.46", "2023.01")),
    form=("urn:asip:ci-sis:vac-note:2021", FORMAT_FR, "Note de vaccination"),
)
TROD = Kind(
    "96173-0",
    "Test rapide d'orientation diagnostique",
    "52",
    templates=(("1.3.6.1.4.1.19376.1.5.3.1.1.1", ""), ("1.2.250.1.213.1.1.1.59", "2024.01")),
    form=("urn:ans:ci-sis:trod:2024", FORMAT_FR, "Test rapide d'orientation diagnostique"),
    practice=("DEPISTAGE", "Dépistage"),
    event="78012-2",
)
INTERVIEW = Kind("78601-2", "CR d'entretien pharmaceutique", "10")
REVIEW = Kind("56445-0", "Bilan médicamenteux (Officine)", "11")
NURSING = Kind(
    "11506-3",
    "CR ou fiche de suivi de soins par auxiliaire médical",
    "10",
    profession=NURSE,
    facility=OFFICE,
    practice=("SAD", "Soins à domicile"),
)
VITAL_SIGNS = Kind("29274-8", "Mesures de signes vitaux", "10", profession=NURSE, facility=OFFICE)
CARE_PLAN = Kind("18776-5", "Plan personnalisé de soins (PPS)", "44", profession=NURSE, facility=OFFICE)
DISCHARGE = Kind(
    "11490-0",
    "Lettre de liaison à la sortie d'un établissement de soins",
    "10",
    profession=DOCTOR,
    facility=HOSPITAL,
    practice=("ETABLISSEMENT", "Etablissement de santé"),
)
NURSING_ASSESSMENT = Kind("96163-1", "Bilan de soins infirmiers", "11", profession=NURSE, facility=OFFICE)
UNSTRUCTURED = (INTERVIEW, REVIEW, NURSING, VITAL_SIGNS, CARE_PLAN, DISCHARGE, NURSING_ASSESSMENT)


@dataclass(frozen=True)
class Author:
    """An author beside the sender: a person (`IDNPS`, `EI`) or a system (`RI`)."""

    id: str
    root: str = OID_PS
    kind: str = "IDNPS"
    family: str = "TESTSECOND"
    given: str = "Alix"
    specialty: tuple[str, str, str] = ("G15_21/DA", "Pharmacien adjoint d'officine", SPECIALTY)
    structure: tuple[str, str, str] = ("1330000001", OID_STRUCTURE, "PHARMACIE DE TEST")
    role: str = ""

    def cda(self) -> str:
        """Return the author element of the header."""
        code, label, scheme = self.specialty
        number, root, name = self.structure
        person = (
            f"<assignedPerson><name><given>{self.given}</given><family>{self.family}</family></name></assignedPerson>"
        )
        device = (
            f"<assignedAuthoringDevice><manufacturerModelName>{self.given}</manufacturerModelName>"
            f"<softwareName>{self.family}</softwareName></assignedAuthoringDevice>"
        )
        function = f'<functionCode code="353" displayName="{self.role}" codeSystem="{ROLES}"/>' if self.role else ""
        return (
            f'<author>{function}<time value="20261123103000+0100"/><assignedAuthor>'
            f'<id root="{self.root}" extension="{self.id}"/>'
            f'<code code="{code}" displayName="{label}" codeSystem="{scheme}"/>'
            f"{device if self.kind == 'RI' else person}"
            f'<representedOrganization><id root="{root}" extension="{number}"/><name>{name}</name>'
            "</representedOrganization></assignedAuthor></author>"
        )

    def slots(self) -> list[tuple[str, str]]:
        """Return the name and the value of each slot of the metadata."""
        number, root, name = self.structure
        use = "U" if self.kind == "RI" else "D"
        kind = "IDNST" if root == OID_STRUCTURE else "SIREN"
        person = f"{self.id}^{self.family}^{self.given}^^^^^^&amp;{self.root}&amp;ISO^{use}^^^{self.kind}"
        found = [("authorPerson", person)]
        found.append(("authorInstitution", f"{name}^^^^^&amp;{root}&amp;ISO^{kind}^^^{number}"))
        found += [("authorRole", self.role)] if self.role else []
        return [*found, ("authorSpecialty", "^".join(self.specialty))]


def pdf(
    xmp: str = "<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>", catalog: str = ""
) -> bytes:
    """Return a PDF of one blank page (no colour, no font) with its XMP, which says PDF/A-1b unless told otherwise."""
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        f'xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">{xmp}</rdf:Description></rdf:RDF></x:xmpmeta>'
        '<?xpacket end="w"?>'
    ).encode()
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R /Metadata 4 0 R {catalog}>>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> >>",
        f"<< /Type /Metadata /Subtype /XML /Length {len(packet)} >>\nstream\n".encode() + packet + b"\nendstream",
    ]
    content, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, item in enumerate(objects, 1):
        places.append(len(content))
        content += f"{number} 0 obj\n".encode() + item + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    name = "<00112233445566778899AABBCCDDEEFF>"
    tail = f"xref\n0 5\n0000000000 65535 f \n{table}trailer\n<< /Size 5 /Root 1 0 R /ID [{name} {name}] >>\n"
    return content + f"{tail}startxref\n{len(content)}\n%%EOF\n".encode()


def unstructured(content: bytes, media_type: str = "application/pdf") -> str:
    """Return the component of an N1 document."""
    encoded = base64.b64encode(content).decode()
    return (
        f'<component><nonXMLBody><text mediaType="{media_type}" representation="B64">{encoded}</text>'
        "</nonXMLBody></component>"
    )


def trod_body() -> str:
    """Return the component of a TROD: one device, one result."""
    return (
        "<component><structuredBody><component><section>"
        '<templateId root="1.3.6.1.4.1.19376.1.3.3.2.1"/>'
        f'<code code="18725-2" displayName="Microbiologie" codeSystem="{LOINC}"/><title>Résultat du test</title>'
        '<text><content ID="test-1">Recherche négative</content></text><entry typeCode="DRIV">'
        '<templateId root="1.3.6.1.4.1.19376.1.3.1"/><act classCode="ACT" moodCode="EVN">'
        f'<code code="18725-2" displayName="Microbiologie" codeSystem="{LOINC}"/><statusCode code="completed"/>'
        '<participant typeCode="DEV"><participantRole classCode="MANU"><playingDevice><code>'
        '<originalText><reference value="#test-1"/></originalText></code></playingDevice></participantRole>'
        '</participant><entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="EVN">'
        f'<templateId root="1.3.6.1.4.1.19376.1.3.1.6"/><code code="78012-2" displayName="Streptocoque A" '
        f'codeSystem="{LOINC}"/><statusCode code="completed"/><effectiveTime value="20261123101500+0100"/>'
        '<value xsi:type="CD" code="260385009" displayName="Négatif" codeSystem="2.16.840.1.113883.6.96"/>'
        "</observation></entryRelationship></act></entry></section></component></structuredBody></component>"
    )
