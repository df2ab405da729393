"""Apache Kafka's jars: resolved once, then used only when they are exactly those of the committed list.

`jgo` walks the Maven graph and downloads; it protects nothing (a truncated jar is accepted, a deleted one not noticed).
So the jars are copied into a cache of our own and the whole set is checked by SHA-256 before every start.
The committed list is the only authority: where the jars came from doesn't matter.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path

from hub_local.errors import JarsRefused, JarsUnavailable
from hub_local.layout import exclusive

KAFKA_VERSION = "4.3.1"
# The `!` adds that one jar and no BOM: with a BOM, jgo silently takes older Kafka clients.
ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.apache.logging.log4j:log4j-slf4j-impl:2.25.4!"
LIST_FILE = "kafka-jars.sha256"
REPOSITORY_VARIABLE = "HUB_MAVEN_REPOSITORY"
DELETE_ADVICE = "Nothing was started: delete that directory to fetch them again"
RETRY_ADVICE = "Nothing was kept: try again, and if it persists look at what answers in place of the repository"

log = logging.getLogger(__name__)

Download = Callable[[Path], list[Path]]


def committed_list() -> dict[str, str]:
    """Jar name → SHA-256 (hex) of the exact set that is accepted."""
    text = (resources.files("hub_local") / LIST_FILE).read_text(encoding="utf-8")
    return parse_list(text)


def parse_list(text: str) -> dict[str, str]:
    """Read the format of `sha256sum`: digest, two spaces, name. Raises ValueError on another one."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not name.endswith(".jar") or name in found:
            raise ValueError(f"{LIST_FILE}: not a line of sha256sum, or a name given twice: {line!r}")
        found[name] = digest
    return found


def verify(folder: Path, expected: Mapping[str, str], advice: str = DELETE_ADVICE) -> list[Path]:
    """The jars of `folder`, in name order, when they are exactly the expected ones and nothing else lies beside them.

    Raises JarsRefused naming every file that is missing, unexpected or different.
    """
    present = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    missing = sorted(expected.keys() - present.keys())
    extra = sorted(present.keys() - expected.keys())
    changed = sorted(name for name in expected.keys() & present.keys() if _sha256(present[name]) != expected[name])
    problems = [
        f"{label}: {', '.join(names)}"
        for label, names in (("missing", missing), ("unexpected", extra), ("different content", changed))
        if names
    ]
    if problems:
        raise JarsRefused(f"Kafka's jars in {folder} are not those of {LIST_FILE} ({'; '.join(problems)}). {advice}")
    return [present[name] for name in sorted(expected)]


def ensure_jars(cache: Path, expected: Mapping[str, str] | None = None, download: Download | None = None) -> Path:
    """The directory that holds the verified jars; fetched only when it doesn't exist yet.

    Raises JarsRefused when the set isn't exact, JarsUnavailable when it can't be fetched.
    """
    wanted = committed_list() if expected is None else expected
    folder = cache / f"kafka-{KAFKA_VERSION}"
    if not folder.exists():
        with exclusive(cache / f".kafka-{KAFKA_VERSION}.lock"):
            if not folder.exists():
                _fetch(cache, folder, wanted, resolve_with_jgo if download is None else download)
    verify(folder, wanted)
    return folder


def _fetch(cache: Path, folder: Path, expected: Mapping[str, str], download: Download) -> None:
    """Download into a scratch directory, verify there, and only then give the set its name."""
    with tempfile.TemporaryDirectory(dir=cache, prefix=".fetch-") as name:
        scratch = Path(name)
        staged = scratch / "jars"
        staged.mkdir()
        log.info("Fetching Apache Kafka %s (%d jars, 45 MB, once)…", KAFKA_VERSION, len(expected))
        try:
            downloaded = download(scratch / "resolver")
        except Exception as error:
            raise JarsUnavailable(
                f"Kafka's jars could not be fetched ({type(error).__name__}): check the network and its proxy "
                f"settings, or name a Maven repository you can reach in {REPOSITORY_VARIABLE}"
            ) from error
        for jar in downloaded:
            shutil.copyfile(jar, staged / jar.name)
        verify(staged, expected, RETRY_ADVICE)
        for jar in staged.iterdir():
            with jar.open("rb") as file:
                os.fsync(file.fileno())
        staged.rename(folder)


def resolve_with_jgo(scratch: Path) -> list[Path]:
    """Resolve and download the endpoint, keeping all of jgo's caches under `scratch`; returns the jars' paths.

    `HUB_MAVEN_REPOSITORY` names another Maven repository than the resolver's default one.
    """
    from jgo.maven import MavenContext
    from jgo.parse import Endpoint

    mirror = os.environ.get(REPOSITORY_VARIABLE)
    context = MavenContext(
        repo_cache=scratch / "repository", remote_repos={"mirror": mirror} if mirror else None, timeout=60
    )
    # Not jgo's EnvironmentBuilder: it would run whatever `jar` program is on the PATH.
    asked = [replace(each, scope=each.scope or "compile") for each in Endpoint.parse(ENDPOINT).coordinates]
    inputs, transitive = context.resolver.resolve([context.create_dependency(each) for each in asked])
    needed = [*inputs, *(each for each in transitive if each.scope in ("compile", "runtime"))]
    return [Path(each.artifact.resolve()) for each in needed]


def _sha256(path: Path) -> str:
    if not path.is_file():
        return "not a file"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
