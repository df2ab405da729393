"""An invented region: pharmacies, a nurses' cabinet, professionals, LGO accounts, patients. Nothing in it is real.

Numbers have the right shape and check digits; matricules carry the test OID.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

SPACE = UUID("0192d3a8-0000-7000-8000-0000000000ab")
TEST_OID = "1.2.250.1.213.1.4.10"
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
ACT_SCOPES = ("acts:write", "acts:read", "patients:declare")
AUDIT_SCOPE = "audit:read"

_FAMILY = ("DURAND-TEST", "LEFEBVRE-TEST", "MOREAU-TEST", "LE GOFF-TEST", "D'ARC-TEST", "PETIT-TEST", "ROUX-TEST")
_GIVEN_F = ("CAMILLE", "MARIE-LOUISE", "ZOE", "INES", "JEANNE", "ANNE")
_GIVEN_M = ("PIERRE", "JEAN-CHRISTOPHE", "MALO", "YANN", "LUC", "HUGO")
_BIRTH_PLACES = ("33063", "29019", "75112", "2A004", "2B033", "97209", "99134", "51215")
_VACCINES = (
    ("61298120", "3400930012340", "J07BB02", "vaccin grippal inactivé", "VACCIN GRIPPE TEST"),
    ("68747507", "3400932857241", "J07AM01", "anatoxine tétanique", "VACCIN TETANOS TEST"),
    ("66012340", "3400936012345", "J07AL02", "pneumocoque conjugué", "VACCIN PNEUMO TEST"),
)


def luhn(digits: str) -> str:
    """The digits with their Luhn check digit added."""
    total = 0
    for index, char in enumerate(reversed(digits)):
        value = int(char) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def ean13(twelve: str) -> str:
    """A 13-digit code with its check digit."""
    total = sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(twelve))
    return twelve + str(-total % 10)


def with_nir_key(thirteen: str) -> str:
    """A matricule of 13 characters with its key (2A counts as 19, 2B as 18)."""
    plain = thirteen.replace("2A", "19").replace("2B", "18")
    return f"{thirteen}{97 - int(plain) % 97:02d}"


@dataclass(frozen=True, slots=True)
class Professional:
    """A pharmacist (21, with a subsection) or a nurse (60)."""

    id: str
    family_name: str
    given_name: str
    profession: str
    subsection: str | None


@dataclass(frozen=True, slots=True)
class Structure:
    """A pharmacy (SA33) or a nurses' cabinet (SA07), with the professional who writes its acts."""

    structure_id: UUID
    national_id: str
    name: str
    sector: str
    author: Professional
    client_id: str


@dataclass(frozen=True, slots=True)
class World:
    """All of the region. `secrets` are the LGO accounts' passwords, made for this run only."""

    structures: tuple[Structure, ...]
    clients: tuple[str, ...]
    auditor: str = "auditeur-regional"
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


def make_world(pharmacies: int, cabinets: int, accounts: int | None = None) -> World:
    """A region of that size; the same numbers give the same region, passwords apart.

    `accounts` spreads the structures over that many LGO accounts; by default two pharmacies share one.
    """
    structures = tuple(_structure(n, n < pharmacies, accounts) for n in range(pharmacies + cabinets))
    clients = tuple(dict.fromkeys(s.client_id for s in structures))
    system = random.SystemRandom()
    secrets = {name: f"{system.getrandbits(128):032x}" for name in (*clients, "auditeur-regional")}
    return World(structures, clients, secrets=secrets)


def _structure(number: int, pharmacy: bool, accounts: int | None) -> Structure:
    author = Professional(
        id="8" + luhn(f"{1000000000 + number}"),
        family_name=f"TESTAUTEUR{_letters(number)}",
        given_name=("Camille", "Dominique", "Claude")[number % 3],
        profession="21" if pharmacy else "60",
        subsection="A" if pharmacy else None,
    )
    national_id = "1" + luhn(f"{33000000 + number}") if pharmacy else "3" + luhn(f"{9000000000000 + number}")
    kind = "PHARMACIE DE TEST" if pharmacy else "CABINET INFIRMIER DE TEST"
    own = number // 2 * 2 if pharmacy else number
    client = f"lgo-{own if accounts is None else number % accounts}"
    return Structure(
        structure_id=uuid5(SPACE, f"structure {number}"),
        national_id=national_id,
        name=f"{kind} {_letters(number)}",
        sector="SA33" if pharmacy else "SA07",
        author=author,
        client_id=client,
    )


