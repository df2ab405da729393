"""What the NIR says of its bearer, against the traits. Never a reason to refuse: sex and birth records get corrected.

A person looks at these warnings; `check_identity` tells what does keep an identity from being used.
"""

from __future__ import annotations

from collections.abc import Iterator

from hub_interop.ins.identity import Declared, InsProblem
from hub_interop.ins.matricule import MatriculeInvalid, split_matricule
from hub_interop.ins.traits import COG, birth_date_problem

_TEXTS = {
    "INS_NIR_SEX_DIFFERS": "Le sexe n'est pas celui que porte le matricule INS.",
    "INS_NIR_BIRTH_DIFFERS": "L'année ou le mois de naissance n'est pas celui que porte le matricule INS.",
    "INS_NIR_PLACE_DIFFERS": "Le lieu de naissance n'est pas celui que porte le matricule INS.",
}
_AMBIGUOUS_DEPARTMENTS = frozenset({"91", "92", "93", "94", "95", "96"})
"""Also Algeria, Morocco and Tunisia before independence: the COG is then `99xxx`."""
_OVERSEAS = frozenset({"97", "98"})


def nir_warnings(identity: Declared) -> list[InsProblem]:
    """Where sex, birth and place differ from the matricule; empty when it can't be read or when all agree."""
    try:
        number, _ = split_matricule(identity.matricule)
    except MatriculeInvalid:
        return []
    return [InsProblem(code, field, _TEXTS[code]) for code, field in _differences(number, identity)]


def _differences(number: str, identity: Declared) -> Iterator[tuple[str, str]]:
    if identity.sex in ("M", "F") and identity.sex != ("M" if number[0] == "1" else "F"):
        yield "INS_NIR_SEX_DIFFERS", "sex"
    if not birth_date_problem(identity.birth_date) and _birth_differs(number, identity.birth_date):
        yield "INS_NIR_BIRTH_DIFFERS", "birth_date"
    if COG.fullmatch(identity.birth_place_code) and _place_differs(number[5:10], identity.birth_place_code):
        yield "INS_NIR_PLACE_DIFFERS", "birth_place_code"


def _birth_differs(number: str, birth_date: str) -> bool:
    month, known = number[3:5], birth_date[5:7]
    both_known = "01" <= month <= "12" and "01" <= known <= "12"
    return number[1:3] != birth_date[2:4] or (both_known and month != known)


def _place_differs(place: str, cog: str) -> bool:
    if place == cog or (place[:2] == "20" and cog[:2] in ("2A", "2B")):  # Corsica before 1976
        return False
    department = place[:2]
    if cog.startswith("99"):
        return department != "99" and department not in _AMBIGUOUS_DEPARTMENTS
    if department in _OVERSEAS:
        return place[:3] != cog[:3]
    return department != cog[:2]
