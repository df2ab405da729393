"""The annuaire's files: what an operator writes, checked as a whole before anything is stored.

structures:
  - structure_id: 0190…            # optional: minted at the first load, found again by a national identifier
    identifiers: [{value: "1330000001", since: 2020-01-01}]
    name: …  sector: SA33  practice_setting: AMBULATOIRE  mode: exercise
    address: {lines: [1 rue des Lilas], postal_code: "33000", city: Bordeaux}
professionals:
  - id: "801234567897"
    family_name: …  given_name: …  civility: MME  profession: "21"  subsection: A
    exercises: [{structure: "1330000001", since: 2020-01-01}]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hub_contracts.events.directory import Mode, PostalAddress
from hub_identity.annuaire_rules import known_identifier, known_profession, known_sector, known_setting


class AnnuaireInvalid(Exception):
    """The files can't be loaded; `problems` are `file: where: what` lines. Nothing was stored."""

    code = "ANNUAIRE_INVALID"

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


def _moment(value: object) -> object:
    """A day means its first instant, UTC."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), UTC)
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value


Moment = Annotated[datetime, BeforeValidator(_moment)]
Text = Annotated[str, Field(min_length=1, max_length=200)]


class Entry(BaseModel):
    """Frozen; an unknown field is a typo."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Period(Entry):
    """From `since` (included) to `until` (excluded, open when absent)."""

    since: Moment
    until: Moment | None = None


class IdentifierEntry(Period):
    """A national identifier and when it is worn."""

    value: str


class ExerciseEntry(Period):
    """Work in a structure, named by its structure_id or one of its national identifiers."""

    structure: str


class StructureEntry(Entry):
    """A structure as the file gives it."""

    structure_id: UUID | None = None
    identifiers: Annotated[tuple[IdentifierEntry, ...], Field(min_length=1)]
    name: Text
    sector: str
    practice_setting: str
    address: PostalAddress
    phone: str | None = None
    mode: Mode = Mode.EXERCISE
    active: bool = True


class ProfessionalEntry(Entry):
    """A professional as the file gives it."""

    id: str
    family_name: Text
    given_name: Text
    civility: str | None = None
    title: str | None = None
    profession: str
    subsection: str | None = None
    exercises: tuple[ExerciseEntry, ...] = ()


class AnnuaireFile(Entry):
    """One file."""

    structures: tuple[StructureEntry, ...] = ()
    professionals: tuple[ProfessionalEntry, ...] = ()


def read_folder(folder: Path) -> AnnuaireFile:
    """Everything in the folder's *.yaml and *.yml files, as one. Raises AnnuaireInvalid with every problem found."""
    files = sorted(f for f in folder.glob("*") if f.suffix in {".yaml", ".yml"})
    if not files:
        raise AnnuaireInvalid([f"{folder.name}: no .yaml file"])
    problems: list[str] = []
    read: list[AnnuaireFile] = []
    for file in files:
        try:
            read.append(AnnuaireFile.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")) or {}))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            problems.append(f"{file.name}: can't be read ({type(error).__name__})")
        except ValidationError as error:
            problems += [f"{file.name}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
    whole = AnnuaireFile(
        structures=tuple(s for f in read for s in f.structures),
        professionals=tuple(p for f in read for p in f.professionals),
    )
    problems += check(whole)
    if problems:
        raise AnnuaireInvalid(problems)
    return whole


def check(annuaire: AnnuaireFile) -> list[str]:
    """What is wrong with the content: numbers, dates, codes, doubles."""
    problems: list[str] = []
    for structure in annuaire.structures:
        problems += [f"structure {structure.name}: {text}" for text in _structure_problems(structure)]
    for professional in annuaire.professionals:
        problems += [f"professional {professional.id}: {text}" for text in _professional_problems(professional)]
    problems += _doubles("structure_id", (str(s.structure_id) for s in annuaire.structures if s.structure_id))
    problems += _doubles("professional", (p.id for p in annuaire.professionals))
    problems += _shared_identifiers(annuaire.structures)
    return problems


def _structure_problems(structure: StructureEntry) -> Iterator[str]:
    for identifier in structure.identifiers:
        if not known_identifier(identifier.value):
            yield f"identifier {identifier.value}: not a Struct_IdNat (1 + FINESS…), or its key is wrong"
    yield from _periods(structure.identifiers)
    if not known_sector(structure.sector):
        yield f"sector {structure.sector} is not in JDV_J61"
    if not known_setting(structure.practice_setting):
        yield f"practice_setting {structure.practice_setting} is not in JDV_J62"


def _professional_problems(professional: ProfessionalEntry) -> Iterator[str]:
    if not known_identifier(professional.id, professional=True):
        yield "not a PS_IdNat (8 + RPPS, 0 + ADELI…), or its check digit is wrong"
    if professional.civility not in {None, "M", "MME"}:
        yield "civility must be M or MME (JDV_J245)"
    if professional.title not in {None, "DR", "MC", "MG", "PC", "PG", "PR"}:
        yield "title must be one of DR MC MG PC PG PR (JDV_J246)"
    if not known_profession(professional.profession, professional.subsection):
        yield f"profession {professional.profession}/{professional.subsection} is not in JDV_J01"
    yield from _periods(professional.exercises)


def _periods(periods: Iterable[Period]) -> Iterator[str]:
    for period in periods:
        if period.until is not None and period.until <= period.since:
            yield "a period ends before it begins"


def _doubles(what: str, values: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            yield f"{what} {value} is given twice"
        seen.add(value)


def _shared_identifiers(structures: Sequence[StructureEntry]) -> Iterator[str]:
    """One number is worn by one structure at a time."""
    worn: dict[str, list[tuple[IdentifierEntry, StructureEntry]]] = {}
    for structure in structures:
        for item in structure.identifiers:
            for other, owner in worn.get(item.value, []):
                if _overlap(item, other):
                    yield f"identifier {item.value} is worn twice at once ({owner.name}, {structure.name})"
            worn.setdefault(item.value, []).append((item, structure))


def _overlap(a: Period, b: Period) -> bool:
    return (b.until is None or a.since < b.until) and (a.until is None or b.since < a.until)


def as_json(model: BaseModel) -> dict[str, Any]:
    """The model as JSON values."""
    return model.model_dump(mode="json")
