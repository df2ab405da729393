"""Cost of the schematron worker: `python services/document-builder/bench/schematron_worker.py INSTALLED EXAMPLES [N]`.

INSTALLED is what `python -m hub_document_builder.workers.install_rules` names, EXAMPLES the ANS's folder of documents.
Load and CPU are those of the child process, with XSD; notes/s is one worker on one core.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import sys
import time
from pathlib import Path

from hub_interop.schematron import verdict_from_json
from hub_kit.children import ChildLimits, ChildPool

MIB = 1024 * 1024
N1_PDF_BYTES = 28 * 1024
WARM_UP = 50


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> tuple[float, float]:
    """Resident memory now and at its highest, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    now, peak = (re.search(rf"{name}:\s+(\d+) kB", status) for name in ("VmRSS", "VmHWM"))
    assert now
    assert peak
    return int(now.group(1)) / 1024, int(peak.group(1)) / 1024


def documents(examples: Path) -> dict[str, bytes]:
    """A note de vaccination, and an N1 whose file has the size of our reports."""
    n1 = (examples / "DOC_NON_STRUCTURE_CDA-R2-N1.xml").read_bytes()
    file = base64.b64encode(os.urandom(N1_PDF_BYTES))
    n1 = re.sub(rb'(<text[^>]*representation="B64"[^>]*>)[^<]*', lambda found: found.group(1) + file, n1)
    return {"VAC-NOTE": (examples / "VAC-NOTE_2023.01.xml").read_bytes(), "N1": n1}


async def measure(pool: ChildPool, name: str, document: bytes, number: int) -> None:
    """Ask `number` times, one after the other."""
    pid = pool.pids()[0]
    for _ in range(WARM_UP):
        verdict = verdict_from_json(await pool.ask(document))
    cpu, wall = cpu_seconds(pid), time.perf_counter()
    for _ in range(number):
        await pool.ask(document)
    cpu, wall = cpu_seconds(pid) - cpu, time.perf_counter() - wall
    told = f"{1000 * cpu / number:6.1f} CPU-ms/document {number / cpu:6.1f}/CPU-s {number / wall:6.1f}/s"
    now, peak = memory(pid)
    sys.stdout.write(
        f"{name:10} {len(document):7} bytes valid={verdict.valid} {told}  {now:4.0f} MiB (peak {peak:.0f})\n"
    )


async def main(installed: str, examples: str, number: int) -> None:
    """Load, then the two kinds of documents."""
    argv = [sys.executable, "-m", "hub_document_builder.workers.schematron", installed]
    pool = ChildPool("schematron", argv, size=1, queue=0, limits=ChildLimits(seconds=60))
    begun = time.perf_counter()
    await pool.start()
    pid = pool.pids()[0]
    now, peak = memory(pid)
    told = f"{time.perf_counter() - begun:.1f} s, {cpu_seconds(pid):.1f} CPU-s"
    sys.stdout.write(f"ready after {told}, {now:.0f} MiB (peak {peak:.0f})\n")
    try:
        for name, document in documents(Path(examples)).items():
            await measure(pool, name, document, number)
    finally:
        await pool.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int((sys.argv[3:] or ["1000"])[0])))
