"""Codes of the registry: classification schemes, constants of the signature entry, closed value sets (dated)."""

from __future__ import annotations

from typing import Final

from hub_interop.xds.metadata import CodedValue

RIM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
LCM: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
RS: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
QUERY: Final = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
XDSB: Final = "urn:ihe:iti:xds-b:2007"

SUBMISSION_SET_NODE: Final = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
SUBMISSION_SET_AUTHOR: Final = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
SUBMISSION_SET_CONTENT_TYPE: Final = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
SUBMISSION_SET_PATIENT_ID: Final = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
SUBMISSION_SET_SOURCE_ID: Final = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
SUBMISSION_SET_UNIQUE_ID: Final = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"

DOCUMENT_ENTRY_TYPE: Final = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
DOCUMENT_AUTHOR: Final = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
DOCUMENT_CLASS_CODE: Final = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
DOCUMENT_TYPE_CODE: Final = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
DOCUMENT_FORMAT_CODE: Final = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
DOCUMENT_CONFIDENTIALITY: Final = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
DOCUMENT_FACILITY: Final = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"
DOCUMENT_PRACTICE_SETTING: Final = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"
DOCUMENT_EVENT_CODE: Final = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
DOCUMENT_PATIENT_ID: Final = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
DOCUMENT_UNIQUE_ID: Final = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
REFERENCE_ID_SLOT: Final = "urn:ihe:iti:xds:2013:referenceIdList"

HAS_MEMBER: Final = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
REPLACES: Final = "urn:ihe:iti:2007:AssociationType:RPLC"
SIGNS: Final = "urn:ihe:iti:2007:AssociationType:signs"
ASSOCIATION_OBJECT: Final = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association"

PS_ID_SYSTEM: Final = "1.2.250.1.71.4.2.1"
STRUCTURE_ID_SYSTEM: Final = "1.2.250.1.71.4.2.2"
SECTOR_SYSTEM: Final = "1.2.250.1.71.4.2.4"
PRACTICE_SETTING_SYSTEMS: Final = frozenset({"1.2.250.1.213.1.1.4.9", "1.2.250.1.213.1.1.4.6"})
CLASS_SYSTEM: Final = "1.2.250.1.213.1.1.4.1"
TYPE_SYSTEMS: Final = frozenset({"2.16.840.1.113883.6.1", "1.2.250.1.213.1.1.4.12"})
FORMAT_SYSTEMS: Final = frozenset(
    {"1.3.6.1.4.1.19376.1.2.3", "1.2.250.1.213.1.1.4.2.282", "1.2.840.10008.2.6.1", "URN"}
)
CONTENT_TYPE_SYSTEMS: Final = frozenset({"1.2.250.1.213.2.2", SECTOR_SYSTEM})
INS_SYSTEMS: Final = frozenset({"1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.11"})
"""INS-NIR: production, test, demonstration. A NIA (.9) has no access to the DMP (CDT 0.2-080)."""

CONFIDENTIALITY_SYSTEM: Final = "2.16.840.1.113883.5.25"
MASK_SYSTEM: Final = "1.2.250.1.213.1.1.4.13"
CONFIDENTIALITY_LEVELS: Final = frozenset({"N", "R", "V"})

NORMAL: Final = CodedValue("N", CONFIDENTIALITY_SYSTEM, "Normal")
MASKED_TO_PROFESSIONALS: Final = CodedValue("MASQUE_PS", MASK_SYSTEM, "Masqué aux professionnels de santé")
INVISIBLE_TO_PATIENT: Final = CodedValue("INVISIBLE_PATIENT", MASK_SYSTEM, "Non visible par le patient")
INVISIBLE_TO_LEGAL_REPRESENTATIVES: Final = CodedValue(
    "INVISIBLE_REPRESENTANTS_LEGAUX", MASK_SYSTEM, "Non visible par les représentants légaux du patient"
)
MASKS: Final = frozenset({"MASQUE_PS", "INVISIBLE_PATIENT", "INVISIBLE_REPRESENTANTS_LEGAUX"})

CLASS_CODES: Final = frozenset({"10", "11", "31", "42", "43", "44", "45", "52", "60", "90", "95"})
"""JDV_J57 without the signature's class."""

CLASSES_NOT_WRITABLE: Final = frozenset({"60", "90"})
TYPES_NOT_WRITABLE: Final = frozenset({"REMB", "11369-6", "EXPPAT_1", "EXPPAT_2", "EXPPAT_3", "74465-6"})
TYPE_PREFIX_NOT_WRITABLE: Final = "DOCPAT"
"""What a professional's software may not create (EX_2.1-1010)."""

PRACTICE_SETTINGS: Final = frozenset(
    {
        "AMBULATOIRE",
        "AMO",
        "DEPISTAGE",
        "ETABLISSEMENT",
        "HAD",
        "MAD",
        "PALLIATIF",
        "SAD",
        "SAMU_SMUR",
        "EXP_PATIENT",
        "SNR",
    }
)
"""JDV_J62."""

AMBULATORY_SECTORS: Final = frozenset({"SA07", "SA08", "SA09", "SA33", "SA38", "SA39", "SA56", "SA65"})
"""Pharmacies and cabinets: their practice setting is AMBULATOIRE or SAD (EX_GEN-1377)."""

AMBULATORY_SETTINGS: Final = frozenset({"AMBULATOIRE", "SAD", "DEPISTAGE"})

VACCINATION_NOTE_TYPE: Final = "87273-9"
VACCINATION_NOTE_CLASS: Final = "52"
VACCINATION_NOTE_FORMAT: Final = "urn:asip:ci-sis:vac-note:2021"

MIME_TYPES: Final = frozenset({"text/xml", "application/xslt+xml", "application/dicom"})

SIGNATURE_LANGUAGE: Final = "art"
SIGNATURE_TITLE: Final = "Source"
SIGNATURE_CLASS: Final = CodedValue("urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1", "URN", "Digital Signature")
SIGNATURE_TYPE: Final = CodedValue("E1762", "ASTM", "Full Document")
SIGNATURE_FORMAT: Final = CodedValue("http://www.w3.org/2000/09/xmldsig#", "URN", "Default Signature Style")
SIGNATURE_EVENT: Final = CodedValue("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12", "Source")
SIGNATURE_CONFIDENTIALITY: Final = (NORMAL, MASKED_TO_PROFESSIONALS, INVISIBLE_TO_PATIENT)
