"""Is a declared identity one that may be used with the DMP? All that is wrong is told at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub_interop.ins.matricule import Environment, InsKind, MatriculeInvalid, ins_oid, split_matricule
from hub_interop.ins.traits import COG, TraitRefused, birth_date_problem, comparison_key, first_name_fits

_TEXTS = {
    "INS_MISSING": "Le matricule INS manque.",
    "INS_FORMAT_INVALID": "Le matricule INS n'a pas la forme attendue : 13 caractères et une clé de 2 chiffres.",
    "INS_KEY_INVALID": "La clé du matricule INS est fausse.",
    "INS_OID_UNKNOWN": "L'OID du matricule INS n'est pas connu.",
    "INS_OID_WRONG_ENVIRONMENT": "L'OID du matricule INS n'est pas celui de cet environnement.",
    "INS_NIA_NOT_ALLOWED": "Un numéro d'attente (NIA) ou un INS calculé ne permet pas d'alimenter le DMP.",
    "INS_TRAITS_INCOMPLETE": "Ce trait strict manque.",
    "INS_TRAITS_INCONSISTENT": "Ce trait n'a pas la forme attendue ou en contredit un autre.",
}


@dataclass(frozen=True, slots=True)
class InsProblem:
    """A stable code, the field of the public Patient object (`ins/matricule`…), a sentence without values."""

    code: str
    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Declared:
    """An identity as declared, with its matricule. Dates are AAAA-MM-JJ, the birth place a COG code."""

    matricule: str
    oid: str
    birth_name: str
    birth_given_names: str
    first_birth_given_name: str
    sex: str
    birth_date: str
    birth_place_code: str

    def __repr__(self) -> str:
        return "<Declared>"


def check_identity(identity: Declared, environment: Environment) -> list[InsProblem]:
    """Everything that keeps the identity from being used with the DMP; empty when nothing does (RNIV EXI SI 07/08)."""
    return [*_oid(identity, environment), *_matricule(identity), *_names(identity), *_others(identity)]


def check_ins(matricule: str, oid: str, environment: Environment) -> list[InsProblem]:
    """The same for a matricule and its OID alone, without traits."""
    bare = Declared(matricule, oid, "", "", "", "", "", "")
    return [*_oid(bare, environment), *_matricule(bare)]


def _problem(code: str, field: str) -> InsProblem:
    return InsProblem(code, field, _TEXTS[code])


def _oid(identity: Declared, environment: Environment) -> Iterator[InsProblem]:
    known = ins_oid(identity.oid)
    if known is None:
        yield _problem("INS_OID_UNKNOWN", "ins/oid")
    elif known.environment is not environment:
        yield _problem("INS_OID_WRONG_ENVIRONMENT", "ins/oid")
    elif known.kind is not InsKind.NIR:
        yield _problem("INS_NIA_NOT_ALLOWED", "ins/oid")


def _matricule(identity: Declared) -> Iterator[InsProblem]:
    if not identity.matricule:
        yield _problem("INS_MISSING", "ins/matricule")
        return
    try:
        split_matricule(identity.matricule)
    except MatriculeInvalid as error:
        yield _problem(error.code, "ins/matricule")


def _names(identity: Declared) -> Iterator[InsProblem]:
    readable = True
    for field in ("birth_name", "first_birth_given_name", "birth_given_names"):
        text = getattr(identity, field)
        if not text.strip():
            yield _problem("INS_TRAITS_INCOMPLETE", field)
            readable = False
            continue
        try:
            comparison_key(text)
        except TraitRefused:
            yield _problem("INS_TRAITS_INCONSISTENT", field)
            readable = False
    if readable and not first_name_fits(identity.first_birth_given_name, identity.birth_given_names):
        yield _problem("INS_TRAITS_INCONSISTENT", "first_birth_given_name")


def _others(identity: Declared) -> Iterator[InsProblem]:
    if identity.sex not in ("F", "M"):
        yield _problem("INS_TRAITS_INCOMPLETE", "sex")
    if not identity.birth_date:
        yield _problem("INS_TRAITS_INCOMPLETE", "birth_date")
    elif birth_date_problem(identity.birth_date):
        yield _problem("INS_TRAITS_INCONSISTENT", "birth_date")
    if not identity.birth_place_code:
        yield _problem("INS_TRAITS_INCOMPLETE", "birth_place_code")
    elif not COG.fullmatch(identity.birth_place_code):
        yield _problem("INS_TRAITS_INCONSISTENT", "birth_place_code")
