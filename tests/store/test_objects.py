"""Both object stores keep texts in the same way."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slipstream.store.errors import ObjectMissingError, UnsupportedUrlError
from slipstream.store.objects import DirectoryObjects, ObjectStore, open_objects


@pytest.fixture(params=["folder", "file", "memory"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], ObjectStore]:
    """Opens the same object store again and again."""
    url = {
        "folder": str(tmp_path / "objects"),
        "file": f"file://{tmp_path}/objects",
        "memory": f"memory://{tmp_path.name}/objects",
    }[request.param]
    return lambda: open_objects(url)


def test_a_text_is_read_as_it_was_written(reopen: Callable[[], ObjectStore]) -> None:
    text = '[1, "ü"]\r\n' * 1000
    name = reopen().put(text)
    assert reopen().get(name) == text


def test_equal_texts_are_kept_once(reopen: Callable[[], ObjectStore]) -> None:
    objects = reopen()
    assert objects.put("same") == objects.put("same") != objects.put("other")
    assert len(list(reopen().names())) == 2


def test_names_come_with_the_moment_of_writing(reopen: Callable[[], ObjectStore]) -> None:
    name = reopen().put("text")
    ((found, written_at),) = reopen().names()
    assert found == name
    assert abs(datetime.now(UTC) - written_at) < timedelta(minutes=1)


def test_a_removed_text_is_missing(reopen: Callable[[], ObjectStore]) -> None:
    objects = reopen()
    name = objects.put("text")
    objects.remove(name)
    objects.remove(name)
    assert list(objects.names()) == []
    with pytest.raises(ObjectMissingError, match=name):
        objects.get(name)


def test_an_empty_object_store_has_no_names(reopen: Callable[[], ObjectStore]) -> None:
    assert list(reopen().names()) == []


def test_a_draft_that_was_never_finished_is_no_object(tmp_path: Path) -> None:
    objects = DirectoryObjects(tmp_path)
    name = objects.put("text")
    (tmp_path / name[:2] / f".{name[2:]}.0000").write_text("te")
    assert [found for found, _ in objects.names()] == [name]


def test_a_url_that_nothing_knows_is_refused() -> None:
    with pytest.raises(UnsupportedUrlError, match="nonsense://bucket"):
        open_objects("nonsense://bucket")


def test_without_fsspec_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UnsupportedUrlError, match=r"install `slipstream\[objects\]`"):
        open_objects("s3://bucket/xcom")
