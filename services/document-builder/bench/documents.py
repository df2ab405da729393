"""Documents a second and core, from act to bytes: `python services/document-builder/bench/documents.py [RULES]`.

RULES is the operator's copy of the official rules; with it every document is checked against the XSD as well. The press
works here in the same process, so that its CPU is counted; the service gives its work to child processes.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from uuid import UUID, uuid4

from PIL import Image

from hub_contracts.acts import Act
from hub_contracts.document_types import document_type
from hub_contracts.events.directory import (
    DatedIdentifier,
    Exercise,
    PostalAddress,
    ProfessionalPublished,
    StructurePublished,
)
from hub_contracts.sealed import QualifiedIdentity
from hub_document_builder.domain import Built
from hub_document_builder.drafting import Sources, ids_of
from hub_document_builder.handlers.workshop import Workshop
from hub_document_builder.rules import Profile, load_rules
from hub_document_builder.upstreams.press import Press
from hub_document_builder.workers.press import work
from hub_interop.pdf import FileLimits, PdfLabels, Supplied, examine, text_pdf
from hub_kit.children import ChildPool
from hub_local import documents
from hub_local.world import make_world, patients, vaccination

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
SECONDS, MANY = 6.0, 10_000
LIMITS = FileLimits()
SUPPLIED_BYTES = 200_000
STRUCTURE = make_world(1, 0).structures[0]


class _Here:
    """The press's work, done in this process."""

    async def ask(self, request: bytes) -> bytes:
        return work(request, LIMITS)


def resident_mib() -> float:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


LABELS = PdfLabels("Fichier d'essai", "LGO d'essai", NOW, "2.25.1")


def scanned_pdf() -> bytes:
    """A scanned page as PDF/A-1b, 200 KB or a little more."""
    side = 200
    while True:
        page = io.BytesIO()
        Image.effect_noise((side, side * 7 // 5), 40).convert("RGB").save(page, "JPEG", quality=60)
        made = examine(page.getvalue(), "image/jpeg", LIMITS, LABELS)
        assert isinstance(made, Supplied)
        if len(made.content) >= SUPPLIED_BYTES:
            return made.content
        side = side * 21 // 20


def many_pages_pdf() -> bytes:
    """More than a hundred pages of text as PDF/A-1b, 200 KB or a little more."""
    line = "Compte rendu d'essai, une ligne parmi beaucoup d'autres, pour faire un fichier d'une taille ordinaire."
    lines = 400
    while True:
        content, _ = text_pdf("\n".join(f"{n} {line} {uuid4()}" for n in range(lines)), LABELS)
        if len(content) >= SUPPLIED_BYTES:
            return content
        lines = lines * 5 // 4


SUPPLIED = {"N1 supplied scan": scanned_pdf, "N1 supplied PDF of 100 pages": many_pages_pdf}


def sources() -> dict[str, tuple[Sources, bytes | None]]:
    """What is built: name → sources and supplied file."""
    when = NOW - timedelta(hours=1)
    patient = next(patients(7))
    file = {"file": {"media_type": "application/pdf", "attachment": str(UUID(int=1))}}
    acts = {
        "N3 vaccination note": vaccination(STRUCTURE, patient, "BENCH-1", when),
        "N3 rapid test": documents.act("trod", STRUCTURE, patient, "BENCH-2", when, documents.rapid_test(when)),
        "N1 report printed": documents.act(
            "bilan_medication", STRUCTURE, patient, "B-3", when, documents.medication_review()
        ),
        "N1 supplied scan": documents.act("56445-0", STRUCTURE, patient, "B-5", when, file),
        "N1 supplied PDF of 100 pages": documents.act("56445-0", STRUCTURE, patient, "B-4", when, file),
    }
    structure = StructurePublished(
        structure_id=STRUCTURE.structure_id,
        identifiers=(DatedIdentifier(value=STRUCTURE.national_id, since=SINCE),),
        name=STRUCTURE.name, sector="SA33", practice_setting="AMBULATOIRE",
        address=PostalAddress(lines=("1 rue de l'Essai",), postal_code="33000", city="BORDEAUX"), phone="0500000000",
    )  # fmt: skip
    who = STRUCTURE.author
    person = ProfessionalPublished(
        professional_id=who.id, family_name=who.family_name, given_name=who.given_name, civility="MME",
        profession=who.profession, subsection=who.subsection,
        exercises=(Exercise(structure_id=STRUCTURE.structure_id, since=SINCE),),
    )  # fmt: skip
    made: dict[str, tuple[Sources, bytes | None]] = {}
    for name, document in acts.items():
        act = Act.model_validate(document)
        kind = document_type(act.type)
        assert kind is not None
        given = SUPPLIED[name]() if name in SUPPLIED else None
        made[name] = (Sources(kind, act, QualifiedIdentity.of(act.patient), structure, {who.id: person}), given)
    return made


async def rate(make: Callable[[], Awaitable[int]]) -> tuple[float, float, int]:
    """Documents a second of CPU, CPU-ms a document, bytes of one document."""
    size = await make()
    count, cpu = 0, time.process_time()
    while time.process_time() - cpu < SECONDS:
        await make()
        count += 1
    spent = time.process_time() - cpu
    return count / spent, spent * 1000 / count, size


async def main(rules_dir: Path | None) -> None:
    """All rates, then memory over many notes."""
    rules = load_rules(rules_dir, None, Profile.OFF, required=False)
    workshop = Workshop(rules, Press(cast(ChildPool, _Here())))
    all_sources = sources()
    for name, (given, file) in all_sources.items():

        async def make(given: Sources = given, file: bytes | None = file) -> int:
            made = await workshop.make(given, ids_of(uuid4(), 1), file, NOW)
            assert isinstance(made, Built), made
            return len(made.content)

        per_second, milliseconds, size = await rate(make)
        supplied = f", file {len(file) // 1000} KB" if file else ""
        sys.stdout.write(f"{name}: {per_second:.0f}/s, {milliseconds:.1f} CPU-ms ({size // 1000} KB{supplied})\n")
    note, _ = all_sources["N3 vaccination note"]
    before = resident_mib()
    for _ in range(MANY):
        await workshop.make(note, ids_of(uuid4(), 1), None, NOW)
    sys.stdout.write(f"memory: {before:.0f} MiB, {resident_mib():.0f} MiB after {MANY} more notes\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
