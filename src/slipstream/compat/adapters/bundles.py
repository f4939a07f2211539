"""`airflow.dag_processing.bundles.base`: the base of places that DAG files come from."""

from __future__ import annotations

import fcntl
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class BundleVersion:
    """A version of a bundle, and what is needed to find it again."""

    version: str
    data: dict[str, Any] | None = None


def get_bundle_storage_root_path() -> Path:
    """The folder of all bundles."""
    from slipstream.sdk import conf

    given = conf.get("dag_processor", "dag_bundle_storage_path", fallback=None)
    return Path(given) if given else Path(tempfile.gettempdir(), "airflow", "dag_bundles")


def get_bundle_base_folder(bundle_name: str) -> Path:
    """The folder of a bundle."""
    return get_bundle_storage_root_path() / bundle_name


def get_bundle_versions_base_folder(bundle_name: str) -> Path:
    """The folder of a bundle's versions."""
    return get_bundle_base_folder(bundle_name) / "versions"


def get_bundle_version_path(bundle_name: str, version: str) -> Path:
    """The folder of one version."""
    return get_bundle_versions_base_folder(bundle_name) / version


class BaseDagBundle(ABC):
    """A place that DAG files come from: a repository, a bucket, a folder."""

    supports_versioning = False

    def __init__(
        self,
        *,
        name: str,
        refresh_interval: int = 300,
        version: str | None = None,
        view_url_template: str | None = None,
    ) -> None:
        """`refresh_interval` is in seconds; `version` is None for the newest."""
        self.name = name
        self.version = version
        self.version_data: dict[str, Any] | None = None
        self.refresh_interval = refresh_interval
        self.is_initialized = False
        self.base_dir = get_bundle_base_folder(name)
        self.versions_dir = get_bundle_versions_base_folder(name)
        self._view_url_template = view_url_template

    def initialize(self) -> None:
        """Called once before the bundle is used; may fetch."""
        self.is_initialized = True

    @property
    @abstractmethod
    def path(self) -> Path:
        """The folder with the files."""

    @abstractmethod
    def get_current_version(self) -> str | BundleVersion | None:
        """The version that is there; None where there are no versions."""

    @abstractmethod
    def refresh(self) -> None:
        """Fetch what is new."""

    def view_url(self, version: str | None = None) -> str | None:
        """Where people can look at a version, if anywhere."""
        template = self.view_url_template()
        return template and template.format(version=version)

    def view_url_template(self) -> str | None:
        """The same with `{version}` in it."""
        return self._view_url_template

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Only one process at a time is in this block, for each bundle."""
        folder = get_bundle_storage_root_path() / "_locks"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{self.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)


class BundleUsageTrackingManager:
    """Which versions of bundles a worker still uses: it keeps none on its disk."""

    def remove_stale_bundle_versions(self) -> None:
        """Nothing has to be removed."""