def _letters(number: int) -> str:
    text = ""
    while True:
        text = chr(ord("A") + number % 26) + text
        number = number // 26 - 1
        if number < 0:
            return text


def annuaire(world: World) -> dict[str, list[dict[str, Any]]]:
    """The region as the files that `hub-identity load-annuaire` reads: structures and professionals."""
    structures = [
        {
            "structure_id": str(s.structure_id),
            "identifiers": [{"value": s.national_id, "since": SINCE.isoformat()}],
            "name": s.name,
            "sector": s.sector,
            "practice_setting": "AMBULATOIRE",
            "address": {"lines": [f"{n + 1} rue de l'Essai"], "postal_code": "33000", "city": "BORDEAUX"},
            "phone": f"05000{n:05d}",
            "mode": "exercise",
        }
        for n, s in enumerate(world.structures)
    ]
    professionals = [
        {
            "id": s.author.id,
            "family_name": s.author.family_name,
            "given_name": s.author.given_name,
            "civility": "MME",
            "profession": s.author.profession,
            **({"subsection": s.author.subsection} if s.author.subsection else {}),
            "exercises": [{"structure": str(s.structure_id), "since": SINCE.isoformat()}],
        }
        for s in world.structures
    ]
    return {"structures": structures, "professionals": professionals}


def accounts(world: World) -> dict[str, list[dict[str, Any]]]:
    """The region as the file that `hub-gateway load-accounts` reads."""
    entries = [
        {
            "client_id": client,
            "name": f"Logiciel {client}",
            "memberships": [
                {"structure_id": str(s.structure_id), "scopes": list(ACT_SCOPES), "since": SINCE.isoformat()}
                for s in world.structures
                if s.client_id == client
            ],
        }
        for client in world.clients
    ]
    return {"accounts": entries}


def patients(seed: int) -> Iterator[dict[str, Any]]:
    """Endless invented patients with a qualified test INS, as the API takes them. The same seed gives the same ones."""
    rng = random.Random(seed)  # noqa: S311 - invented people, not secrets
    number = seed * 1_000_000
    seen: set[str] = set()
    while True:
        number += 1
        patient = _patient(rng, number)
        if patient["ins"]["matricule"] not in seen:
            seen.add(patient["ins"]["matricule"])
            yield patient


def _patient(rng: random.Random, number: int) -> dict[str, Any]:
    sex = rng.choice("FM")
    year, month, day = rng.randint(1935, 2005), rng.randint(1, 12), rng.randint(1, 28)
    place = rng.choice(_BIRTH_PLACES)
    first = rng.choice(_GIVEN_F if sex == "F" else _GIVEN_M)
    # distinct people: commune and order number carry the counter
    thirteen = f"{'2' if sex == 'F' else '1'}{year % 100:02d}{month:02d}{place}{number % 1000:03d}"
    family = f"{rng.choice(_FAMILY)} {_letters(number)}"
    return {
        "local_id": f"P{number}",
        "ins": {"matricule": with_nir_key(thirteen), "oid": TEST_OID},
        "ins_status": "qualifiee",
        "birth_name": family,
        "first_birth_given_name": first,
        "birth_given_names": f"{first} {rng.choice(_GIVEN_F if sex == 'F' else _GIVEN_M)}",
        "sex": sex,
        "birth_date": f"{year:04d}-{month:02d}-{day:02d}",
        "birth_place_code": place,
    }


def vaccination(structure: Structure, patient: dict[str, Any], external_id: str, when: datetime) -> dict[str, Any]:
    """A finished vaccination, as `POST /v1/acts` takes it."""
    cis, cip, atc, atc_label, name = _VACCINES[sum(external_id.encode()) % len(_VACCINES)]
    return {
        "external_id": external_id,
        "type": "vaccination",
        "structure": structure.national_id,
        "author": {"id": structure.author.id},
        "occurred_at": when.isoformat(),
        "patient": patient,
        "content": {
            "kind": "vaccination",
            "date": when.date().isoformat(),
            "act_code": "BOOSTER",
            "vaccine": {
                "name": name,
                "cis": cis,
                "cip": ean13(cip[:12]),
                "atc": atc,
                "atc_label": atc_label,
                "lot_number": f"LOT{external_id[-6:].upper()}",
            },
            "dose": {"value": "0.5", "unit": "mL"},
            "rank": 1,
            "route": "20035000",
            "site": "16217701000119102",
        },
    }
