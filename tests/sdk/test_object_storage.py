"""Paths on object stores."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("upath")

import fsspec
from fsspec.implementations.memory import MemoryFileSystem

from slipstream.sdk import ObjectStoragePath, _object_stores
from slipstream.sdk._object_stores import ObjectStore, attach, get_fs, has_fs
from slipstream.wire.values import decode_value, encode_value


@pytest.fixture(autouse=True)
def nothing_attached() -> None:
    _object_stores._attached.clear()
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.mark.parametrize(
    ("url", "protocol", "bucket", "key", "conn_id"),
    [
        ("s3://bucket/key/a", "s3", "bucket", "key/a", None),
        ("s3://aws@bucket/key", "s3", "bucket", "key", "aws"),
        ("gs://bucket", "gs", "bucket", "", None),
        ("memory://a/b", "memory", "a", "b", None),
        ("file:///a/b", "file", "", "a/b", None),
        ("/a/b", "", "", "a/b", None),
    ],
)
def test_the_parts_of_a_path(
    url: str, protocol: str, bucket: str, key: str, conn_id: str | None
) -> None:
    path = ObjectStoragePath(url)
    assert (path.protocol, path.bucket, path.key, path.conn_id) == (protocol, bucket, key, conn_id)
    assert path.container == path.bucket
    child = path / "x" / "y.txt"
    assert (child.name, child.stem, child.suffix, child.conn_id) == ("y.txt", "y", ".txt", conn_id)
    assert child.parent.parent.key.rstrip("/") == key


def test_a_connection_belongs_to_the_path_and_to_what_is_made_of_it() -> None:
    path = ObjectStoragePath("s3://bucket/key", conn_id="aws")
    assert str(path) == "s3://aws@bucket/key"
    assert path == ObjectStoragePath("s3://aws@bucket/key")
    assert path != ObjectStoragePath("s3://bucket/key")
    assert str(path.with_suffix(".csv")) == "s3://aws@bucket/key.csv"
    assert ObjectStoragePath(path, "more").conn_id == "aws"
    assert path.samestore(path.parent)
    assert not path.samestore(ObjectStoragePath("s3://bucket/key"))
    assert len({path, ObjectStoragePath("s3://aws@bucket/key")}) == 1


def test_a_path_is_a_value_that_tasks_pass_to_each_other() -> None:
    for path in (
        ObjectStoragePath("s3://aws@bucket/key", anon=True),
        ObjectStoragePath("file:///a/b"),
        ObjectStoragePath("memory://a") / "b",
    ):
        for again in (decode_value(encode_value(path)), pickle.loads(pickle.dumps(path))):
            assert again == path
            assert again.conn_id == path.conn_id
            assert dict(again.storage_options) == dict(path.storage_options)
        assert copy.copy(path) == path
    with pytest.raises(ValueError, match="version 2"):
        ObjectStoragePath.deserialize({"path": "file:///a", "conn_id": None, "kwargs": {}}, 2)


def test_reading_writing_and_listing(tmp_path: Path) -> None:
    for root in (ObjectStoragePath(f"file://{tmp_path}"), ObjectStoragePath("memory://root")):
        folder = root / "a" / "b"
        folder.mkdir(parents=True)
        file = folder / "x.txt"
        assert file.write_text("hello") == 5
        assert file.read_bytes() == b"hello"
        with file.open("a") as opened:
            opened.write("!")
        assert file.read_text() == "hello!"
        assert file.read_block(1, 3) == b"ell"
        assert (file.size(), file.stat().st_size) == (6, 6)
        assert file.exists()
        assert file.is_file()
        assert folder.is_dir()
        assert [path.name for path in folder.iterdir()] == ["x.txt"]
        assert [path.name for path in root.glob("*/*/x*")] == ["x.txt"]
        assert file.checksum() == file.checksum()
        assert file.ukey() == file.ukey()
        assert file.samefile(root / "a" / "b" / "x.txt")
        moved = file.rename(folder / "y.txt")
        assert moved.read_text() == "hello!"
        moved.unlink()
        moved.unlink(missing_ok=True)
        assert not moved.exists()
        (root / "a").rmdir(recursive=True)
        assert not folder.exists()


def test_what_the_store_says_is_there_as_os_stat_has_it(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("abc")
    found = ObjectStoragePath(f"file://{tmp_path}/x").stat()
    real = (tmp_path / "x").stat()
    assert (found.st_size, found.st_mode, found.st_mtime) == (
        real.st_size,
        real.st_mode,
        real.st_mtime,
    )
    assert (found.st_ino, found.st_nlink, found.st_uid) == (
        real.st_ino,
        real.st_nlink,
        real.st_uid,
    )
    assert found["protocol"] == "file"


def test_copying_within_a_store_and_to_another_one(tmp_path: Path) -> None:
    here, there = ObjectStoragePath(f"file://{tmp_path}"), ObjectStoragePath("memory://there")
    (here / "a").mkdir()
    (here / "a" / "x.txt").write_text("x")
    (here / "a" / "deep").mkdir()
    (here / "a" / "deep" / "y.txt").write_text("y")
    (here / "a" / "x.txt").copy(here / "copy.txt")
    assert (here / "copy.txt").read_text() == "x"
    (here / "a" / "x.txt").copy(there / "x.txt")
    assert (there / "x.txt").read_text() == "x"
    with pytest.raises(IsADirectoryError, match="recursive=True"):
        (here / "a").copy(there / "all")
    (here / "a").copy(there / "all", recursive=True)
    assert (there / "all" / "deep" / "y.txt").read_text() == "y"
    (there / "x.txt").copy_into(here / "a" / "deep")
    assert (here / "a" / "deep" / "x.txt").read_text() == "x"
    with pytest.raises(NotADirectoryError, match="no folder to put"):
        (there / "x.txt").copy_into(here / "nowhere")
    (there / "all").move(here / "back", recursive=True)
    assert (here / "back" / "x.txt").read_text() == "x"
    assert not (there / "all").exists()
    (here / "copy.txt").move_into(here / "back")
    assert (here / "back" / "copy.txt").exists()
    assert not (here / "copy.txt").exists()


def test_nothing_is_opened_before_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_object_stores, "get_fs", _refuse)
    path = ObjectStoragePath("s3://aws@bucket/key") / "more"
    assert (str(path.parent), path.name) == ("s3://aws@bucket/key", "more")
    with pytest.raises(AssertionError, match="opened"):
        path.exists()


def _refuse(*_: Any) -> Any:
    raise AssertionError("opened")


def test_an_attached_file_system_serves_the_paths_of_its_scheme() -> None:
    mine = MemoryFileSystem()
    with mine.open("/bucket/key", "wb") as file:
        file.write(b"mine")
    store = attach("s3", conn_id="aws", fs=mine)
    path = ObjectStoragePath("s3://aws@bucket/key")
    assert path.fs is mine
    assert path.read_bytes() == b"mine"
    assert attach("s3", conn_id="aws") is store
    assert ObjectStore.deserialize(store.serialize(), 1) == store
    attach("memory", alias="kept")
    assert attach(alias="kept").protocol == "memory"
    with pytest.raises(ValueError, match="No store is attached as 'unknown'"):
        attach(alias="unknown")


def test_providers_bring_file_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    def provided(conn_id: str | None, storage_options: dict[str, Any]) -> Any:
        made.append((conn_id, storage_options))
        return fsspec.filesystem("memory")

    module = ModuleType("provider_fs")
    monkeypatch.setattr(module, "schemes", ["s3", "s3a"], raising=False)
    monkeypatch.setattr(module, "get_fs", provided, raising=False)
    monkeypatch.setitem(__import__("sys").modules, "provider_fs", module)
    told = {"filesystems": ["provider_fs"]}
    monkeypatch.setattr(_object_stores, "provided", lambda what: told[what])
    _object_stores._provided.cache_clear()
    try:
        path = ObjectStoragePath("s3://aws@bucket/key", anon=True)
        assert not path.exists()
        assert made == [("aws", {"anon": True})]
    finally:
        _object_stores._provided.cache_clear()


def test_a_scheme_that_nobody_opens_is_named() -> None:
    with pytest.raises(ValueError, match=r"No installed provider opens sftp:// .*'my_conn'"):
        ObjectStoragePath("sftp://my_conn@host/x").exists()
    with pytest.raises(ValueError, match="nowhere"):
        get_fs("nowhere")
    assert has_fs("memory")
    assert not has_fs("nowhere")
