"""Commands, groups of them and their arguments, as providers describe them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from functools import cache, wraps
from typing import Any, NamedTuple, NoReturn, TypeAlias

_UNSET: Any = object()


class Arg:
    """An argument of a command, which several commands may have."""

    def __init__(
        self,
        flags: Iterable[str] = (),
        help: str = _UNSET,
        action: Any = _UNSET,
        default: Any = _UNSET,
        nargs: Any = _UNSET,
        type: Any = _UNSET,
        choices: Any = _UNSET,
        required: bool = _UNSET,
        metavar: str = _UNSET,
        dest: str = _UNSET,
    ) -> None:
        """What is given is passed on to `ArgumentParser.add_argument`."""
        self.flags = tuple(flags)
        given = {
            "help": help,
            "action": action,
            "default": default,
            "nargs": nargs,
            "type": type,
            "choices": choices,
            "required": required,
            "metavar": metavar,
            "dest": dest,
        }
        self.kwargs = {name: value for name, value in given.items() if value is not _UNSET}

    def add_to_parser(self, parser: argparse.ArgumentParser) -> None:
        """Give the argument to a command's parser."""
        parser.add_argument(*self.flags, **self.kwargs)


class ActionCommand(NamedTuple):
    """A command that does something."""

    name: str
    help: str
    func: Callable[..., Any]
    args: Iterable[Arg]
    description: str | None = None
    epilog: str | None = None
    hide: bool = False


class GroupCommand(NamedTuple):
    """A noun with commands below it."""

    name: str
    help: str
    subcommands: Iterable[Any]
    description: str | None = None
    epilog: str | None = None


CLICommand: TypeAlias = ActionCommand | GroupCommand


class DefaultHelpParser(argparse.ArgumentParser):
    """A parser that prints the whole help where the arguments are wrong."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, below the help, and exit with 2."""
        self.print_help(sys.stderr)
        self.exit(2, f"\n{self.prog}: error: {message}\n")


AirflowHelpFormatter = argparse.RawDescriptionHelpFormatter


def lazy_load_command(import_path: str) -> Callable[..., Any]:
    """A function that imports the command when it is called."""
    name = import_path.rpartition(".")[2]

    def command(*args: Any, **kwargs: Any) -> Any:
        from slipstream.compat.adapters.helpers import import_string

        return import_string(import_path)(*args, **kwargs)

    command.__name__ = name
    return command


def positive_int(*, allow_zero: bool) -> Callable[[str], int]:
    """The type of an argument that is a number above 0, or 0 too."""

    def check(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if number < (0 if allow_zero else 1):
            least = "0 or more" if allow_zero else "1 or more"
            raise argparse.ArgumentTypeError(f"{number} is too small; expected {least}")
        return number

    return check


def add_command(subparsers: Any, sub: CLICommand) -> argparse.ArgumentParser:
    """Add a command, or a group with all below it, to a parser; gives its own parser."""
    text = sub.description or sub.help
    parser: argparse.ArgumentParser = subparsers.add_parser(
        sub.name, help=sub.help, description=text, epilog=sub.epilog
    )
    parser.formatter_class = AirflowHelpFormatter
    if isinstance(sub, GroupCommand):
        below = parser.add_subparsers(dest="subcommand", metavar="COMMAND")
        below.required = True
        for one in sorted(sub.subcommands, key=lambda command: str(command.name)):
            add_command(below, one)
        return parser
    for argument in sub.args:
        argument.add_to_parser(parser)
    parser.set_defaults(func=sub.func)
    return parser


@cache
def get_parser(dag_parser: bool = False) -> argparse.ArgumentParser:
    """A parser with the commands that the installed providers bring."""
    del dag_parser
    parser = DefaultHelpParser(prog="slipstream", formatter_class=AirflowHelpFormatter)
    below = parser.add_subparsers(dest="subcommand", metavar="GROUP_OR_COMMAND")
    below.required = True
    for command in provided_commands():
        add_command(below, command)
    return parser


def provided_commands() -> list[CLICommand]:
    """The commands and groups of the installed providers, by name."""
    from slipstream.compat.providers.manager import ProvidersManager

    found = [
        command for function in ProvidersManager().cli_command_functions for command in function()
    ]
    return sorted(found, key=lambda command: str(command.name))


def action_cli(func: Any = None, check_db: bool = True) -> Any:
    """A command as it is: Slipstream checks its database where it opens it."""
    del check_db
    return func if callable(func) else action_cli


def suppress_logs_and_warning(f: Callable[..., Any]) -> Callable[..., Any]:
    """A command that prints its answer and nothing else, unless `--verbose` is given."""
    import logging
    import warnings

    @wraps(f)
    def quiet(*args: Any, **kwargs: Any) -> Any:
        if args and getattr(args[0], "verbose", False):
            return f(*args, **kwargs)
        before = logging.root.manager.disable
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            logging.disable(logging.CRITICAL)
            try:
                return f(*args, **kwargs)
            finally:
                logging.disable(before)

    return quiet


def get_bagged_dag(
    bundle_names: list[str] | None, dag_id: str, dagfile_path: str | None = None
) -> Any:
    """A DAG of the DAGs folder, or of one file. Raises `AirflowException`."""
    import importlib

    from slipstream.sdk import conf
    from slipstream.sdk.exceptions import AirflowException

    del bundle_names
    # By name: the layer of tests lies above this one.
    bag_class = importlib.import_module("slipstream.testing.dag_bag").DagBag
    bag = bag_class(dagfile_path or conf.get("core", "dags_folder"), include_examples=False)
    found = bag.dags.get(dag_id)
    if found is None:
        raise AirflowException(
            f"There is no DAG {dag_id!r} in {dagfile_path or 'the DAGs folder'}. "
            f"`slipstream dags list` shows those that there are."
        )
    return found
