"""Value sets shipped with the hub, one TSV file each (`data/`), loaded when first asked for.

A file's head says its name, OID (and that of its CI-SIS twin), version, source and since when it holds; each line is
code, system, label and, where they differ from the set's, the first and last day of the code. An operator's newer copy
takes the place of ours with `install` (EX_GEN-1360: value sets are data).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources


class UnknownCode(LookupError):
    """The code is not in the value set on that day. The text names the set, never the code, which a person gave."""

    def __init__(self, name: str) -> None:
        super().__init__(f"code absent du jeu de valeurs {name}")
        self.value_set = name


@dataclass(frozen=True, slots=True)
class Concept:
    """A code with its system (OID) and French label."""

    code: str
    system: str
    label: str
    since: date | None = None
    until: date | None = None

    def holds(self, on: date) -> bool:
        """Is the code in force on that day? Without dates of its own it is while its set is."""
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A dated value set. `until` is the last day it holds, None while it is in force."""

    name: str
    oid: str
    version: str
    source: str
    since: date
    until: date | None = None
    concepts: dict[str, Concept] = field(default_factory=dict, repr=False)
    twin: str = ""

    def get(self, code: str | None, on: date | None = None) -> Concept | None:
        """The concept, None when the set lacks it (or set or code doesn't hold on that day)."""
        found = self.concepts.get(code) if code is not None else None
        if found is None or on is None or (self.holds(on) and found.holds(on)):
            return found
        return None

    def holds(self, on: date) -> bool:
        """Is the set in force on that day?"""
        return self.since <= on and (self.until is None or on <= self.until)

    def __iter__(self) -> Iterator[Concept]:
        return iter(self.concepts.values())


_installed: dict[str, ValueSet] = {}


def value_set(name: str) -> ValueSet:
    """The value set of that name (`sector`, `document_type`…). Raises FileNotFoundError when there is none."""
    return _installed.get(name) or _shipped(name)


def install(newer: ValueSet) -> None:
    """Uses an operator's copy (`read_svs`) in place of the shipped set of that name: at start, before any document.

    Raises ValueError when it is another set: its OID is neither the shipped one's nor that of its twin.
    """
    shipped = _shipped(newer.name)
    if newer.oid not in (shipped.oid, shipped.twin):
        raise ValueError(f"OID inattendu pour le jeu de valeurs {newer.name}")
    _installed[newer.name] = newer


def uninstall(name: str) -> None:
    """Back to the shipped set."""
    _installed.pop(name, None)


@cache
def _shipped(name: str) -> ValueSet:
    head, rows = _read(name)
    until = head.get("until")
    return ValueSet(
        name=head["name"],
        oid=head["oid"],
        version=head["version"],
        source=head["source"],
        since=date.fromisoformat(head["since"]),
        until=date.fromisoformat(until) if until else None,
        concepts={row[0]: _concept(row) for row in rows},
        twin=head.get("twin", ""),
    )


def _concept(row: tuple[str, ...]) -> Concept:
    code, system, label, since, until = (*row, "", "")[:5]
    return Concept(
        code,
        system,
        label,
        date.fromisoformat(since) if since else None,
        date.fromisoformat(until) if until else None,
    )


def concept(name: str, code: str | None, on: date | None = None) -> Concept:
    """The concept of that code in the value set. Raises UnknownCode."""
    found = value_set(name).get(code, on)
    if found is None:
        raise UnknownCode(name)
    return found


@cache
def _classes() -> dict[str, str]:
    return dict(_read("type_to_class")[1])  # type: ignore[arg-type]


def class_of_type(document_type: str) -> Concept:
    """The class (JDV_J57) that a document type (JDV_J66) belongs to: never a free choice. Raises UnknownCode."""
    code = _classes().get(document_type)
    if code is None:
        raise UnknownCode("type_to_class")
    return concept("document_class", code)


def _read(name: str) -> tuple[dict[str, str], list[tuple[str, ...]]]:
    text = (resources.files("hub_interop.terminologies") / "data" / f"{name}.tsv").read_text("utf-8")
    lines = text.splitlines()
    head = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    rows = [tuple(line.split("\t")) for line in lines if line and not line.startswith("# ")]
    return head, rows[1:]
