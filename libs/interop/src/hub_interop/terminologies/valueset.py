"""Value sets shipped with the hub, one TSV file each (`data/`), loaded when first asked for.

A file's head says its name, OID, version, source and since when it holds; each line is code, system, label.
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

    def get(self, code: str | None, on: date | None = None) -> Concept | None:
        """The concept, None when the set lacks it (or doesn't hold on that day)."""
        if code is None or (on is not None and not self.holds(on)):
            return None
        return self.concepts.get(code)

    def holds(self, on: date) -> bool:
        """Is the set in force on that day?"""
        return self.since <= on and (self.until is None or on <= self.until)

    def __iter__(self) -> Iterator[Concept]:
        return iter(self.concepts.values())


@cache
def value_set(name: str) -> ValueSet:
    """The value set of that name (`sector`, `document_type`…). Raises FileNotFoundError when there is none."""
    head, rows = _read(name)
    until = head.get("until")
    return ValueSet(
        name=head["name"],
        oid=head["oid"],
        version=head["version"],
        source=head["source"],
        since=date.fromisoformat(head["since"]),
        until=date.fromisoformat(until) if until else None,
        concepts={code: Concept(code, system, label) for code, system, label in rows},
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
