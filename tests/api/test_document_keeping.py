"""The OpenAPI document is made once for the code that it describes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client

from slipstream.api import document_keeping, document_pages
from slipstream.api.app import create_app, public_operations
from slipstream.api.document_keeping import kept_document
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store


def document(portal: BlockingPortal, store: Store, settings: ApiSettings) -> bytes:
    """What a server with these settings answers."""
    answer = Client(portal, create_app(store, settings=settings)).get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return answer.content


def test_a_second_server_reads_what_the_first_has_made(
    portal: BlockingPortal, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ApiSettings(log_dir=tmp_path, cache_dir=tmp_path / "cache")
    made = document(portal, store, settings)
    assert made == document(portal, store, replace(settings, cache_dir=None))
    (file,) = (tmp_path / "cache").iterdir()
    assert file.read_bytes() == made

    def never(*_: object) -> dict[str, object]:
        raise AssertionError("it is made anew")

    monkeypatch.setattr(document_pages, "openapi_document", never)
    assert document(portal, store, settings) == made


class Making:
    """Counts how often the document is made."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.times = 0

    def __call__(self, operations: Sequence[object] = (), base: str = "") -> bytes:
        def make() -> bytes:
            self.times += 1
            return b"{}"

        return kept_document(self.folder, operations, base, make)  # type: ignore[arg-type]


def test_other_code_operations_or_addresses_have_a_document_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    shutil.copy(document_keeping.__file__, package / "one.py")
    monkeypatch.setattr(document_keeping, "_PACKAGE", package)
    making = Making(tmp_path / "cache")
    operations = public_operations()
    making(operations)
    making(operations)
    assert making.times == 1
    making(operations[1:])
    assert making.times == 2
    making(operations, "/below")
    assert making.times == 3
    os.utime(package / "one.py", (1, 1))
    making(operations, "/below")
    assert making.times == 4
    assert len(list((tmp_path / "cache").iterdir())) == 1  # Those of before are gone.


def test_where_nothing_can_be_kept_it_is_made_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (None, tmp_path / "file" / "cache"):
        making = Making(folder)
        assert [making(), making()] == [b"{}", b"{}"]
        assert making.times == 2
