"""An infrastructure of these tests' own, in a directory that goes away; only the jars are shared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_local.infra import LocalInfra
from hub_local.layout import Layout


@pytest.fixture(scope="session")
def shared_jars() -> Path:
    """The jar cache of the default data directory, so that jars are fetched once a machine."""
    layout = Layout.from_environment({})
    layout.create()
    return layout.jar_cache


@pytest.fixture(scope="module")
def own_infra(shared_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalInfra]:
    """A started infrastructure with its topics, whatever HUB_KAFKA_BOOTSTRAP and HUB_DATABASE_URL say."""
    layout = Layout.at(tmp_path_factory.mktemp("infra") / "data", shared_jars)
    with LocalInfra(layout, environ={}) as infra:
        infra.reconcile_topics()
        yield infra
