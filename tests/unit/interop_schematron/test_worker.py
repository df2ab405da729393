"""The worker, as the service runs it: what it finds, and what it refuses."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub_interop.schematron import Verdict, verdict_from_json
from hub_kit.children import ChildFailed, ChildLimits, ChildPool, Failure

pytestmark = [pytest.mark.ans, pytest.mark.timeout(300)]

WORKER = [sys.executable, "-m", "hub_document_builder.workers.schematron"]
BOMB = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]><ClinicalDocument xmlns="urn:hl7-org:v3">&d;</ClinicalDocument>"""
VAC_NOTE_ID = b'root="1.2.250.1.213.1.1.1.46" extension="2023.01"'


@pytest.fixture(scope="module")
async def pool(installed: Path) -> AsyncIterator[ChildPool]:
    pool = ChildPool("rules", [*WORKER, str(installed)], size=1, queue=5, limits=ChildLimits(seconds=60))
    await pool.start()
    yield pool
    assert pool.state().restarts == 0  # whatever the documents were
    await pool.close()


@pytest.fixture
def note(ans_dir: Path) -> bytes:
    data = (ans_dir / "exemples" / "VAC-NOTE_2023.01.xml").read_bytes()
    assert VAC_NOTE_ID in data
    return data


async def check(pool: ChildPool, document: bytes) -> Verdict:
    return verdict_from_json(await pool.ask(document))


def codes(verdict: Verdict) -> list[tuple[str, str]]:
    return [(finding.code, finding.role) for finding in verdict.findings]


async def test_a_good_note_passes_xsd_and_schematrons(pool: ChildPool, note: bytes, installed: Path) -> None:
    verdict = await check(pool, note)
    assert (verdict.valid, verdict.findings, verdict.rules) == (True, (), installed.name)
    assert verdict.schematrons[0] == "CDA_extended"
    assert verdict.schematrons[-1] == "CI-SIS_VAC-NOTE_2023.01"
    assert len(verdict.schematrons) == 6


async def test_a_finding_says_where_and_what_but_holds_no_value(pool: ChildPool, note: bytes) -> None:
    spoilt = note.replace(b'administrativeGenderCode code="F"', b'administrativeGenderCode code="PATIENT-SECRET"')
    assert spoilt != note
    verdict = await check(pool, spoilt)
    assert not verdict.valid
    assert "PATIENT-SECRET" not in repr(verdict)
    found = [finding for finding in verdict.findings if "administrativeGenderCode" in finding.location]
    assert found
    assert found[0].location.startswith("/ClinicalDocument/recordTarget/patientRole/patient/")
    assert all(finding.text for finding in found)


async def test_an_unknown_element_is_the_xsds(pool: ChildPool, note: bytes) -> None:
    verdict = await check(pool, note.replace(b"<realmCode", b"<unknown/><realmCode", 1))
    assert ("XSD_INVALID", "error") in codes(verdict)
    assert verdict.findings[0].location == "/ClinicalDocument/unknown"


async def test_a_schematron_that_stops_is_an_error(pool: ChildPool, note: bytes) -> None:
    """Two values where a rule takes one: XPTY0004, and all that this schematron would find is lost."""
    start = note.index(b"<effectiveTime", note.index(b"<substanceAdministration"))
    end = note.index(b"/>", start) + 2
    verdict = await check(pool, note[:end] + note[start:end] + note[end:])
    aborted = [finding for finding in verdict.findings if finding.code == "SCHEMATRON_ABORTED"]
    assert [(one.schematron, one.role) for one in aborted] == [("CI-SIS_VAC-NOTE_2023.01", "error")]
    assert "20090928" not in repr(verdict)  # the engine quotes it


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (BOMB, "XML_DOCTYPE"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "XML_DOCTYPE"),
        (b"", "XML_MALFORMED"),
        (b"<ClinicalDocument", "XML_MALFORMED"),
        (b"\xff\xfe<\x00a\x00/\x00>\x00", "XML_ENCODING"),
        (b"<ClinicalDocument/>", "DOCUMENT_NOT_CDA"),
        (b'<x xmlns="urn:hl7-org:v3"><ClinicalDocument/></x>', "DOCUMENT_NOT_CDA"),
    ],
)
async def test_what_is_no_document_is_one_error(pool: ChildPool, document: bytes, code: str) -> None:
    verdict = await check(pool, document)
    assert (code, "error") in codes(verdict)
    assert not verdict.valid


async def test_too_many_elements_inside_each_other(pool: ChildPool, note: bytes) -> None:
    deep = note.replace(b"</title>", b"</title>" + b"<a>" * 150 + b"</a>" * 150, 1)
    assert ("DOCUMENT_TOO_DEEP", "error") in codes(await check(pool, deep))
    deeper = note.replace(b"</title>", b"</title>" + b"<a>" * 5000 + b"</a>" * 5000, 1)
    assert codes(await check(pool, deeper)) == [("XML_MALFORMED", "error")]


@pytest.mark.parametrize(
    ("identifier", "found"),
    [
        (b'root="1.2.250.1.213.1.1.1.46" extension="2099.01"', ("VOLET_VERSION_UNKNOWN", "error")),
        (b'root="1.2.250.1.213.1.1.1.46"', ("VOLET_VERSION_UNKNOWN", "error")),
        (b'root="1.2.250.1.213.1.1.1.999" extension="2099.01"', ("VOLET_WITHOUT_SCHEMATRON", "warning")),
    ],
)
async def test_a_volet_without_schematron(
    pool: ChildPool, note: bytes, identifier: bytes, found: tuple[str, str]
) -> None:
    verdict = await check(pool, note.replace(VAC_NOTE_ID, identifier))
    assert found in codes(verdict)
    assert "CI-SIS_VAC-NOTE_2023.01" not in verdict.schematrons
    assert verdict.valid == (found[1] == "warning")


async def test_another_volet_is_loaded_when_it_comes(pool: ChildPool, ans_dir: Path) -> None:
    verdict = await check(pool, (ans_dir / "exemples" / "LDL-SES_2022.01.xml").read_bytes())
    assert verdict.schematrons[-1] == "CI-SIS_LDL-SES_2022.01"


def test_a_worker_without_rules_says_why(tmp_path: Path) -> None:
    run = subprocess.run([*WORKER, str(tmp_path)], input=b"", capture_output=True, check=False)
    assert (run.returncode, run.stdout) == (2, b"")
    assert run.stderr.decode().startswith("DOCUMENT_RULES_UNAVAILABLE: ")
    assert b"Traceback" not in run.stderr


async def test_a_stylesheet_that_was_changed_is_not_run(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(installed, tmp_path / "copy")
    with (tmp_path / "copy" / "schematrons" / "profils" / "IHE.xsl").open("a") as file:
        file.write("<!-- -->")
    pool = ChildPool("rules", [*WORKER, str(tmp_path / "copy")], size=1, queue=0, limits=ChildLimits(seconds=60))
    with pytest.raises(ChildFailed) as caught:
        await pool.start()
    assert caught.value.code is Failure.NOT_STARTED


def test_the_plain_types_import_no_engine() -> None:
    code = "import sys, hub_interop.schematron; sys.exit('saxonche' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"rules":"","schematrons":[],"findings":[["a"]]}', b"\xff"])
def test_what_is_no_verdict_is_never_one(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a verdict"):
        verdict_from_json(data)
