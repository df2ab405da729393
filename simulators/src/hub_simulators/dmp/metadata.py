"""Rules on the metadata that hold for every entry and for the submission set (§3.2, §3.3)."""

from __future__ import annotations

import re
from collections.abc import Callable

from hub_simulators.dmp import schemes, valuesets
from hub_simulators.dmp.formats import OID_PS, SHA1_HEX, Cx, Xcn, cx, oid_ok, utc_digits, xcn, xon
from hub_simulators.dmp.refusals import Findings, SoapFault, affinity_fault
from hub_simulators.dmp.registry_objects import Classified, RegistryObject
from hub_simulators.dmp.settings import DmpSettings
from hub_simulators.dmp.vihf import Vihf

NO_AUTHOR = "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF"
_ENTRY_SLOTS = (
    "creationTime",
    "hash",
    "size",
    "languageCode",
    "legalAuthenticator",
    "serviceStartTime",
    "sourcePatientId",
)
_ENTRY_OPTIONAL = ("serviceStopTime", "sourcePatientInfo", "urn:ihe:iti:xds:2013:referenceIdList")
_SIZE = re.compile(r"[1-9][0-9]{0,14}")
_REFERENCE = re.compile(
    r"[^\^&]+\^\^\^&[\d.]+&ISO\^urn:ihe:iti:xds:(2013:(accession|order)|2016:studyInstanceUID)", re.ASCII
)
_AUTHOR_SLOTS = frozenset({"authorPerson", "authorInstitution", "authorRole", "authorSpecialty"})


