"""Virtual environments: made from local wheels, kept, shared, and made again."""

from __future__ import annotations

import logging
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.sdk.wheels import write_wheel

from slipstream.sdk import DAG, dag, task
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._venvs import Venv, build_venv, cached_venv
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.python_venv import PythonVirtualenvOperator

LOG = logging.getLogger("test")


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A home of the test's own, and caches that are nobody else's."""
    monkeypatch.setenv("SLIPSTREAM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    read_settings_anew()
    yield
    monkeypatch.undo()
    read_settings_anew()


@pytest.fixture
def wheels(tmp_path: Path) -> list[str]:
    """The options that install from a folder where `tiny` lies in two versions."""
    folder = tmp_path / "wheels"
    write_wheel(folder, "tiny", "1.0")
    write_wheel(folder, "tiny", "2.0")
    return ["--no-index", "--find-links", str(folder)]


def quietly(command: Sequence[str], environment: Mapping[str, str]) -> int:
    return subprocess.run(command, env=dict(environment), check=False, timeout=100).returncode


def tried_to_build(command: Sequence[str], environment: Mapping[str, str]) -> int:
    raise AssertionError(f"nothing was to be made: {command}")


def returned(run: Any, task_id: str) -> Any:
    return run.get_task_instance(task_id).xcom_pull(task_ids=task_id)


def test_a_function_runs_with_what_it_requires(tmp_path: Path, wheels: list[str]) -> None:
    @dag
    def pipeline():
        @task.virtualenv(requirements=["tiny==1.0"], pip_install_options=wheels)
        def version(text):
            import sys

            import tiny

            return [text, tiny.__version__, sys.prefix]

        @task
        def check(found):
            return found

        check(version("{{ dag.dag_id }}"))

    run = pipeline().test()
    text, version, prefix = returned(run, "check")
    assert (text, version) == ("pipeline", "1.0")
    assert Path(prefix).parent == tmp_path / "home" / "venvs"


def test_two_tasks_with_the_same_requirements_share_it(tmp_path: Path, wheels: list[str]) -> None:
    @dag
    def pipeline():
        @task.virtualenv(requirements=["tiny"], pip_install_options=wheels)
        def where(n):
            import sys

            return sys.prefix

        where.expand(n=[1, 2, 3])

    run = pipeline().test()
    assert run.state == "success"
    prefixes = {run.get_task_instance("where", at).xcom_pull("where") for at in range(3)}
    assert len(prefixes) == 1
    assert len(list((tmp_path / "home" / "venvs").glob("venv-*/bin"))) == 1


def test_requirements_may_be_a_template_file(tmp_path: Path, wheels: list[str]) -> None:
    (tmp_path / "requirements.txt").write_text("# ours\ntiny=={{ params.version }}\n")

    def version():
        import tiny

        return tiny.__version__

    with DAG("d", template_searchpath=str(tmp_path), params={"version": "1.0"}) as made:
        PythonVirtualenvOperator(
            task_id="there",
            python_callable=version,
            requirements="requirements.txt",
            pip_install_options=wheels,
        )
    assert returned(made.test(), "there") == "1.0"


def test_a_branch_is_chosen_in_a_virtual_environment(wheels: list[str]) -> None:
    @dag
    def pipeline():
        @task.branch_virtualenv(requirements=["tiny==2.0"], pip_install_options=wheels)
        def choose():
            import tiny

            return "new" if tiny.__version__ == "2.0" else "old"

        choose() >> [EmptyOperator(task_id="old"), EmptyOperator(task_id="new")]

    run = pipeline().test()
    assert [run.get_task_instance(one).state for one in ("old", "new")] == ["skipped", "success"]


def test_what_cannot_be_installed_fails_the_task_and_leaves_nothing(
    tmp_path: Path, wheels: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    @dag
    def pipeline():
        @task.virtualenv(requirements=["nowhere-to-be-found"], pip_install_options=wheels)
        def never(): ...

        never()

    assert pipeline().test().state == "failed"
    assert "could not be made" in caplog.text
    assert not list((tmp_path / "home" / "venvs").glob("venv-*/slipstream-complete"))


@pytest.mark.parametrize("serializer", ["cloudpickle", "dill"])
def test_the_serializer_is_required_too(serializer: str) -> None:
    def nothing(): ...

    with DAG("d"):
        made = PythonVirtualenvOperator(
            task_id="x",
            python_callable=nothing,
            requirements=["b", "a\n"],
            serializer=serializer,
            system_site_packages=False,
        )
    assert made._all_requirements() == ["a", "b", serializer]


def test_without_keeping_it_is_made_for_one_task(
    tmp_path: Path, wheels: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPSTREAM__SLIPSTREAM__KEEP_VENVS", "false")
    read_settings_anew()

    @dag
    def pipeline():
        @task.virtualenv(requirements=["tiny"], pip_install_options=wheels)
        def where():
            import sys

            return sys.prefix

        where()

    assert not Path(returned(pipeline().test(), "where")).exists()
    assert not (tmp_path / "home" / "venvs").exists()


# ---------------------------------------------------------------- the environments themselves


def test_it_sees_what_is_installed_here_or_does_not(tmp_path: Path) -> None:
    asked = "import importlib.util as u; print(u.find_spec('pendulum') is not None)"
    answers = []
    for sees in (True, False):
        python = build_venv(Venv(system_site_packages=sees), tmp_path / str(sees), quietly)
        found = subprocess.run(
            [python, "-c", asked],
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": os.environ["PATH"]},
        )
        answers.append(found.stdout.strip())
    assert answers == ["True", "False"]


def test_the_version_that_runs_here_means_the_interpreter_that_runs_here(tmp_path: Path) -> None:
    major, minor = sys.version_info[:2]
    for version in (None, f"{major}", f"{major}.{minor}"):
        seen: list[Sequence[str]] = []

        def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
            seen.append(command)  # noqa: B023 - called before the next round
            return quietly(command, environment)

        place = tmp_path / str(version)
        build_venv(Venv(python_version=version), place, run)
        assert sys.executable in seen[0]
        assert list(place.rglob("_slipstream_parent.pth")) or sys.prefix == sys.base_prefix


def test_with_pip_it_is_the_same(tmp_path: Path, wheels: list[str]) -> None:
    venv = Venv(
        requirements=["tiny==1.0"],
        install_options=wheels,
        with_uv=False,
        system_site_packages=False,
    )
    python = build_venv(venv, tmp_path / "made", quietly)
    script = "import tiny; print(tiny.__version__)"
    found = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout == "1.0\n"


def test_one_that_is_complete_is_used_again(tmp_path: Path) -> None:
    venv = Venv(system_site_packages=False)
    first = cached_venv(venv, tmp_path, quietly, LOG)
    assert cached_venv(venv, tmp_path, tried_to_build, LOG) == first
    other = Venv(system_site_packages=False, cache_key="2")
    with pytest.raises(AssertionError, match="nothing was to be made"):
        cached_venv(other, tmp_path, tried_to_build, LOG)


def test_one_that_was_not_finished_is_made_again(tmp_path: Path) -> None:
    venv = Venv(system_site_packages=False)
    place = tmp_path / f"venv-{venv.digest}"
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").symlink_to(sys.executable)
    (place / "left over").touch()
    cached_venv(venv, tmp_path, quietly, LOG)
    assert not (place / "left over").exists()


def build_once(folder: str, gate: Any, commands: Any) -> None:
    """What each of many processes does: the commands that it ran go to the queue."""

    def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
        commands.put(list(command))
        return quietly(command, environment)

    gate.wait(60)
    cached_venv(Venv(system_site_packages=False), Path(folder), run, LOG)


def test_many_at_once_make_it_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    gate, commands = context.Barrier(3), context.Queue()
    arguments = (str(tmp_path), gate, commands)
    made = [context.Process(target=build_once, args=arguments) for _ in range(3)]
    for process in made:
        process.start()
    for process in made:
        process.join(90)
    assert [process.exitcode for process in made] == [0, 0, 0]
    assert commands.get(timeout=10)[1] == "venv"
    assert commands.empty()


@pytest.mark.parametrize(
    ("venv", "expected"),
    [
        (Venv(index_urls=["http://u:p@a/", "http://b/"]), ("UV_DEFAULT_INDEX", "UV_INDEX")),
        (
            Venv(index_urls=["http://u:p@a/", "http://b/"], with_uv=False),
            ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"),
        ),
    ],
)
def test_passwords_of_indexes_are_on_no_command_line(
    tmp_path: Path, venv: Venv, expected: tuple[str, str]
) -> None:
    seen: list[tuple[Sequence[str], Mapping[str, str]]] = []

    def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
        seen.append((command, environment))
        return 0

    from dataclasses import replace

    (tmp_path / "made").mkdir()
    wanted = replace(venv, requirements=["x"], system_site_packages=False)
    build_venv(wanted, tmp_path / "made", run)
    command, environment = seen[-1]
    assert [environment[name] for name in expected] == ["http://u:p@a/", "http://b/"]
    assert "u:p" not in " ".join(command)
    assert not [one for one in (tmp_path / "made").rglob("*") if one.is_file()]


def test_no_index_at_all_is_asked_for(tmp_path: Path) -> None:
    seen: list[Sequence[str]] = []

    def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
        seen.append(command)
        return 0

    (tmp_path / "made").mkdir()
    venv = Venv(index_urls=[], requirements=["x"], system_site_packages=False)
    build_venv(venv, tmp_path / "made", run)
    assert "--no-index" in seen[-1]


def test_a_version_that_is_not_there_is_named(tmp_path: Path) -> None:
    venv = Venv(python_version="9.9", with_uv=False)
    with pytest.raises(AirflowException, match=r"no python9\.9 on the path"):
        build_venv(venv, tmp_path / "made", tried_to_build)


def test_indexes_come_from_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_MIRROR",
        '{"conn_type": "package_index", "host": "https://m.test/simple", "login": "me",'
        ' "password": "a/b"}',
    )

    def nothing(): ...

    with DAG("d"):
        made = PythonVirtualenvOperator(
            task_id="x",
            python_callable=nothing,
            index_urls="https://first.test",
            index_urls_from_connection_ids="mirror",
        )
    expected = ["https://first.test", "https://me:a%2Fb@m.test/simple"]
    assert made._all_index_urls() == expected
