"""Custom XCom classes: what they are given, and what becomes of what they return."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.sdk.memory import MemoryBackend, Running, make_attempt

from slipstream.runtime.task_runner import TaskRun
from slipstream.sdk import DAG, BaseXCom, task
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._context import running as running_scope
from slipstream.sdk._types import UserValue
from slipstream.sdk._xcom_values import XComValueError, forget_xcom_class, xcom_class
from slipstream.sdk.exceptions import AirflowConfigException, AirflowSkipException


class ShelfXCom(BaseXCom):
    """Keeps lists on a shelf; the store keeps their places."""

    shelf: ClassVar[dict[str, Any]] = {}
    seen: ClassVar[list[Any]] = []

    @staticmethod
    def serialize_value(value: UserValue, *, key: Any, task_id: Any, **rest: Any) -> UserValue:
        ShelfXCom.seen.append((key, task_id, rest))
        if not isinstance(value, list):
            return BaseXCom.serialize_value(value)
        place = f"shelf://{task_id}/{key}/{rest['map_index']}"
        ShelfXCom.shelf[place] = value
        return BaseXCom.serialize_value(place)

    @staticmethod
    def deserialize_value(result: UserValue) -> UserValue:
        value = BaseXCom.deserialize_value(result)
        if isinstance(value, str) and value.startswith("shelf://"):
            return ShelfXCom.shelf[value]
        return value

    @staticmethod
    def purge(xcom: UserValue, *_: UserValue) -> None:
        ShelfXCom.shelf.pop(xcom.value, None)


class OldXCom(BaseXCom):
    """As written for Airflow 2: bytes, and a signature without the coordinates."""

    @staticmethod
    def serialize_value(value: UserValue) -> UserValue:  # type: ignore[override]
        return json.dumps({"old": value}).encode()

    @staticmethod
    def deserialize_value(result: UserValue) -> UserValue:
        return result.value["old"]


class BrokenXCom(BaseXCom):
    """Returns what the store cannot keep."""

    @staticmethod
    def serialize_value(value: UserValue, **_: UserValue) -> UserValue:
        return object()


@task
def give(value: Any = None) -> Any:
    return value


def dag() -> DAG:
    with DAG("d") as made:
        give.override(task_id="t")([1, 2])
        give.override(task_id="other")()
        give.override(task_id="mapped").expand(value=[1, 2])
    return made


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def choose(path: str) -> None:
        monkeypatch.setenv("AIRFLOW__CORE__XCOM_BACKEND", path)
        read_settings_anew()
        forget_xcom_class()

    yield choose
    monkeypatch.undo()
    ShelfXCom.shelf.clear()
    ShelfXCom.seen.clear()


HERE = __name__


def run_task(backend: MemoryBackend, **changes: Any) -> Any:
    made = dag()
    return TaskRun(make_attempt(made, "t", **changes), made, backend).run().outcome


def test_pushes_and_pulls_go_through_it(use: Any) -> None:
    use(f"{HERE}.ShelfXCom")
    found = Running(dag())
    ti, other = found.context("t")["ti"], found.context("other")["ti"]
    ti.xcom_push("k", [1, 2])
    ti.xcom_push("small", 5)
    assert found.backend.xcoms["d", "run", "t", "k"] == {-1: '"shelf://t/k/-1"'}
    assert other.xcom_pull("t", key="k") == [1, 2]
    assert other.xcom_pull("t", key="small") == 5
    assert ShelfXCom.seen[0] == ("k", "t", {"dag_id": "d", "run_id": "run", "map_index": -1})


def test_what_a_task_returns_goes_through_it_and_keeps_its_length(use: Any) -> None:
    use(f"{HERE}.ShelfXCom")
    outcome = run_task(MemoryBackend())
    (write,) = outcome.xcoms
    assert (write.value, write.length) == ('"shelf://t/return_value/-1"', 2)


def test_values_of_a_mapped_task_are_fetched_through_it(use: Any) -> None:
    use(f"{HERE}.ShelfXCom")
    found = Running(dag())
    for index in range(2):
        found.context("mapped", index)["ti"].xcom_push("return_value", [index])
    context = found.context("other")
    assert context["ti"].xcom_pull("mapped") == [[0], [1]]
    with running_scope(context):
        where: dict[str, Any] = {"dag_id": "d", "task_id": "mapped", "run_id": "run"}
        assert list(BaseXCom.get_all(**where) or ()) == [[0], [1]]
        assert BaseXCom.get_one(map_index=1, **where) == [1]


def test_the_class_of_the_setting_is_xcom_and_subclasses_are_themselves(use: Any) -> None:
    from slipstream.sdk import _xcom

    use(f"{HERE}.ShelfXCom")
    assert xcom_class() is ShelfXCom
    assert getattr(_xcom, "XCom") is ShelfXCom  # noqa: B009 - found by __getattr__
    found = Running(dag())
    with running_scope(found.context("other")):
        where: dict[str, Any] = {"dag_id": "d", "task_id": "other", "run_id": "run"}
        OldXCom.set("k", 7, **where)
        assert found.backend.xcoms["d", "run", "other", "k"] == {-1: '{"old": 7}'}
        assert OldXCom.get_one(key="k", **where) == 7


def test_bytes_and_signatures_of_airflow_2_work(use: Any) -> None:
    use(f"{HERE}.OldXCom")
    found = Running(dag())
    found.context("t")["ti"].xcom_push("k", {"a": 1})
    assert found.context("other")["ti"].xcom_pull("t", key="k") == {"a": 1}


def test_deleting_one_removes_what_it_kept(use: Any) -> None:
    use(f"{HERE}.ShelfXCom")
    found = Running(dag())
    found.context("t")["ti"].xcom_push("k", [1])
    with running_scope(found.context("other")):
        BaseXCom.delete("k", "t", "d", "run")
    assert ShelfXCom.shelf == {}
    assert found.backend.xcoms["d", "run", "t", "k"] == {}


def test_a_rerun_removes_what_the_try_before_pushed(use: Any) -> None:
    use(f"{HERE}.ShelfXCom")
    backend = MemoryBackend()
    Running(dag(), backend).context("t")["ti"].xcom_push("stale", [1])
    run_task(backend)
    assert "shelf://t/stale/-1" in ShelfXCom.shelf
    run_task(backend, is_rerun=True, next_method="execute")
    assert "shelf://t/stale/-1" in ShelfXCom.shelf
    run_task(backend, is_rerun=True)
    assert "shelf://t/stale/-1" not in ShelfXCom.shelf
    assert backend.xcoms["d", "run", "t", "stale"] == {}


def test_a_class_that_returns_no_json_is_named(use: Any) -> None:
    use(f"{HERE}.BrokenXCom")
    ti = Running(dag()).context("t")["ti"]
    with pytest.raises(
        XComValueError, match=r"XCom 'k' of task 't'.*BrokenXCom\.serialize_value\(\).*object"
    ):
        ti.xcom_push("k", 1)


@pytest.mark.parametrize("path", ["nowhere.Missing", "json.loads", "pathlib.Path"])
def test_a_setting_that_names_no_such_class_is_refused(use: Any, path: str) -> None:
    use(path)
    with pytest.raises(AirflowConfigException, match="xcom_backend"):
        Running(dag()).context("t")["ti"].xcom_push("k", 1)


def test_several_values_are_read_at_once_as_in_airflow_2() -> None:
    found = Running(dag())
    found.push("t", 1)
    found.push("other", 2)
    for index in range(2):
        found.push("mapped", index + 10, index)
    with running_scope(found.context("other")):
        assert BaseXCom.get_many(
            run_id="run", dag_ids="d", task_ids=["t", "mapped", "nobody", "other"]
        ) == [1, 10, 11, 2]
        assert BaseXCom.get_many(
            run_id="run", dag_ids=["d"], task_ids="mapped", map_indexes=1, key="return_value"
        ) == [11]


async def _awaited(found: Running) -> Any:
    ti = found.context("t")["ti"]
    await ti.axcom_push("k", (1, 2))
    pulled = await found.context("other")["ti"].axcom_pull("t", key="k")
    where: dict[str, Any] = {"dag_id": "d", "task_id": "other", "run_id": "run"}
    with running_scope(found.context("other")):
        await BaseXCom.aset("k", 5, **where)
        return pulled, await BaseXCom.aget_one(key="k", **where)


def test_all_of_it_can_be_awaited() -> None:
    import asyncio

    assert asyncio.run(_awaited(Running(dag()))) == ((1, 2), 5)


class TestObjectStorage:
    """The class of the common.io provider, where that is not installed."""

    @pytest.fixture
    def store(self, use: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        pytest.importorskip("upath")
        monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH", f"file://{tmp_path}/x")
        monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_THRESHOLD", "100")
        monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_COMPRESSION", "gzip")
        use("slipstream.sdk._xcom_object_storage.XComObjectStorageBackend")
        return tmp_path / "x"

    def objects(self, store: Path) -> list[Path]:
        return [path for path in store.rglob("*") if path.is_file()]

    def test_large_values_become_objects_and_small_ones_do_not(self, store: Path) -> None:
        found = Running(dag())
        ti, other = found.context("t")["ti"], found.context("other")["ti"]
        large = {"a": ["x" * 500, (1, 2)]}
        ti.xcom_push("small", "y" * 20)
        assert self.objects(store) == []
        ti.xcom_push("large", large)
        (path,) = self.objects(store)
        assert path.parent == store / "d" / "run" / "t"
        assert path.suffix == ".gz"
        assert path.stat().st_size < 200
        assert str(path) in found.backend.xcoms["d", "run", "t", "large"][-1]
        assert other.xcom_pull("t", key="large") == large
        assert other.xcom_pull("t", key="small") == "y" * 20

    def test_a_text_that_looks_like_a_reference_is_a_text(self, store: Path) -> None:
        found = Running(dag())
        for value in (f"file://{store}/d", {"__type__": "xcom_object", "__value__": "file:///x"}):
            found.context("t")["ti"].xcom_push("k", value)
            assert found.context("other")["ti"].xcom_pull("t", key="k") == value

    def test_a_purged_value_takes_its_object_along(self, store: Path) -> None:
        found = Running(dag())
        for key in ("a", "b"):
            found.context("t")["ti"].xcom_push(key, "x" * 500)
        with running_scope(found.context("other")):
            BaseXCom.delete("a", "t", "d", "run")
        assert len(self.objects(store)) == 1
        assert found.context("other")["ti"].xcom_pull("t", key="b") == "x" * 500

    def test_a_compression_that_nobody_knows_is_named(
        self, store: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_COMPRESSION", "squash")
        read_settings_anew()
        with pytest.raises(AirflowConfigException, match=r"'squash'; expected one of .*gzip"):
            Running(dag()).context("t")["ti"].xcom_push("k", "x" * 500)


def test_a_skip_from_a_backend_is_a_skip(use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(value: UserValue, **_: UserValue) -> UserValue:
        raise AirflowSkipException("the shelf is closed")

    use(f"{HERE}.ShelfXCom")
    monkeypatch.setattr(ShelfXCom, "serialize_value", staticmethod(refuse))
    with pytest.raises(AirflowSkipException):
        Running(dag()).context("t")["ti"].xcom_push("k", 1)
