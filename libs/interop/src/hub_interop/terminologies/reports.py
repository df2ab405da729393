"""What the operator reads about value sets: French lines for `value-sets check`, `install` and `list`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from hub_interop.terminologies.changes import Built, Changes, SetChanges, changes, tables_on
from hub_interop.terminologies.installed import InstalledPackage, add_package, read_installed
from hub_interop.terminologies.package import Package, read_package

_LABELS = {
    "civility": "civilités",
    "encounter": "types de rencontre",
    "immunization_act": "actes de vaccination",
    "immunization_route": "voies d'administration des vaccins",
    "immunization_site": "sites de vaccination",
    "participation_function": "rôles fonctionnels (JDV_J47)",
    "participation_type": "types de participation (JDV_J144)",
    "patient_relation": "relations avec le patient (JDV_J11)",
    "profession": "professions de santé (TRE_G15)",
    "role": "rôles de prise en charge (TRE_R85)",
    "sex": "sexe (JDV_J143)",
    "title": "titres (JDV_J246)",
    "trod_result": "résultats de TROD",
    "author_specialty": "spécialités des auteurs (JDV_J56)",
    "confidentiality": "confidentialité (JDV_J58)",
    "content_type": "types d'activité du lot (JDV_J59)",
    "document_class": "classes de documents (JDV_J57)",
    "document_format": "formats de documents (JDV_J60)",
    "document_type": "types de documents (JDV_J66)",
    "practice_setting": "cadres d'exercice (JDV_J62)",
    "sector": "secteurs d'activité (JDV_J61)",
    "source_to_format": "formats selon le modèle (ASS_A11, ASS_A12)",
    "subject_role": "rôles de l'utilisateur (JDV_J65)",
    "type_to_class": "classes selon le type (ASS_X16)",
    "vihf_audience": "restriction d'audience du VIHF (JDV_J64)",
}


def check_lines(path: Path, since: date | None = None, built: Built | None = None) -> list[str]:
    """What the package holds and would change on its first day, installing nothing. Raises PackageRefused."""
    package = read_package(path, since)
    return [*package_lines(package), *changes_lines(_effect(package, built))]


def install_lines(folder: Path, path: Path, since: date, built: Built | None = None) -> list[str]:
    """Adds the package to the folder and says what it changes. Raises PackageRefused."""
    effect = _effect(read_package(path, since), built)
    added = add_package(folder, path, since)
    return [
        *package_lines(added.package),
        *changes_lines(effect),
        f"Installé : en vigueur à partir du {since:%d/%m/%Y}, au prochain démarrage des services.",
    ]


def list_lines(folder: Path, on: date) -> list[str]:
    """The packages of the folder, the one in force on that day marked. Raises PackageRefused."""
    found = read_installed(folder)
    if not found:
        return ["Aucun paquet installé : le hub emploie les jeux de valeurs livrés avec lui."]
    current = max((item.since for item in found if item.since <= on), default=None)
    return [_line(item, on, current) for item in found]


def package_lines(package: Package) -> list[str]:
    """The package: identity, sets recognised, files ignored with the reason."""
    lines = [f"Paquet {package.name}, version {package.version}", f"SHA-256 {package.sha256}"]
    for item in package.value_sets:
        count = sum(1 for _ in item)
        lines.append(f"  {_label(item.name)} : version {item.version}, {_count(count, 'code')}")
    for table in package.associations:
        lines.append(f"  {_label(table.name)} : version {table.version}, {_count(len(table.pairs), 'code')}")
    lines += [f"  ignoré : {file.name} ({file.reason})" for file in package.ignored]
    return lines


def changes_lines(found: Changes) -> list[str]:
    """What changes, then what the hub loses; one line each."""
    lines = [f"Changements au {found.on:%d/%m/%Y} :"]
    for item in found.sets:
        lines += _set_lines(item)
    lines += [f"  type {code} : classe {before} -> {after}" for code, before, after in found.reclassified]
    if len(lines) == 1:
        lines.append("  aucun")
    lines += _losses("types de documents que le hub ne pourra plus construire", found.types_unknown)
    lines += _losses("types de documents sans classe, donc refusés", found.types_without_class)
    lines += _losses("formats inconnus", found.formats_unknown)
    lines += _losses("spécialités d'auteurs qui disparaissent", found.specialties_gone)
    if not found.harmful:
        lines.append("Rien de ce que le hub construit n'est perdu.")
    return lines


def _effect(package: Package, built: Built | None) -> Changes:
    on = package.complete_from
    before = tables_on(on)
    return changes(before, before.with_package(package), on, built)


def _set_lines(item: SetChanges) -> list[str]:
    lines = [
        f"  {_label(item.name)} : {_count(len(item.added), 'ajout')}, {_count(len(item.removed), 'retrait')}, "
        f"{_count(len(item.relabelled), 'libellé changé', 'libellés changés')}, "
        f"{_count(len(item.moved), 'système changé', 'systèmes changés')}"
    ]
    lines += [f"    + {concept.code} {concept.label}" for concept in item.added]
    lines += [f"    - {concept.code} {concept.label}" for concept in item.removed]
    lines += [f"    ~ {before.code} {before.label} -> {after.label}" for before, after in item.relabelled]
    lines += [f"    ~ {before.code} système {before.system} -> {after.system}" for before, after in item.moved]
    return lines


def _losses(title: str, codes: Iterable[str]) -> list[str]:
    named = ", ".join(codes)
    return [f"ATTENTION, {title} : {named}"] if named else []


def _line(item: InstalledPackage, on: date, current: date | None) -> str:
    state = "en vigueur" if item.since == current else "à venir" if item.since > on else "remplacé"
    sets = len(item.package.value_sets) + len(item.package.associations)
    return (
        f"{item.path.name} : à partir du {item.since:%d/%m/%Y} ({state}), version {item.package.version}, "
        f"{_count(sets, 'table')}, SHA-256 {item.package.sha256[:12]}…"
    )


def _label(name: str) -> str:
    return _LABELS.get(name, name)


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number < 2 else several or one + 's'}"
