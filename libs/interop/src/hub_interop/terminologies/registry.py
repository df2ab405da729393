"""The value sets in use: those shipped with the hub (`data/`, one TSV file each) and those the operator installed.

A file's head says its name, OID (and that of its CI-SIS twin), version, source and since when it holds; each line is
code, system, label and, where they differ from the set's, the first and last day of the code. What the operator
installs (EX_GEN-1360: value sets are data) prevails over ours from its first day on (JDV_DMP over NOS).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache
from importlib import resources

from hub_interop.terminologies.valueset import Association, Concept, UnknownCode, ValueSet, version_on, with_concepts

CLASS_OF_TYPE, FORMAT_OF_SOURCE = "type_to_class", "source_to_format"
ASSOCIATIONS = (CLASS_OF_TYPE, FORMAT_OF_SOURCE)

_sets: dict[str, tuple[ValueSet, ...]] = {}
_associations: dict[str, tuple[Association, ...]] = {}
_today: Callable[[], date] = date.today


def use_clock(today: Callable[[], date]) -> None:
    """What day it is, for the lookups without a day of sets that have several versions: a service gives its clock."""
    global _today
    _today = today


def value_set(name: str, on: date | None = None) -> ValueSet:
    """The value set of that name (`sector`, `document_type`…) on that day (today when there are several versions).

    Its `get` with a day uses the version of that day. Raises FileNotFoundError when there is none.
    """
    versions = _sets.get(name)
    if versions is None:
        return shipped(name)
    return version_on(versions, on or _today()) or versions[0]


def concept(name: str, code: str | None, on: date | None = None, system: str | None = None) -> Concept:
    """The concept of that code in the value set. Raises UnknownCode, which says when the code isn't in force."""
    known = value_set(name, on)
    found = known.get(code, on, system)
    if found is None:
        raise known.refusal(code, on, system) or UnknownCode(name)
    return found


def class_of_type(document_type: str, on: date | None = None) -> Concept:
    """The class (JDV_J57) that a document type (JDV_J66) belongs to: never a free choice. Raises UnknownCode."""
    return _associated(CLASS_OF_TYPE, document_type, "document_class", on)


def format_of(source: str, on: date | None = None) -> Concept:
    """The format (JDV_J60) of a structured document by its model's templateId (ASS_A11), of a file by its media type.

    A document with a file in it takes the format of its `mediaType` (ASS_A12). Raises UnknownCode.
    """
    return _associated(FORMAT_OF_SOURCE, source, "document_format", on)


def association(name: str, on: date | None = None) -> Association:
    """The association of that name (`type_to_class`, `source_to_format`) on that day, or today's."""
    versions = _associations.get(name, ())
    return version_on(versions, on or _today()) or shipped_association(name) if versions else shipped_association(name)


def _associated(name: str, source: str, target: str, on: date | None) -> Concept:
    code = association(name, on).pairs.get(source)
    if code is None:
        raise UnknownCode(name)
    return concept(target, code, on)


def check_oid(newer: ValueSet) -> None:
    """Raises ValueError when `newer` is another set than ours: its OID is neither the shipped one's nor its twin's."""
    ours = shipped(newer.name)
    if newer.oid not in (ours.oid, ours.twin):
        raise ValueError(f"OID inattendu pour le jeu de valeurs {newer.name}")


def install(newer: ValueSet) -> None:
    """Adds an operator's copy (`read_svs`) of a set: from its first day on it takes the place of those before it.

    Raises ValueError when it is another set: its OID is neither the shipped one's nor that of its twin.
    """
    check_oid(newer)
    ours = shipped(newer.name)
    alone = replace(newer, twin=ours.twin, versions=())
    before = [replace(known, versions=()) for known in _sets.get(newer.name, (ours,))]
    others = [known for known in before if (known.since, known.version) != (alone.since, alone.version)]
    ordered = (ours, *sorted([*(known for known in others if known != ours), alone], key=lambda known: known.since))
    _sets[newer.name] = tuple(replace(known, versions=ordered) for known in ordered)


def install_association(newer: Association) -> None:
    """Adds an operator's copy of an association (`type_to_class`, `source_to_format`), like `install`."""
    before = _associations.get(newer.name, (shipped_association(newer.name),))
    others = [known for known in before[1:] if (known.since, known.version) != (newer.since, newer.version)]
    _associations[newer.name] = (before[0], *sorted([*others, newer], key=lambda known: known.since))


def reset() -> None:
    """Back to what is shipped, for every set and association."""
    _sets.clear()
    _associations.clear()


def uninstall(name: str) -> None:
    """Back to the shipped set, or association."""
    _sets.pop(name, None)
    _associations.pop(name, None)


def installed() -> tuple[ValueSet | Association, ...]:
    """Every version the operator installed, by name, then from the oldest."""
    sets = [version for name in sorted(_sets) for version in _sets[name][1:]]
    return (*sets, *(version for name in sorted(_associations) for version in _associations[name][1:]))


@cache
def names() -> dict[str, str]:
    """The names of the shipped value sets and associations by OID, that of the CI-SIS twin included.

    Without the tables that are a part of a code system (LOINC, TRE_G15…): no package has those, only whole systems.
    """
    known = {}
    for name in all_names():
        head, rows = _read(name)
        if all(head["oid"] not in row[1:2] for row in rows):
            known.update({oid: name for oid in (head["oid"], head.get("twin", "")) if oid})
    return known


@cache
def all_names() -> tuple[str, ...]:
    """The names of all that is shipped."""
    files = (resources.files("hub_interop.terminologies") / "data").iterdir()
    return tuple(sorted(item.name.removesuffix(".tsv") for item in files if item.name.endswith(".tsv")))


@cache
def twin_of(name: str) -> str:
    """The OID of the CI-SIS twin of the DMP's set (or association) of that name, empty when it has none."""
    return _read(name)[0].get("twin", "")


@cache
def shipped(name: str) -> ValueSet:
    """The set as the hub ships it. Raises FileNotFoundError."""
    head, rows = _read(name)
    until = head.get("until")
    concepts, homonyms = with_concepts([_concept(row) for row in rows])
    return ValueSet(
        name=head["name"],
        oid=head["oid"],
        version=head["version"],
        source=head["source"],
        since=date.fromisoformat(head["since"]),
        until=date.fromisoformat(until) if until else None,
        concepts=concepts,
        twin=head.get("twin", ""),
        homonyms=homonyms,
    )


@cache
def shipped_association(name: str) -> Association:
    """The association as the hub ships it. Raises FileNotFoundError."""
    head, rows = _read(name)
    pairs = {row[0]: row[1] for row in rows}
    since = date.fromisoformat(head["since"])
    return Association(name, head["oid"], head["version"], head["source"], since, None, pairs)


def _concept(row: tuple[str, ...]) -> Concept:
    code, system, label, since, until = (*row, "", "")[:5]
    return Concept(
        code,
        system,
        label,
        date.fromisoformat(since) if since else None,
        date.fromisoformat(until) if until else None,
    )


def _read(name: str) -> tuple[dict[str, str], list[tuple[str, ...]]]:
    text = (resources.files("hub_interop.terminologies") / "data" / f"{name}.tsv").read_text("utf-8")
    lines = text.splitlines()
    head = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    rows = [tuple(line.split("\t")) for line in lines if line and not line.startswith("# ")]
    return head, rows[1:]
