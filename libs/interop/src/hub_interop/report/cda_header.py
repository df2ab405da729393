"""What the header of any CDA says, as a report shows it. Nothing is checked: a missing part is an empty text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from lxml import etree

from hub_interop.report.model import AuthorLine, Letterhead, PatientBlock

_HL7 = "{urn:hl7-org:v3}"
_TIME = re.compile(r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?)?(?:\.\d+)?([+-]\d{4}|Z)?")
_MATRICULES = {
    "1.2.250.1.213.1.4.8": "INS-NIR",
    "1.2.250.1.213.1.4.9": "INS-NIA",
    "1.2.250.1.213.1.4.10": "INS-NIR de test",
    "1.2.250.1.213.1.4.11": "INS-NIR de démonstration",
}
_SPACES = re.compile(r"\s+")


def child(node: etree._Element | None, name: str) -> etree._Element | None:
    """The first child of this name in HL7 v3."""
    return None if node is None else node.find(f"{_HL7}{name}")


def texts(node: etree._Element | None) -> str:
    """All the text in a node, on one line."""
    if node is None:
        return ""
    return _SPACES.sub(" ", str(node.xpath("string()"))).strip()


def _at(node: etree._Element | None, path: str) -> etree._Element | None:
    for name in path.split("/"):
        node = child(node, name)
    return node


def _attribute(node: etree._Element | None, name: str) -> str:
    return "" if node is None else node.get(name, "").strip()


def moment_of(root: etree._Element) -> datetime | None:
    """The effectiveTime; UTC when it gives no zone; None when it can't be read."""
    found = _TIME.fullmatch(_attribute(child(root, "effectiveTime"), "value"))
    if found is None:
        return None
    year, month, day, hour, minute, second, zone = found.groups()
    try:
        offset = UTC if zone in (None, "Z") else timezone(_offset(zone))
        return datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=offset
        )
    except ValueError:
        return None


def _offset(zone: str) -> timedelta:
    sign = -1 if zone[0] == "-" else 1
    return sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))


def patient_of(root: etree._Element) -> PatientBlock:
    """The traits of the first recordTarget."""
    role = _at(root, "recordTarget/patientRole")
    person = child(role, "patient")
    name = child(person, "name")
    place = _at(person, "birthplace/place/addr")
    label, matricule = _matricule(role)
    city, county = texts(child(place, "city")), texts(child(place, "county"))
    given = child(person, "administrativeGenderCode")
    return PatientBlock(
        birth_name=_part(name, "family", "BR") or _part(name, "family", None),
        used_name=_part(name, "family", "CL") or None,
        given_names=_part(name, "given", None),
        first_name=_part(name, "given", "BR"),
        sex=_attribute(given, "code") or _attribute(given, "displayName"),
        birth_date=_dashed(_attribute(child(person, "birthTime"), "value")),
        birth_place=(f"{city} ({county})" if city and county else city or county) or None,
        matricule=matricule,
        matricule_label=label,
    )


def _matricule(role: etree._Element | None) -> tuple[str, str]:
    """Label and number of the first INS; of the first identifier when there is no INS."""
    ids = (
        [] if role is None else [(_attribute(n, "root"), _attribute(n, "extension")) for n in role.findall(f"{_HL7}id")]
    )
    for oid, number in ids:
        if oid in _MATRICULES:
            return _MATRICULES[oid], number
    return ("local (pas d'INS)", ids[0][1]) if ids else ("", "")


def _part(name: etree._Element | None, tag: str, qualifier: str | None) -> str:
    if name is None:
        return ""
    return " ".join(texts(n) for n in name.findall(f"{_HL7}{tag}") if n.get("qualifier") == qualifier)


def _dashed(value: str) -> str:
    """19790328 as 1979-03-28; another form as it is."""
    return f"{value[:4]}-{value[4:6]}-{value[6:8]}" if re.match(r"\d{8}", value) else value


def authors_of(root: etree._Element) -> tuple[AuthorLine, ...]:
    """The authors in order: people, or the software that wrote."""
    lines = []
    for author in root.findall(f"{_HL7}author"):
        assigned = child(author, "assignedAuthor")
        device = child(assigned, "assignedAuthoringDevice")
        name = _person_name(_at(assigned, "assignedPerson/name")) or texts(child(device, "softwareName"))
        role = _attribute(child(author, "functionCode"), "displayName") or None
        line = AuthorLine(name, _attribute(child(assigned, "code"), "displayName"), role)
        if line.name or line.profession:
            lines.append(line)
    return tuple(lines)


def _person_name(name: etree._Element | None) -> str:
    if name is None:
        return ""
    parts = (texts(node) for tag in ("prefix", "given", "family") for node in name.findall(f"{_HL7}{tag}"))
    return " ".join(part for part in parts if part) or texts(name)


def letterhead_of(root: etree._Element) -> Letterhead:
    """The structure of the first author; the custodian when the author has none."""
    organisation = _at(root, "author/assignedAuthor/representedOrganization")
    if not texts(child(organisation, "name")):
        organisation = _at(root, "custodian/assignedCustodian/representedCustodianOrganization")
    phone = _attribute(child(organisation, "telecom"), "value")
    identifier = _attribute(child(organisation, "id"), "extension")
    return Letterhead(
        name=texts(child(organisation, "name")),
        lines=_address(child(organisation, "addr")),
        phone=phone.removeprefix("tel:") if phone.startswith("tel:") else None,
        identifier=f"Identifiant national {identifier}" if identifier else None,
    )


def _address(node: etree._Element | None) -> tuple[str, ...]:
    if node is None:
        return ()
    lines = [texts(each) for each in node.findall(f"{_HL7}streetAddressLine")]
    street = " ".join(filter(None, (texts(child(node, name)) for name in ("houseNumber", "streetName"))))
    town = " ".join(filter(None, (texts(child(node, name)) for name in ("postalCode", "city"))))
    return tuple(line for line in (*lines, street, town) if line)
