"""`hub-document-builder build|validate|render|install-rules|value-sets`, as a vendor or an operator runs them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from document_people import act, author, structure
from typer.testing import CliRunner, Result

from hub_document_builder.__main__ import app
from hub_local import documents

Bundle = Callable[..., Path]


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    def write(**changes: Any) -> Path:
        document = act().model_dump(mode="json") | {"title": None} | changes
        file = tmp_path / "acte.json"
        people = [author().model_dump(mode="json")]
        content = {"act": document, "structure": structure().model_dump(mode="json"), "professionals": people}
        file.write_text(json.dumps(content))
        return file

    return write


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], env={"HUB_RULES_DIR": None, "COLUMNS": "200"})


@pytest.mark.ans
def test_an_act_is_built_checked_and_shown(bundle: Bundle, tmp_path: Path, ans_dir: Path, rules_cache: Path) -> None:
    file = bundle(type="bilan_medication", content=documents.medication_review())
    document, pdf, page = (tmp_path / name for name in ("bpm.xml", "bpm.pdf", "bpm.html"))
    assert run("build", file, "-o", document, "--rules", ans_dir).exit_code == 0
    checked = run("validate", document, "--rules", ans_dir, "--cache", rules_cache)
    assert (checked.exit_code, "0 erreur(s), 0 avertissement(s)" in checked.output) == (0, True), checked.output
    assert run("render", document, "-o", pdf).exit_code == 0
    assert pdf.read_bytes().startswith(b"%PDF-1.4")
    assert run("render", document, "-o", page).exit_code == 2  # it carries a PDF
    document.write_bytes(document.read_bytes().replace(b'code="FR"', b'code="GB"').replace(b"PAT-TROIS", b"PATMARQUE"))
    told = run("validate", document, "--rules", ans_dir, "--cache", rules_cache, "--json")
    assert told.exit_code == 1
    [line] = told.stdout.splitlines()
    verdict = json.loads(line)
    assert not verdict["valid"]
    assert {f["schematron"] for f in verdict["findings"]} == {"ASIP-STRUCT-MIN-StrucMin"}
    assert "PATMARQUE" not in told.output


def test_a_structured_document_is_shown_as_a_page(bundle: Bundle, tmp_path: Path) -> None:
    page = tmp_path / "note.html"
    assert run("render", bundle(), "-o", page).exit_code == 0
    text = page.read_text()
    assert "VAXIGRIPTETRA" in text
    assert "<script" not in text
    assert run("render", bundle(), "-o", tmp_path / "note.pdf").exit_code == 0
    assert run("render", bundle(), "-o", tmp_path / "note.doc").exit_code == 2


def test_what_keeps_an_act_from_being_built_is_told_with_its_place(bundle: Bundle) -> None:
    content = documents.interview() | {"theme": "autre", "topics": [{}]}
    told = run("build", bundle(type="entretien_pharmaceutique", content=content, title="x" * 200))
    assert told.exit_code == 1
    assert "/content/theme_label  INTERVIEW_THEME_LABEL_MISSING" in told.output
    assert "/content/topics/0  INTERVIEW_TOPIC_EMPTY" in told.output
    assert "/title  DOC_TITLE_TOO_LONG" in told.output


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"content": {"kind": "vaccination"}}, "/act/content/date  Ce champ est obligatoire."),
        ({"type": "radiologie"}, "Le type de l'acte n'est pas connu"),
        ({"author": {"id": "899999999998"}}, "Il manque 899999999998."),
    ],
)
def test_a_bundle_that_is_none_is_refused(bundle: Bundle, changes: dict[str, Any], told: str) -> None:
    answer = run("build", bundle(**changes))
    assert (answer.exit_code, told in answer.output) == (2, True), answer.output


def test_no_json_no_cda_no_rules(tmp_path: Path) -> None:
    stray = tmp_path / "stray.json"
    stray.write_text("{")
    assert "JSON lisible" in run("build", stray).output
    document = tmp_path / "stray.xml"
    document.write_text("<!DOCTYPE a><a/>")
    assert "XML_DOCTYPE" in run("render", document, "-o", tmp_path / "a.html").output
    assert run("validate", document).exit_code == 2
    empty = tmp_path / "rules"
    empty.mkdir()
    told = run("install-rules", empty, "--cache", tmp_path / "cache")
    assert (told.exit_code, "ne peuvent pas être préparées" in told.output) == (2, True)


@pytest.mark.ans
def test_value_sets_are_checked_installed_and_listed(tmp_path: Path, ans_dir: Path) -> None:
    package, folder = tmp_path / "JDV_DMP.zip", tmp_path / "sets"
    with zipfile.ZipFile(package, "w") as archive:
        for name in ("JDV_J07_XdsTypeCode_CISIS.xml", "JDV_J02_XdsHealthcareFacilityTypeCode_CISIS.xml"):
            archive.write(ans_dir / "jeuxDeValeurs" / name, name)
    checked = run("value-sets", "check", package, "--since", "2027-01-01")
    assert checked.exit_code == 0, checked.output
    assert "96163-1" in checked.output  # a type that the hub feeds and this older package does not know
    assert not folder.exists()
    done = run("value-sets", "install", package, "--since", "2027-01-01", "--dir", folder)
    assert done.exit_code == 0, done.output
    assert "01/01/2027" in run("value-sets", "list", "--dir", folder).output
    again = run("value-sets", "install", package, "--since", "2027-02-01", "--dir", folder)
    assert (again.exit_code, "PACKAGE_EXISTS" in again.output) == (2, True)
    package.write_bytes(b"PK")
    assert run("value-sets", "check", package, "--since", "2027-01-01").exit_code == 2
