"""The operator's value sets, for the services that write codes."""

from __future__ import annotations

from pathlib import Path

from hub_interop.terminologies import PackageRefused, load_installed, use_clock
from hub_kit.clock import Clock
from hub_kit.errors import ConfigurationError


def use_value_sets(folder: Path | None, clock: Clock) -> None:
    """From now on codes are looked up in the packages of that folder, and in what is shipped for the rest.

    Raises ConfigurationError for a folder that can't be used.
    """
    use_clock(lambda: clock.now().date())
    if folder is None:
        return
    try:
        load_installed(folder)
    except PackageRefused as error:
        raise ConfigurationError(f"HUB_VALUE_SETS_DIR: {error.code}: {error}") from None
