"""Operators that call a function in a virtual environment or in another Python interpreter."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from slipstream.sdk._conf import conf
from slipstream.sdk._connection import Connection
from slipstream.sdk._types import UserValue
from slipstream.sdk._variable import Variable
from slipstream.sdk._venvs import Venv, build_venv, cached_venv, uv_command
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.operators._child_process import ChildProcess
from slipstream.sdk.operators._elsewhere import ElsewherePythonOperator
from slipstream.sdk.operators.branch import BaseBranchOperator
from slipstream.sdk.operators.python import PythonOperator

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

__all__ = [
    "BranchExternalPythonOperator",
    "BranchPythonVirtualenvOperator",
    "ExternalPythonOperator",
    "PythonVirtualenvOperator",
]


class PythonVirtualenvOperator(ElsewherePythonOperator):
    """Calls a function in a virtual environment that has `requirements` installed.

    `requirements` is a list of them, or the name of a template file that ends in `.txt`. An
    environment is kept and used again by whoever wants the same one: below `venv_cache_path`, or
    else below the folder that the settings name; where they name none, each task makes one and
    removes it. `python_version` is text such as "3.12". `index_urls` (and those of the connections
    in `index_urls_from_connection_ids`) replace what the machine knows of package indexes.
    `pip_install_options` go to pip or uv as they are.
    """

    template_fields: Sequence[str] = (
        *PythonOperator.template_fields,
        "requirements",
        "index_urls",
        "index_urls_from_connection_ids",
        "venv_cache_path",
    )
    template_ext: Sequence[str] = (".txt",)

    def __init__(
        self,
        *,
        python_callable: Callable[..., UserValue],
        requirements: Iterable[str] | str | None = None,
        python_version: str | None = None,
        system_site_packages: bool = True,
        pip_install_options: Sequence[str] | None = None,
        op_args: Collection[UserValue] | None = None,
        op_kwargs: Mapping[str, UserValue] | None = None,
        index_urls: Collection[str] | str | None = None,
        index_urls_from_connection_ids: Collection[str] | str | None = None,
        venv_cache_path: str | os.PathLike[str] | None = None,
        **kwargs: UserValue,
    ) -> None:
        if python_version is not None and not isinstance(python_version, str):
            raise AirflowException(
                f"python_version has to be text, such as '3.12'; {python_version!r} is of type "
                f"{type(python_version).__name__} (and 3.10 as a number is 3.1)."
            )
        super().__init__(
            python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, **kwargs
        )
        self.requirements = _listed(requirements) or []
        self.python_version = python_version
        self.system_site_packages = system_site_packages
        self.pip_install_options = list(pip_install_options or ())
        self.index_urls = _listed(index_urls)
        self.index_urls_from_connection_ids = _listed(index_urls_from_connection_ids)
        self.venv_cache_path = venv_cache_path

    def execute_callable(self) -> UserValue:
        """Make the environment or find it, and call the function in it."""
        venv = self._venv()
        folder = self.venv_cache_path or _folder_of_venvs()
        if folder:
            python = cached_venv(venv, Path(folder).absolute(), self._run, self.log)
            return self.call_with(str(python))
        with TemporaryDirectory(prefix="slipstream-venv-") as made:
            return self.call_with(str(build_venv(venv, Path(made) / "venv", self._run)))

    def _venv(self) -> Venv:
        return Venv(
            requirements=self._all_requirements(),
            python_version=self.python_version,
            system_site_packages=self.system_site_packages,
            install_options=self.pip_install_options,
            index_urls=self._all_index_urls(),
            cache_key=str(Variable.get("python_virtualenv_operator_cache_key", "")),
            with_uv=_wants_uv(),
        )

    def _all_requirements(self) -> list[str]:
        """With what the serializer needs. In whatever order they are given, it is the same set."""
        found = sorted({text for one in self.requirements if (text := str(one).strip())})
        needs_more = self.serializer != "pickle" and not self.system_site_packages
        if needs_more and not any(self.serializer in text for text in found):
            found.append(self.serializer)
        return found

    def _all_index_urls(self) -> list[str] | None:
        if not self.index_urls_from_connection_ids:
            return self.index_urls
        known = self.index_urls or []
        return [*known, *map(_index_url, self.index_urls_from_connection_ids)]

    def _run(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        child = ChildProcess(command, environment, self.log)
        self._note_child(child)
        self.log.info("Running command: %s", list(command))
        return child.run()


class BranchPythonVirtualenvOperator(BaseBranchOperator, PythonVirtualenvOperator):
    """Goes on with the tasks or groups whose ids the function returns, as BranchPythonOperator."""

    def choose_branch(self, context: Context) -> UserValue:
        """Ask the function."""
        return PythonVirtualenvOperator.execute(self, context)


class ExternalPythonOperator(ElsewherePythonOperator):
    """Calls a function with the Python interpreter at `python`, an absolute path.

    With `expect_pendulum` a warning says where that one lacks pendulum: times of the context are
    then the standard library's.
    """

    template_fields: Sequence[str] = (*PythonOperator.template_fields, "python")

    def __init__(
        self,
        *,
        python: str,
        python_callable: Callable[..., UserValue],
        op_args: Collection[UserValue] | None = None,
        op_kwargs: Mapping[str, UserValue] | None = None,
        expect_pendulum: bool = False,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(
            python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, **kwargs
        )
        if not python:
            raise ValueError(f"Task {self.task_id!r} needs the path of an interpreter in python.")
        self.python = python
        self.expect_pendulum = expect_pendulum

    def execute_callable(self) -> UserValue:
        """Call the function there."""
        path = Path(self.python)
        if not path.is_absolute():
            raise ValueError(
                f"python of task {self.task_id!r} has to be an absolute path; found {path}."
            )
        if not path.is_file():
            found = "is no file" if path.exists() else "does not exist"
            raise ValueError(f"The interpreter {path} of task {self.task_id!r} {found}.")
        return self.call_with(str(path))


class BranchExternalPythonOperator(BaseBranchOperator, ExternalPythonOperator):
    """Goes on with the tasks or groups whose ids the function returns, as BranchPythonOperator."""

    def choose_branch(self, context: Context) -> UserValue:
        """Ask the function."""
        return ExternalPythonOperator.execute(self, context)


def _listed(value: Iterable[str] | str | None) -> list[str] | None:
    if value is None:
        return None
    return [value] if isinstance(value, str) else list(value)


def _folder_of_venvs() -> str | None:
    if not conf.getboolean("slipstream", "keep_venvs"):
        return None
    return conf.get_mandatory_value("slipstream", "venv_folder")


def _wants_uv() -> bool:
    method = conf.get("standard", "venv_install_method").lower()
    return method == "uv" or (method == "auto" and uv_command() is not None)


def _index_url(conn_id: str) -> str:
    """The address of a package index with the connection's name and password in it."""
    connection = Connection.get(conn_id)
    if not connection.host:
        raise ValueError(f"Connection {conn_id!r} names no package index: its host is empty.")
    address = urlsplit(connection.host)
    host = address.netloc.rpartition("@")[2]
    if connection.login:
        password = f":{quote(connection.password, '')}" if connection.password else ""
        host = f"{quote(connection.login, '')}{password}@{host}"
    return address._replace(netloc=host).geturl()