class MetadataChecker:
    """Checks objects of one submission against one VIHF; refusals go to `findings`, faults are raised."""

    def __init__(self, settings: DmpSettings, vihf: Vihf, findings: Findings) -> None:
        self._settings = settings
        self._vihf = vihf
        self.findings = findings

    def check_set(self, package: RegistryObject) -> None:
        """Check the submission set's slots, classifications and identifiers."""
        self._slots(package, ("submissionTime",), (), {"submissionTime": _utc})
        self._known_schemes(package, schemes.SET_SCHEMES)
        authors = self.authors(package, schemes.SET_AUTHOR)
        if authors and self._vihf.professional not in {author.id for author in authors}:
            self.findings.metadata("set.author", "l'auteur du lot n'est pas l'utilisateur du VIHF", package.id)
        code = self._one_code(package, "contentTypeCode", schemes.SET_CONTENT_TYPE)
        if code and not _content_type_ok(code):
            raise affinity_fault("set.contenttype", code.code)
        self._identifier(package, schemes.SET_PATIENT, "XDSSubmissionSet.patientId", _any)
        source = self._identifier(package, schemes.SET_SOURCE, "XDSSubmissionSet.sourceId", oid_ok)
        if source and self._vihf.installation and not _same_root(source, self._vihf.installation):
            self.findings.metadata("set.sourceid", "sourceId étranger à l'installation du VIHF (LPS_ID)", package.id)
        self._identifier(package, schemes.SET_UNIQUE_ID, "XDSSubmissionSet.uniqueId", oid_ok)
        self.patient(package, schemes.SET_PATIENT)

    def check_entry(self, entry: RegistryObject) -> None:
        """Check what holds for documents and signatures alike."""
        formats: dict[str, Callable[[str], bool]] = {
            "creationTime": _utc,
            "hash": lambda value: SHA1_HEX.fullmatch(value) is not None,
            "size": lambda value: _SIZE.fullmatch(value) is not None,
            "serviceStartTime": _utc_reduced,
            "serviceStopTime": _utc_reduced,
            "legalAuthenticator": lambda value: xcn(value, check_key=self._settings.check_rpps_key) is not None,
            "sourcePatientId": lambda value: cx(value) is not None,
            _ENTRY_OPTIONAL[2]: lambda value: _REFERENCE.fullmatch(value) is not None,
        }
        self._slots(entry, _ENTRY_SLOTS, _ENTRY_OPTIONAL, formats)
        self._known_schemes(entry, schemes.ENTRY_SCHEMES)
        self.authors(entry, schemes.AUTHOR)
        responsible = xcn(entry.slot("legalAuthenticator") or "", check_key=self._settings.check_rpps_key)
        if responsible is not None and responsible.kind == "RI":
            self.findings.metadata("legalauthenticator.kind", "legalAuthenticator : un professionnel attendu", entry.id)
        for name, scheme in schemes.SINGLE_CODES.items():
            self._one_code(entry, name, scheme)
        if any(not (code.code and code.scheme and code.label) for code in entry.classified.get(schemes.EVENT, [])):
            self.findings.metadata("code.eventCodeList", "eventCodeList : code, codingScheme et libellé", entry.id)
        self._identifier(entry, schemes.UNIQUE_ID, "XDSDocumentEntry.uniqueId", oid_ok)
        self._identifier(entry, schemes.PATIENT, "XDSDocumentEntry.patientId", _any)
        self.patient(entry, schemes.PATIENT)
        self._check_title(entry)
        self._check_setting(entry)

    def authors(self, owner: RegistryObject, scheme: str) -> list[Xcn]:
        """Check the authors of an object and return those that can be read. Raises the EX_2.1-1140 fault."""
        found = owner.classified.get(scheme, [])
        if not found:
            self.findings.metadata("author.absent", "auteur absent", owner.id)
            return []
        people = [person for person in (self._author(owner, author) for author in found) if person is not None]
        institutions = {
            institution.id
            for author in found
            for value in author.slots.get("authorInstitution", [])
            if (institution := xon(value)) is not None
        }
        if self._vihf.structure not in institutions:
            raise SoapFault("author.institution", NO_AUTHOR)
        return people

    def patient(self, owner: RegistryObject, scheme: str) -> Cx | None:
        """Check that the object is about the VIHF's patient."""
        value = cx(owner.identifier(scheme))
        if value is None or value.kind != "NH":
            self.findings.metadata("patientid", "patientId : INS^^^&OID&ISO^NH attendu", owner.id)
            return None
        if value != self._vihf.patient:
            self.findings.other(
                "XDSPatientIdDoesNotMatch", "patientid.vihf", "patientId différent du patient du VIHF", owner.id
            )
        return value

    def _author(self, owner: RegistryObject, author: Classified) -> Xcn | None:
        unknown = author.slots.keys() - _AUTHOR_SLOTS
        persons = author.slots.get("authorPerson", [])
        if unknown or author.code or len(persons) != 1:
            self.findings.metadata("author.slots", "auteur : un authorPerson, sans slot inconnu", owner.id)
        for value in author.slots.get("authorInstitution", []):
            if xon(value) is None:
                self.findings.metadata("author.institution.format", "authorInstitution mal formé", owner.id)
        for value in author.slots.get("authorSpecialty", []):
            parts = value.split("^")
            if len(parts) != 3 or not parts[1].strip():
                self.findings.metadata("author.specialty.format", "authorSpecialty mal formé", owner.id)
            elif not valuesets.specialty_ok(parts[0], parts[2]):
                raise affinity_fault("author.specialty", parts[0])
        person = xcn(persons[0], check_key=self._settings.check_rpps_key) if persons else None
        if person is None:
            self.findings.metadata("author.person", "authorPerson absent ou mal formé", owner.id)
            return None
        self._check_kind(person, author.slots.get("authorSpecialty", []), owner)
        return person

    def _check_kind(self, person: Xcn, specialties: list[str], owner: RegistryObject) -> None:
        """A system (RI) has a system's specialty, an SNR its editor's OID; a person has neither."""
        codes = [(value.split("^")[0], value.rpartition("^")[2]) for value in specialties]
        systems = [valuesets.system_specialty(code, scheme) for code, scheme in codes]
        snr = ("SNR", valuesets.OID_ACTORS) in codes
        if codes and (set(systems) != {person.kind == "RI"} or snr != (person.oid != OID_PS)):
            self.findings.metadata("author.kind", "authorPerson et authorSpecialty : personne ou système", owner.id)

    def _slots(
        self,
        owner: RegistryObject,
        required: tuple[str, ...],
        optional: tuple[str, ...],
        formats: dict[str, Callable[[str], bool]],
    ) -> None:
        for name in required:
            if name not in owner.slots:
                self.findings.metadata(f"slot.{name}", f"slot {name} absent", owner.id)
        for name, values in owner.slots.items():
            if name not in required + optional:
                self.findings.metadata("slot.unknown", f"slot {name} inattendu", owner.id)
            elif len(values) > 1 and name not in {"sourcePatientInfo", _ENTRY_OPTIONAL[2]}:
                self.findings.metadata(f"slot.{name}", f"slot {name} à valeur unique", owner.id)
            elif name in formats and not all(formats[name](value) for value in values):
                self.findings.metadata(f"slot.{name}", f"slot {name} mal formé", owner.id)

    def _known_schemes(self, owner: RegistryObject, known: frozenset[str]) -> None:
        if owner.classified.keys() - known:
            self.findings.metadata("classification.unknown", "classificationScheme inconnu", owner.id)

    def _one_code(self, owner: RegistryObject, name: str, scheme: str) -> Classified | None:
        found = owner.classified.get(scheme, [])
        if len(found) != 1 or not found[0].code or not found[0].scheme or not found[0].label:
            self.findings.metadata(f"code.{name}", f"{name} : un code avec codingScheme et libellé attendu", owner.id)
            return None
        return found[0]

    def _identifier(self, owner: RegistryObject, scheme: str, name: str, good: Callable[[str], bool]) -> str | None:
        value, label = owner.identifiers.get(scheme, ("", ""))
        short = name.rpartition(".")[2]
        if not value or label != name or not good(value):
            self.findings.metadata(f"identifier.{short}", f"{name} absent, mal nommé ou mal formé", owner.id)
            return None
        return value

    def _check_title(self, entry: RegistryObject) -> None:
        if not entry.title:
            self.findings.metadata("title", "titre absent", entry.id)
        elif len(entry.title) > 128:
            self.findings.metadata("title", "titre de plus de 128 caractères (EX_2.1-1070)", entry.id)

    def _check_setting(self, entry: RegistryObject) -> None:
        sector, practice = entry.code(schemes.FACILITY), entry.code(schemes.PRACTICE)
        if sector and (sector.scheme != valuesets.OID_SECTOR or sector.code not in valuesets.SECTORS):
            raise affinity_fault("code.healthcareFacilityTypeCode", sector.code)
        if practice and (practice.scheme != valuesets.OID_PRACTICE or practice.code not in valuesets.PRACTICES):
            raise affinity_fault("code.practiceSettingCode", practice.code)
        if sector and practice and not valuesets.sector_practice_agree(sector.code, practice.code):
            self.findings.metadata(
                "code.setting", "secteur d'activité et cadre d'exercice incompatibles (EX_GEN-1377)", entry.id
            )


def _content_type_ok(code: Classified) -> bool:
    if code.scheme == valuesets.OID_CONTENT:
        return code.code in valuesets.CONTENT_TYPES
    return code.scheme == valuesets.OID_SECTOR and code.code in valuesets.SECTORS


def _same_root(value: str, root: str) -> bool:
    return value == root or value.startswith(root + ".")


def _utc(value: str) -> bool:
    return utc_digits(value) is not None


def _utc_reduced(value: str) -> bool:
    return utc_digits(value, reduced=True) is not None


def _any(value: str) -> bool:
    return True
