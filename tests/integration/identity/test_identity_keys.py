"""Design rule 11 at identity: a patient's erased key makes the stored copy unreadable, and nobody else's."""

from __future__ import annotations

from uuid import UUID

import pytest
from identity_people import PHARMACY, other_patient, patient

from hub_identity.reading import Reading
from hub_kit.security.keywrap import FileKeyWrapper
from hub_kit.security.subject_keys import SubjectKeyGone, SubjectKeys

from .conftest import IdentityService


async def test_an_erased_patient_is_unreadable_and_the_others_are_not(identity: IdentityService) -> None:
    await identity.handle(await identity.act(patient()), await identity.act(other_patient()))
    erased, kept = (identity.desk.reader.read(who(), PHARMACY) for who in (patient, other_patient))
    row = await identity.pool.fetchrow(
        "select patient_id from matricule_link where matricule_index = $1", erased.matricule_index
    )
    keys = SubjectKeys(FileKeyWrapper([bytes(range(32))]))
    async with identity.pool.acquire() as connection:
        assert await keys.erase(connection, [row["patient_id"]], identity.clock.now()) == [row["patient_id"]]

        async def known(reading: Reading) -> set[UUID]:
            assert reading.matricule_index is not None
            book = await identity.desk.store.book(connection, [reading.matricule_index], [])
            return {kept.patient_id for kept in book.by_matricule.values()}

        assert len(await known(kept)) == 1
        with pytest.raises(SubjectKeyGone):
            await known(erased)
    assert await identity.count("identity") == 2
    assert await identity.count("subject_key", "wrapped is null") == 1
