"""Errors of the local infrastructure: each says what, where and what to do, and carries a stable code."""

from __future__ import annotations


class LocalError(Exception):
    """Base of what hub_local raises on purpose; `code` is stable."""

    code = "LOCAL_ERROR"


class DataDirectoryError(LocalError):
    """The data directory can't be used as asked."""

    code = "LOCAL_DATA_DIRECTORY"


class AlreadyRunning(LocalError):
    """Another supervisor holds this data directory."""

    code = "LOCAL_ALREADY_RUNNING"


class JarsRefused(LocalError):
    """Kafka's jars are not exactly those of the committed list."""

    code = "LOCAL_JARS_REFUSED"


class JarsUnavailable(LocalError):
    """Kafka's jars are not in the cache and could not be fetched."""

    code = "LOCAL_JARS_UNAVAILABLE"


class ProcessFailed(LocalError):
    """A supervised process could not be started, ended by itself or never became ready."""

    code = "LOCAL_PROCESS_FAILED"


class TopicsRefused(LocalError):
    """The cluster can't be brought to what the topic files declare."""

    code = "LOCAL_TOPICS_REFUSED"


class SettingsRefused(LocalError):
    """An environment variable is missing, or contradicts another."""

    code = "LOCAL_SETTINGS_REFUSED"
