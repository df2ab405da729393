"""The operator's copy of the official XSD and schematrons, on everything that the builder can write."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from document_samples import BSI, FILES, N1_HEADER, Sample, every_document
from document_strategies import generated, notes, trods
from note_samples import HEADER, NOTE, NOW, VARIANTS, random_sample

from hub_interop.cda import RulesUnreadable, XsdValidator, build_document, check_document
from hub_interop.terminologies import Concept, ValueSet, install, uninstall, value_set

TOOL = Path(__file__).resolve().parents[3].parent / "shared" / "tools" / "validate_cda.py"
RANDOM_NOTES = 40  # 200 more go through the whole hub: tests/e2e/test_official.py
GENERATED = 250  # of each structured type
GOOD = build_document(HEADER, NOTE)
BOMB = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY c "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">]><b>&e;</b>"""
OUTSIDE = b'<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]><b>&a;</b>'


def samples() -> dict[str, Sample]:
    """Every type with each variant, and the notes of old."""
    notes_of_old: dict[str, Sample] = {f"note_{name}": sample for name, sample in VARIANTS.items()}
    drawn: dict[str, Sample] = {f"random_{seed:03d}": random_sample(seed) for seed in range(RANDOM_NOTES)}
    return every_document() | notes_of_old | drawn


@pytest.fixture(scope="module")
def acts() -> dict[str, Sample]:
    """Generated acts, always the same."""
    drawn = {"vac": generated(notes(), GENERATED), "trod": generated(trods(), GENERATED)}
    return {f"act_{kind}_{number:03d}": act for kind, found in drawn.items() for number, act in enumerate(found)}


@pytest.fixture(scope="module")
def validator(ans_dir: Path) -> XsdValidator:
    return XsdValidator(ans_dir)


@pytest.mark.ans
def test_every_document_is_valid_for_the_xsd(validator: XsdValidator) -> None:
    found = {name: validator.problems(build_document(*sample)) for name, sample in samples().items()}
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.ans
@pytest.mark.timeout(300)
def test_every_generated_act_is_accepted_and_valid_for_the_xsd(
    validator: XsdValidator, acts: dict[str, Sample]
) -> None:
    assert len({build_document(*act) for act in acts.values()}) > 1.9 * GENERATED  # they do differ
    refused = {name: check_document(*act, NOW) for name, act in acts.items()}
    assert {name: problems for name, problems in refused.items() if problems} == {}
    found = {name: validator.problems(build_document(*act)) for name, act in acts.items()}
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


def nursing_assessment() -> bytes:
    """A bilan de soins infirmiers (J66 of 2026-06-29), whatever the age of the hub's value set."""
    known = value_set("document_type")
    code = Concept(BSI, "2.16.840.1.113883.6.1", "Bilan de soins infirmiers")
    newer = ValueSet(known.name, known.oid, "20260629", known.source, known.since, concepts={BSI: code})
    install(newer)
    try:
        return build_document(replace(N1_HEADER, kind=BSI, title="Bilan de soins infirmiers"), FILES["pdf"])
    finally:
        uninstall("document_type")


def validated(ans_dir: Path, folder: Path) -> dict[str, list[str]]:
    """Errors of each file of the folder. Two processes share the files; each takes a while to load the schematrons."""
    files = sorted(str(path) for path in folder.glob("*.xml"))
    command = [sys.executable, str(TOOL), "--profiles", "std", "--json", "--suite", str(ans_dir), "--cache"]
    halves = [part for part in (files[::2], files[1::2]) if part]
    runs = [
        subprocess.Popen([*command, str(folder / f"cache{n}"), *part], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for n, part in enumerate(halves)
    ]
    results: dict[str, list[str]] = {}
    for run in runs:
        output, told = run.communicate()
        assert run.returncode in (0, 1), told[-2000:]
        for path, found in json.loads(output).items():
            errors = {item["message"] for item in found if item["role"] not in ("warning", "information", "info")}
            results[Path(path).stem] = sorted(errors)
    assert len(results) == len(files)
    return results


@pytest.mark.ans
@pytest.mark.timeout(1200)
def test_the_official_schematrons_find_no_error(ans_dir: Path, tmp_path: Path, acts: dict[str, Sample]) -> None:
    """All files in one run: every type with each variant, 500 generated acts, one spoilt, one of a newer type."""
    if not TOOL.exists():
        pytest.skip(f"no official validator at {TOOL}")
    for name, sample in (samples() | acts).items():
        (tmp_path / f"{name}.xml").write_bytes(build_document(*sample))
    (tmp_path / "spoilt.xml").write_bytes(GOOD.replace(b"<lotNumberText>LOTTEST01</lotNumberText>", b""))
    (tmp_path / "newer.xml").write_bytes(nursing_assessment())
    errors = validated(ans_dir, tmp_path)
    assert len(errors) >= 2 * GENERATED + 100
    assert errors.pop("spoilt")
    newer = errors.pop("newer")
    assert len(newer) == 1  # the suite's J07 is of 2024-09: the type is the only thing that it does not know
    assert "1.2.250.1.213.1.1.5.471" in newer[0] or "JDV_J07" in newer[0]
    assert {name: messages for name, messages in errors.items() if messages} == {}
