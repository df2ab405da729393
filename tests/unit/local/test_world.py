"""The invented region: numbers of the right shape, people apart, and nothing that could be real."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

from hub_contracts.acts import Act
from hub_interop.cda.rules import is_professional_id
from hub_interop.cda.rules_vaccination import is_cip
from hub_interop.ins import Declared, Environment, check_identity
from hub_local.meter import Meter
from hub_local.world import accounts, annuaire, make_world, patients, vaccination

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def test_patients_have_a_qualified_test_identity_and_are_all_different() -> None:
    people = list(islice(patients(3), 3000))
    assert len({p["ins"]["matricule"] for p in people}) == len({p["local_id"] for p in people}) == 3000
    for p in people[:300]:
        declared = Declared(
            p["ins"]["matricule"], p["ins"]["oid"], p["birth_name"], p["birth_given_names"],
            p["first_birth_given_name"], p["sex"], p["birth_date"], p["birth_place_code"],
        )  # fmt: skip
        assert check_identity(declared, Environment.TEST) == []
        assert [x.code for x in check_identity(declared, Environment.PRODUCTION)] == ["INS_OID_WRONG_ENVIRONMENT"]


def test_the_same_seed_gives_the_same_people() -> None:
    assert list(islice(patients(5), 20)) == list(islice(patients(5), 20)) != list(islice(patients(6), 20))


def test_structures_and_professionals_have_their_check_digits() -> None:
    world = make_world(60, 5)
    assert len({s.national_id for s in world.structures}) == len({s.author.id for s in world.structures}) == 65
    assert all(is_professional_id(s.author.id) for s in world.structures)
    assert {len(s.national_id) for s in world.structures if s.sector == "SA33"} == {10}
    assert {len(s.national_id) for s in world.structures if s.sector == "SA07"} == {15}


def test_an_account_serves_several_structures() -> None:
    served = [len(a["memberships"]) for a in accounts(make_world(4, 1))["accounts"]]
    assert served == [2, 2, 1]
    assert [len(a["memberships"]) for a in accounts(make_world(10, 0, accounts=2))["accounts"]] == [5, 5]


def test_secrets_are_new_each_time_and_in_no_repr() -> None:
    one, other = make_world(1, 0), make_world(1, 0)
    assert one.secrets.keys() == other.secrets.keys()
    assert not set(one.secrets.values()) & set(other.secrets.values())
    assert next(iter(one.secrets.values())) not in repr(one)


def test_acts_are_of_the_public_shape() -> None:
    world = make_world(2, 1)
    for n, patient in enumerate(islice(patients(9), 30)):
        act = Act.model_validate(vaccination(world.structures[n % 3], patient, f"T-{n:06d}", NOW))
        assert is_cip(act.content.vaccine.cip or "")
    assert len(annuaire(world)["structures"]) == len(annuaire(world)["professionals"]) == 3


def test_the_meter_sees_this_process_work() -> None:
    import os

    meter = Meter({"me": os.getpid()})
    meter.start()
    sum(n * n for n in range(3_000_000))
    assert meter.stop()["me"] > 0
    assert meter.memory()["me"] > 1
