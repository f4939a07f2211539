"""`slipstream providers`: what is installed, and installing from a folder of wheels."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.compat.fake_provider import make_provider
from tests.sdk.wheels import write_wheel

SOURCES = Path(__file__).parents[2] / "src"


def slipstream(
    *arguments: str, home: Path, path: Path | None = None, noun: str = "providers"
) -> subprocess.CompletedProcess[str]:
    places = [str(SOURCES), *([str(path)] if path else [])]
    return subprocess.run(
        [sys.executable, "-m", "slipstream", "--home", str(home), noun, *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
    )


def write_provider(folder: Path, name: str, version: str, requires: list[str], code: str) -> None:
    """The wheel of a provider with one module."""
    file = f"apache_airflow_providers_{name}-{version}"
    info = f"{file}.dist-info"
    module = f"airflow/providers/{name}/hooks.py"
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    files = {
        module: code,
        f"airflow/providers/{name}/__init__.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: apache-airflow-providers-{name}\n"
        f"Version: {version}\nProvides-Extra: more\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{one},,\n" for one in [*files, f"{info}/RECORD"])
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{file}-py3-none-any.whl", "w") as wheel:
        for one, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(one, text)


def test_packages_and_what_they_bring_are_listed(tmp_path: Path) -> None:
    acme = make_provider(tmp_path / "acme")
    listed = json.loads(slipstream("list", "-o", "json", home=tmp_path, path=acme).stdout)
    row = {
        "package_name": "apache-airflow-providers-acme",
        "description": "A service that there is not.",
        "version": "1.2.3",
    }
    assert row in listed
    hooks = json.loads(slipstream("hooks", "-o", "json", home=tmp_path, path=acme).stdout)
    assert {
        "connection_type": "acme",
        "class": "airflow.providers.acme.hooks.AcmeHook",
        "conn_id_attribute_name": "acme_conn_id",
        "package_name": "apache-airflow-providers-acme",
        "hook_name": "Acme",
    } in hooks
    unknown = slipstream("get", "nope", home=tmp_path, path=acme)
    assert (unknown.returncode, "providers install nope" in unknown.stderr) == (1, True)


def test_commands_of_providers_are_commands(tmp_path: Path) -> None:
    acme = make_provider(tmp_path / "acme")
    home = tmp_path / "home"
    done = slipstream("dig", "--depth", "3", home=home, path=acme, noun="acme")
    assert (done.returncode, done.stdout) == (0, f"dug 3 {home / 'dags'}\n"), done.stderr
    deep = slipstream("dig", "--depth", "30", home=home, path=acme, noun="acme")
    assert (deep.returncode, deep.stderr) == (1, "slipstream: 30 is too deep.\n")
    listed = slipstream(home=home, path=acme, noun="--help").stdout
    assert "What Acme does" in listed
    assert "Manage pools" in listed


def test_a_command_of_a_provider_that_is_not_here_says_what_to_install(tmp_path: Path) -> None:
    done = slipstream("cleanup-pods", home=tmp_path, noun="kubernetes")
    assert done.returncode == 2
    assert "slipstream providers install cncf-kubernetes" in done.stderr


def test_providers_are_installed_from_a_folder_without_airflow(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    needs = [
        "apache-airflow>=2.11.0",
        "apache-airflow-providers-beta>=1.0",
        "acmelib>=2",
        "oldlib; python_version < '3'",
        "extralib; extra == 'more'",
    ]
    write_provider(
        wheels,
        "alpha",
        "3.1.0",
        needs,
        "import json\nimport tabulate\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import structlog\ndef later():\n    import dill\n",
    )
    write_provider(wheels, "beta", "1.4.0", ["apache-airflow>=2.11.0"], "")
    for name, version in (("acmelib", "2.5"), ("tabulate", "0.9"), ("extralib", "1.0")):
        write_wheel(wheels, name, version)
    folder = ["--find-links", str(wheels), "--no-index", "--target", str(tmp_path / "there")]

    plan = slipstream("install", "alpha[more]", *folder, "--dry-run", home=tmp_path)
    assert plan.stdout.splitlines() == [
        "Would install:",
        "  apache-airflow-providers-alpha==3.1.0",
        "  apache-airflow-providers-beta==1.4.0",
        "  acmelib>=2",
        "  extralib",
        "  tabulate",
    ]
    done = slipstream("install", "alpha", *folder, home=tmp_path)
    assert (done.returncode, done.stdout) == (0, "alpha 3.1.0\nbeta 1.4.0\n")
    there = {path.name for path in (tmp_path / "there").glob("*.dist-info")}
    assert there == {
        "apache_airflow_providers_alpha-3.1.0.dist-info",
        "apache_airflow_providers_beta-1.4.0.dist-info",
        "acmelib-2.5.dist-info",
        "tabulate-0.9.dist-info",
    }


def test_what_cannot_be_installed_is_said_and_nothing_has_changed(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    write_provider(wheels, "alpha", "3.1.0", ["thislib>=2"], "")
    folder = ["--find-links", str(wheels), "--no-index", "--target", str(tmp_path / "there")]
    lost = slipstream("install", "alpha", *folder, home=tmp_path)
    assert (lost.returncode, "thislib>=2 cannot be installed" in lost.stderr) == (1, True)
    assert not list((tmp_path / "there").glob("airflow*"))
    airflow = slipstream("install", "apache-airflow", *folder, home=tmp_path)
    assert (airflow.returncode, "is no provider package" in airflow.stderr) == (2, True)
    extra = slipstream("install", "alpha[less]", *folder, home=tmp_path)
    assert (extra.returncode, "has no extra less; it has more" in extra.stderr) == (2, True)


def test_what_a_provider_does_not_say_that_it_refuses_is_not_installed(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    folder = ["--find-links", str(wheels), "--no-index", "--target", str(tmp_path / "there")]

    def planned(version: str, needs: str) -> list[str]:
        write_provider(wheels, "celery", version, [needs], "")
        plan = slipstream("install", f"celery=={version}", *folder, "--dry-run", home=tmp_path)
        return plan.stdout.splitlines()[2:]

    assert planned("3.26.0", "celery[redis]>=5.5.0") == ["  celery[redis]<5.7,>=5.5.0"]
    assert planned("3.26.1", "Celery") == ["  Celery<5.7"]
    assert planned("4.0.0", "celery>=5.7") == ["  celery>=5.7"]
    write_provider(wheels, "celery", "3.26.0", ["celery>=5.5.0"], "")
    write_wheel(wheels, "celery", "5.6.9")
    write_wheel(wheels, "celery", "5.7.0")
    done = slipstream("install", "celery==3.26.0", *folder, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "there").glob("celery-*")] == [
        "celery-5.6.9.dist-info"
    ]
