"""What new value sets change, code by code, and what of the hub's documents they would stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from hub_interop.terminologies import registry
from hub_interop.terminologies.package import Package
from hub_interop.terminologies.valueset import Association, Concept, ValueSet

_TYPES, _FORMATS, _SPECIALTIES = "document_type", "document_format", "author_specialty"


@dataclass(frozen=True, slots=True)
class Tables:
    """The sets and associations in force together on a day, by name."""

    sets: dict[str, ValueSet] = field(repr=False)
    associations: dict[str, Association] = field(repr=False)

    def with_package(self, package: Package) -> Tables:
        """These tables once `package` is in force."""
        return Tables(
            {**self.sets, **{item.name: item for item in package.value_sets}},
            {**self.associations, **{item.name: item for item in package.associations}},
        )


def tables_on(on: date) -> Tables:
    """The tables that the hub uses on that day."""
    sets = (name for name in registry.all_names() if name not in registry.ASSOCIATIONS)
    return Tables(
        {name: registry.value_set(name, on) for name in sets},
        {name: registry.association(name, on) for name in registry.ASSOCIATIONS},
    )


@dataclass(frozen=True, slots=True)
class Built:
    """What the hub builds documents with: types (JDV_J66), formats (JDV_J60), specialties of authors (JDV_J56)."""

    types: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    specialties: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SetChanges:
    """What changes in one set. Pairs are (before, after)."""

    name: str
    added: tuple[Concept, ...] = ()
    removed: tuple[Concept, ...] = ()
    relabelled: tuple[tuple[Concept, Concept], ...] = ()
    moved: tuple[tuple[Concept, Concept], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.relabelled or self.moved)


@dataclass(frozen=True, slots=True)
class Changes:
    """What changes on a day, and the codes that the hub uses and could use no more."""

    on: date
    sets: tuple[SetChanges, ...]
    reclassified: tuple[tuple[str, str, str], ...] = ()
    types_unknown: tuple[str, ...] = ()
    types_without_class: tuple[str, ...] = ()
    formats_unknown: tuple[str, ...] = ()
    specialties_gone: tuple[str, ...] = ()

    @property
    def harmful(self) -> bool:
        """Does the hub lose something that it builds?"""
        return bool(self.types_unknown or self.types_without_class or self.formats_unknown or self.specialties_gone)


def changes(before: Tables, after: Tables, on: date, built: Built | None = None) -> Changes:
    """What differs between two states of the tables for documents of that day.

    `built` is what the hub builds; without it, all that it could build before.
    """
    used = built or Built(
        frozenset(code for code in before.associations[registry.CLASS_OF_TYPE].pairs if _has(before, _TYPES, code, on)),
        frozenset(before.associations[registry.FORMAT_OF_SOURCE].pairs.values()),
        frozenset(before.sets[_SPECIALTIES].concepts),
    )
    old, new = (tables.associations[registry.CLASS_OF_TYPE].pairs for tables in (before, after))
    compared = (_compare(before.sets[name], after.sets[name], on) for name in sorted(after.sets))
    known = [code for code in sorted(used.types) if _has(after, _TYPES, code, on)]
    return Changes(
        on,
        tuple(item for item in compared if item),
        tuple((code, old[code], new[code]) for code in sorted(old.keys() & new.keys()) if old[code] != new[code]),
        tuple(code for code in sorted(used.types) if code not in known),
        tuple(code for code in known if not _has(after, "document_class", new.get(code), on)),
        tuple(code for code in sorted(used.formats) if not _has(after, _FORMATS, code, on)),
        tuple(code for code in sorted(used.specialties) if not _has(after, _SPECIALTIES, code, on)),
    )


def _has(tables: Tables, name: str, code: str | None, on: date) -> bool:
    found = tables.sets[name].concepts.get(code) if code is not None else None
    return found is not None and found.holds(on)


def _compare(before: ValueSet, after: ValueSet, on: date) -> SetChanges:
    old = {(item.code, item.system): item for item in before if item.holds(on)}
    new = {(item.code, item.system): item for item in after if item.holds(on)}
    gone = {code: item for (code, system), item in old.items() if (code, system) not in new}
    come = {code: item for (code, system), item in new.items() if (code, system) not in old}
    return SetChanges(
        after.name,
        tuple(item for code, item in come.items() if code not in gone),
        tuple(item for code, item in gone.items() if code not in come),
        tuple((old[key], new[key]) for key in old if key in new and old[key].label != new[key].label),
        tuple((gone[code], come[code]) for code in gone if code in come),
    )
