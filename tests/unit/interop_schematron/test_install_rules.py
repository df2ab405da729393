"""The installation of the operator's copy: whole or not at all, once for each content."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from schematron_helpers import run_install

from hub_interop.schematron import ManifestUnreadable, RulesUnreadable, read_manifest
from hub_interop.schematron.source import GENERAL, Source

pytestmark = [pytest.mark.ans, pytest.mark.timeout(600)]


@pytest.fixture
def copy(ans_dir: Path, tmp_path: Path) -> Path:
    """The rules with one volet only."""
    target = tmp_path / "rules"
    for folder in ("xsd", "schematrons", "jeuxDeValeurs"):
        shutil.copytree(ans_dir / folder, target / folder, copy_function=shutil.copyfile)
    for folder in [target, *target.rglob("*")]:
        folder.chmod(0o755)
    for path in (target / "schematrons").glob("CI-SIS_*.sch"):
        if "VAC-NOTE" not in path.name:
            path.unlink()
    return target


def test_all_official_schematrons_are_installed(ans_dir: Path, installed: Path) -> None:
    manifest = read_manifest(installed)
    assert [Path(one.path).with_suffix(".sch").relative_to("schematrons") for one in manifest.general()] == [
        Path(name) for name in GENERAL
    ]
    volets = {(one.root, one.extension): one.name for one in manifest.volets()}
    assert volets["1.2.250.1.213.1.1.1.46", "2023.01"] == "CI-SIS_VAC-NOTE_2023.01"
    assert volets["1.2.250.1.213.1.1.1.13", "2022.01"] == "CI-SIS_VSM_1.4_2022.01"
    assert volets["1.2.250.1.213.1.1.1.13", "2023.01"] == "CI-SIS_VSM_2023.01"
    sources = {path.stem for path in (ans_dir / "schematrons").glob("CI-SIS_*.sch")}
    refused = sources - {one.name for one in manifest.volets()}
    assert refused <= {name for name, _ in manifest.problems}
    assert len(refused) <= 1
    assert installed.name == manifest.content
    assert not [path for path in installed.rglob("*.xsl") if "file:" in path.read_text("utf-8")]


def test_nothing_is_done_twice(ans_dir: Path, installed: Path, installing: list[dict[str, object]]) -> None:
    steps = [one for one in installing if "step" in one]
    assert [one["done"] for one in steps[:-1]] == list(range(1, len(steps)))
    before = (installed / "manifest.json").stat()
    status, told = run_install(ans_dir, installed.parent)
    assert (status, [one.get("step") for one in told]) == (0, ["déjà installé", None])
    assert (installed / "manifest.json").stat() == before


def test_a_killed_installation_leaves_nothing_and_two_at_once_are_one(copy: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    command = [sys.executable, "-m", "hub_document_builder.workers.install_rules", str(copy), str(cache)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as killed:
        assert killed.stdout is not None
        assert json.loads(killed.stdout.readline())["done"] == 1
        killed.kill()
    assert all(path.name.startswith(".") for path in cache.iterdir())
    with ThreadPoolExecutor(2) as threads:
        runs = list(threads.map(lambda _: run_install(copy, cache), range(2)))
    assert [status for status, _ in runs] == [0, 0]
    assert sorted(len(told) for _, told in runs) == [2, 7]  # five schematrons, done, the folder
    folder = Path(str(runs[0][1][-1]["installed"]))
    assert runs[1][1][-1] == {"installed": str(folder)}
    assert sorted(path.name for path in cache.iterdir()) == sorted([".lock", folder.name])
    manifest = read_manifest(folder)
    for lost in (manifest.schematrons[0].path, "xsd/CDA_extended.xsd"):  # a cleaned cache
        assert lost in {served.path for served in manifest.schematrons} | dict(manifest.copied).keys()
        (folder / lost).unlink()
        status, told = run_install(copy, cache)
        assert (status, len(told)) == (0, 7)


@pytest.mark.parametrize(
    "changed",
    [
        "jeuxDeValeurs/JDV_GIR_CISIS.xml",
        "schematrons/profils/structurationMinimale/include/voc-1.2.250.1.213.1.1.5.471-DYNAMIC.xml",
        "schematrons/profils/IHE.sch",
        "xsd/CDA_extended.xsd",
    ],
)
def test_any_change_of_content_is_another_installation(copy: Path, changed: str) -> None:
    before = Source(copy).content_hash("1")
    assert Source(copy).content_hash("1") == before
    assert Source(copy).content_hash("2") != before
    (copy / changed).write_bytes((copy / changed).read_bytes() + b"\n")
    assert Source(copy).content_hash("1") != before


def test_what_is_no_copy_of_the_rules_is_told(tmp_path: Path) -> None:
    for folder in (tmp_path / "none", tmp_path):
        with pytest.raises(RulesUnreadable, match="n'est pas une copie des règles officielles"):
            Source(folder)
    status, told = run_install(tmp_path, tmp_path / "cache")
    assert (status, told[-1]["code"]) == (2, "DOCUMENT_RULES_UNAVAILABLE")
    assert "il faut les dossiers xsd, schematrons et jeuxDeValeurs" in str(told[-1]["error"])
    assert not (tmp_path / "cache").exists()


def test_a_general_schematron_that_is_spoilt_is_told(copy: Path, tmp_path: Path) -> None:
    (copy / "schematrons/profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch").write_text("<schema")
    status, told = run_install(copy, tmp_path / "cache")
    assert (status, told[-1]["code"]) == (2, "DOCUMENT_RULES_UNAVAILABLE")
    assert "n'est pas lisible" in str(told[-1]["error"])
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_includes_are_found_whatever_their_case_and_never_outside(copy: Path) -> None:
    volet = copy / "schematrons" / "CI-SIS_VAC-NOTE_2023.01.sch"
    text = volet.read_text("utf-8")
    plain = Source(copy).flat(volet.name)
    volet.write_text(text.replace("abstract/IVL_TS.sch", "ABSTRACT/ivl_ts.SCH"), "utf-8")
    odd = Source(copy).flat(volet.name)
    assert (len(list(odd.root.iter())), odd.missing) == (len(list(plain.root.iter())), ())
    volet.write_text(text.replace("abstract/IVL_TS.sch", "../../../etc/passwd"), "utf-8")
    assert Source(copy).flat(volet.name).missing == ("../../../etc/passwd",)
    assert Source(copy).value_set(volet.name, "../../rules.xml") is None


def test_no_manifest_no_installation(tmp_path: Path) -> None:
    for content in (None, "{", '{"format": 99}', "[]"):
        if content is not None:
            (tmp_path / "manifest.json").write_text(content)
        with pytest.raises(ManifestUnreadable, match="n'est pas un dossier de schématrons installés"):
            read_manifest(tmp_path)
