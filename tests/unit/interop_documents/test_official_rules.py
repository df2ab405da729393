"""The operator's copy of the official XSD and schematrons, on everything that the builder can write."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from note_samples import HEADER, NOTE, VARIANTS, Sample, random_sample

from hub_interop.cda import RulesUnreadable, XsdValidator, build_vaccination_note

TOOL = Path(__file__).resolve().parents[3].parent / "shared" / "tools" / "validate_cda.py"
RANDOM_NOTES = 40  # 200 more go through the whole hub: tests/e2e/test_official.py
GOOD = build_vaccination_note(HEADER, NOTE)
BOMB = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">]><b>&e;</b>"""
OUTSIDE = b'<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]><b>&a;</b>'


def samples() -> dict[str, Sample]:
    return VARIANTS | {f"random_{seed:03d}": random_sample(seed) for seed in range(RANDOM_NOTES)}


@pytest.fixture(scope="module")
def validator(ans_dir: Path) -> XsdValidator:
    return XsdValidator(ans_dir)


@pytest.mark.ans
def test_every_note_is_valid_for_the_xsd(validator: XsdValidator) -> None:
    found = {name: validator.problems(build_vaccination_note(*sample)) for name, sample in samples().items()}
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.ans
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"<realmCode", b"<unknown/><realmCode", "/ClinicalDocument/unknown: SCHEMAV_ELEMENT_CONTENT"),
        (b'versionNumber value="1"', b'versionNumber value="LOTTEST01"', "/ClinicalDocument/versionNumber"),
    ],
)
def test_the_xsd_says_where_and_never_what(validator: XsdValidator, old: bytes, new: bytes, told: str) -> None:
    problems = validator.problems(GOOD.replace(old, new, 1))
    assert problems[0].startswith(told)
    assert not [problem for problem in problems if "LOTTEST01" in problem or "PAT-TROIS" in problem]


@pytest.mark.ans
@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (BOMB, "document: XML_DOCTYPE"),
        (OUTSIDE, "document: XML_DOCTYPE"),
        (GOOD[:-5], "document: XML_MALFORMED"),
        (b"", "document: XML_MALFORMED"),
        (GOOD.decode().encode("utf-16"), "document: XML_ENCODING"),
    ],
)
def test_xml_that_may_not_come_in(validator: XsdValidator, document: bytes, problem: str) -> None:
    assert validator.problems(document) == [problem]


def test_a_folder_without_rules_is_told(tmp_path: Path) -> None:
    with pytest.raises(RulesUnreadable):
        XsdValidator(tmp_path)
    (tmp_path / "xsd").mkdir()
    (tmp_path / "xsd" / "CDA_extended.xsd").write_text("<no/>")
    with pytest.raises(RulesUnreadable):
        XsdValidator(tmp_path)


@pytest.mark.ans
@pytest.mark.timeout(900)
def test_the_official_schematrons_find_no_error(ans_dir: Path, tmp_path: Path) -> None:
    """All files in one run: the schematrons take a minute to compile."""
    if not TOOL.exists():
        pytest.skip(f"no official validator at {TOOL}")
    for name, sample in samples().items():
        (tmp_path / f"{name}.xml").write_bytes(build_vaccination_note(*sample))
    (tmp_path / "spoilt.xml").write_bytes(GOOD.replace(b"<lotNumberText>LOTTEST01</lotNumberText>", b""))
    files = sorted(str(path) for path in tmp_path.glob("*.xml"))
    command = [sys.executable, str(TOOL), "--profiles", "std", "--json", "--suite", str(ans_dir)]
    command += ["--cache", str(tmp_path / "cache"), *files]
    run = subprocess.run(command, capture_output=True, check=False)
    assert run.returncode == 1, run.stderr[-2000:]  # because of the spoilt one, which shows that it can fail
    results = {Path(path).stem: found for path, found in json.loads(run.stdout).items()}
    assert len(results) == len(files)
    errors = {
        name: {item["message"] for item in found if item["role"] not in ("warning", "information", "info")}
        for name, found in results.items()
    }
    assert errors.pop("spoilt")
    assert {name: messages for name, messages in errors.items() if messages} == {}
