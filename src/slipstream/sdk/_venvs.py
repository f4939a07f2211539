"""Virtual environments by what is to be installed in them: made once, and used again."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import site
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from slipstream.sdk.exceptions import AirflowException

Run = Callable[[Sequence[str], Mapping[str, str]], int]
"""Runs a command in an environment, its output to the log; gives the exit code."""

_COMPLETE = "slipstream-complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Venv:
    """What a virtual environment is made of.

    `python_version` is like `3.12`; None stands for the interpreter that runs this.
    `system_site_packages` lets it see what is installed where this runs.
    """

    requirements: Sequence[str] = ()
    python_version: str | None = None
    system_site_packages: bool = True
    install_options: Sequence[str] = ()
    index_urls: Sequence[str] | None = None
    """Where packages come from; None for what the machine says, none of them for nowhere."""
    cache_key: str = ""
    with_uv: bool = True

    @property
    def digest(self) -> str:
        """The name of everything that decides what is in it."""
        interpreter = [sys.version, sys.base_prefix, sys.prefix]
        text = json.dumps([asdict(self), interpreter], sort_keys=True, default=list)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def cached_venv(venv: Venv, folder: Path, run: Run, log: logging.Logger) -> Path:
    """The interpreter of such an environment below `folder`, which is made if it is not there.

    Whoever else wants the same one meanwhile waits. One that was not finished is made again.
    """
    place = folder / f"venv-{venv.digest}"
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / f"venv-{venv.digest}.lock", log):
        if _is_complete(place):
            log.info("Using the virtual environment %s", place)
            return _python_of(place)
        shutil.rmtree(place, ignore_errors=True)
        build_venv(venv, place, run)
        (place / _COMPLETE).touch()
        log.info("Made the virtual environment %s", place)
    return _python_of(place)


def build_venv(venv: Venv, place: Path, run: Run) -> Path:
    """Make one there; gives its interpreter. Raises `AirflowException` where a step fails."""
    _step(_creation(venv, place), {}, run)
    if venv.system_site_packages and _is_ours(venv.python_version):
        _see_our_packages(place)
    if venv.requirements:
        file = place / "requirements.txt"
        file.write_text("\n".join(venv.requirements), "utf-8")
        _step(_installation(venv, place, file), _index_variables(venv), run)
        file.unlink()
    return _python_of(place)


def uv_command() -> str | None:
    """The uv program, on the path or beside this interpreter."""
    beside = Path(sys.executable).with_name("uv")
    return shutil.which("uv") or (str(beside) if os.access(beside, os.X_OK) else None)


def _creation(venv: Venv, place: Path) -> list[str]:
    system = ["--system-site-packages"] if venv.system_site_packages else []
    if venv.with_uv:
        ours = _is_ours(venv.python_version)
        python = sys.executable if ours else str(venv.python_version)
        return [_uv(), "venv", "--quiet", "--python", python, *system, str(place)]
    return [_interpreter(venv.python_version), "-m", "venv", *system, str(place)]


def _interpreter(version: str | None) -> str:
    if _is_ours(version):
        return sys.executable
    found = shutil.which(f"python{version}")
    if found is None:
        raise AirflowException(
            f"There is no python{version} on the path to make a virtual environment with. Install "
            f"it, or install uv, which finds interpreters by itself."
        )
    return found


def _is_ours(version: str | None) -> bool:
    """Whether the interpreter that runs this is of that version: `3`, `3.11`, `3.11.7`."""
    if version is None:
        return True
    wanted = version.split(".")
    return wanted == [str(part) for part in sys.version_info[: len(wanted)]]


def _installation(venv: Venv, place: Path, file: Path) -> list[str]:
    python = str(_python_of(place))
    if venv.with_uv:
        tool = [_uv(), "pip", "install", "--python", python]
    else:
        tool = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    no_index = ["--no-index"] if venv.index_urls is not None and not venv.index_urls else []
    return [*tool, *no_index, *venv.install_options, "-r", str(file)]


def _index_variables(venv: Venv) -> dict[str, str]:
    """Index addresses may hold passwords, so they are on no command line and in no file."""
    if not venv.index_urls:
        return {}
    first, others = venv.index_urls[0], " ".join(venv.index_urls[1:])
    names = ("UV_DEFAULT_INDEX", "UV_INDEX") if venv.with_uv else _PIP_INDEXES
    return {names[0]: first, **({names[1]: others} if others else {})}


_PIP_INDEXES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")


def _uv() -> str:
    found = uv_command()
    if found is None:
        raise AirflowException(
            "[standard] venv_install_method is uv, and there is no uv on the path. Install it, or "
            "set the method to auto or pip."
        )
    return found


def _step(command: Sequence[str], variables: Mapping[str, str], run: Run) -> None:
    exit_code = run(command, {**os.environ, **variables})
    if exit_code != 0:
        raise AirflowException(
            f"The virtual environment could not be made: {' '.join(command[:3])} ended with exit "
            f"code {exit_code}; its output stands above in the log."
        )


def _see_our_packages(place: Path) -> None:
    """A virtual environment's system packages are the base interpreter's, never those of another
    virtual environment. What runs here is what people mean.
    """
    if sys.prefix == sys.base_prefix:
        return
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = place / "lib" / version / "site-packages"
    lines = [f"import site; site.addsitedir({folder!r})" for folder in site.getsitepackages()]
    (packages / "_slipstream_parent.pth").write_text("\n".join(lines) + "\n", "utf-8")


def _python_of(place: Path) -> Path:
    return place / "bin" / "python"


def _is_complete(place: Path) -> bool:
    return (place / _COMPLETE).exists() and _python_of(place).exists()


@contextmanager
def _locked(path: Path, log: logging.Logger) -> Iterator[None]:
    """Alone with it, among all processes of the machine; the kernel lets go when one dies."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("Waiting for another task that makes the same virtual environment")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
