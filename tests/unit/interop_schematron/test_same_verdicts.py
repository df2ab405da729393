"""The rewritten schematrons find what the plain ones find, on the official examples and on 2,000 spoilt documents."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from schematron_mutants import Mutants

from hub_interop.schematron import Finding, Verdict, read_manifest, verdict_from_json
from hub_kit.children import ChildLimits, ChildPool

HERE = Path(__file__).parent
MUTANTS = 2000
VOLETS = ("VAC-NOTE", "LDL-SES", "BIO-TROD", "CSE-CS24", "TLM-DA", "EP-MED-DM", "IPS-FR", "CSE-MDE", "SDM-MR", "VAC")
LIMITS = ChildLimits(seconds=60, start_seconds=120)

pytestmark = [pytest.mark.ans, pytest.mark.timeout(1200)]

Key = tuple[str, str, str, str, str, str]


def key(finding: Finding) -> Key:
    """The skeleton lets the engine evaluate braces in `test` (`{4,14}` is written `4 14`); the rewriter doesn't."""
    test = re.sub(r"\{([\d, ]*)\}", lambda found: found.group(1).replace(",", " "), finding.test)
    text = finding.detail or finding.text
    return finding.schematron, finding.role, finding.location, test, text, finding.code


def keys(verdict: Verdict) -> list[Key]:
    return sorted(map(key, verdict.findings))


@pytest.fixture(scope="module")
def plain(ans_dir: Path, installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("plain")
    command = [sys.executable, str(HERE / "plain_install.py"), str(ans_dir), str(installed), str(target)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return target


@pytest.fixture(scope="module")
async def pools(plain: Path, installed: Path) -> AsyncIterator[tuple[ChildPool, ChildPool]]:
    """The plain schematrons in one process, the rewritten ones in another."""
    argv = [sys.executable, str(HERE / "checker_child.py")]
    one, other = (
        ChildPool("schematrons", [*argv, str(folder)], size=1, queue=0, limits=LIMITS) for folder in (plain, installed)
    )
    await asyncio.gather(one.start(), other.start())
    yield one, other
    for pool, name in ((one, "plain"), (other, "rewritten")):
        print(f"{name}: {(await pool.ask(b'cpu')).decode()} CPU-s, {pool.state()}")
        await pool.close()


async def verdicts(pool: ChildPool, documents: list[bytes]) -> list[Verdict]:
    return [verdict_from_json(await pool.ask(document)) for document in documents]


async def both(pools: tuple[ChildPool, ChildPool], documents: list[bytes]) -> list[tuple[Verdict, Verdict]]:
    """The verdicts of the two, side by side."""
    one, other = await asyncio.gather(*(verdicts(pool, documents) for pool in pools))
    assert [pool.state().restarts for pool in pools] == [0, 0]
    return list(zip(one, other, strict=True))


async def test_the_official_examples_have_the_same_findings(ans_dir: Path, pools: tuple[ChildPool, ChildPool]) -> None:
    names = sorted((ans_dir / "exemples").glob("*.xml"))
    assert len(names) >= 4
    found = await both(pools, [name.read_bytes() for name in names])
    assert [keys(one) for one, _ in found] == [keys(other) for _, other in found]
    valid = {name.name: other.valid for name, (_, other) in zip(names, found, strict=True)}
    assert valid["VAC-NOTE_2023.01.xml"]
    assert valid["DOC_NON_STRUCTURE_CDA-R2-N1.xml"]
    assert not valid[next(name for name in valid if name.startswith("01_"))]


async def test_spoilt_documents_have_the_same_findings(
    ans_dir: Path, plain: Path, installed: Path, pools: tuple[ChildPool, ChildPool]
) -> None:
    chosen = read_manifest(installed).volets()
    volets = [(one.root, one.extension) for one in chosen if one.name.split("_")[1] in VOLETS]
    assert len(volets) >= len(VOLETS)
    documents = list(Mutants(ans_dir / "exemples", plain, volets).make(MUTANTS))
    assert len(set(documents)) > 0.99 * MUTANTS
    found = await both(pools, documents)
    different = [number for number, (one, other) in enumerate(found) if keys(one) != keys(other)]
    assert different == []
    assert [one.schematrons for one, _ in found] == [other.schematrons for _, other in found]

    findings = Counter((f.schematron, f.test, f.text) for _, other in found for f in other.findings)
    print(f"{findings.total()} findings of {len(findings)} assertions")
    assert sum(bool(other.findings) for _, other in found) > 0.9 * MUTANTS
    assert len(findings) > 500
    assert len({schematron for schematron, _, _ in findings}) >= 12
