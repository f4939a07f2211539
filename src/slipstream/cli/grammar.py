"""The pieces that every command's grammar is made of."""

from __future__ import annotations

import argparse
from argparse import SUPPRESS, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from slipstream.cli.deployment import Deployment

Run: TypeAlias = "Callable[[Deployment, Namespace], int | None]"
"""What carries a command out; None stands for exit code 0."""


def lazily(function: str) -> Run:
    """A command whose module is imported when it is run: `package.module:function`."""

    def run(deployment: Deployment, arguments: Namespace) -> int | None:
        from importlib import import_module

        module, _, name = function.partition(":")
        command: Run = getattr(import_module(module), name)
        return command(deployment, arguments)

    return run


class _SetSetting(argparse.Action):
    """Keeps an option as the strongest source of a setting."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        del parser
        section, _, key = self.dest.partition(".")
        settings = getattr(namespace, "settings", {})
        namespace.settings = {**settings, (section, key): (str(values), option_string)}


class Parser(argparse.ArgumentParser):
    """An argument parser with the options that several commands share."""

    def __init__(self, **kwargs: object) -> None:
        """As `argparse.ArgumentParser`; abbreviations of options are not allowed."""
        # argparse's own signature is wider than any one call of it.
        super().__init__(allow_abbrev=False, **kwargs)  # type: ignore[arg-type]

    def add_deployment_options(self) -> None:
        """`--home`, `--config` and `--server`, before or after the command."""
        self.add_argument(
            "--home", type=Path, default=SUPPRESS, metavar="DIR", help="instead of SLIPSTREAM_HOME"
        )
        self.add_argument(
            "--config",
            dest="config_file",
            type=Path,
            default=SUPPRESS,
            metavar="FILE",
            help="instead of slipstream.toml in the home",
        )
        self.add_argument(
            "--server",
            default=SUPPRESS,
            metavar="URL",
            help="work on that server instead of a home (or set SLIPSTREAM_SERVER)",
        )
        self.add_argument("-v", "--verbose", action="store_true", default=SUPPRESS, help=SUPPRESS)

    def add_setting(self, *names: str, metavar: str, about: str) -> None:
        """An option that stands for a setting and beats all other sources of it.

        `names` are those of the option, then the setting's section and key.
        """
        *options, section, key = names
        self.add_argument(
            *options,
            dest=f"{section}.{key}",
            action=_SetSetting,
            default=SUPPRESS,
            metavar=metavar,
            help=f"{about} (setting: [{section}] {key})",
        )

    def add_output(self) -> None:
        """`--output`: how a listing is printed."""
        self.add_argument(
            "-o",
            "--output",
            choices=("table", "json", "yaml", "plain"),
            default="table",
            help="format of the output (default: table)",
        )

    def add_color(self) -> None:
        """`--color`, as Airflow has it: what is printed for programs has no colours."""
        self.add_argument(
            "--color",
            choices=("on", "off", "auto"),
            help="accepted, as in Airflow; nothing is coloured",
        )

    def add_hidden_secrets(self) -> None:
        """`--hide-sensitive`, as Airflow has it: secrets are hidden in any case."""
        self.add_argument(
            "--hide-sensitive", action="store_true", help="accepted; secrets are always hidden"
        )

    def add_confirmation(self) -> None:
        """`--yes`: do not ask."""
        self.add_argument("-y", "--yes", action="store_true", help="do not ask for confirmation")

    def add_bundle_name(self) -> None:
        """`--bundle-name`, which restricts to DAG bundles."""
        self.add_argument(
            "-B", "--bundle-name", action="append", help="only the DAGs of this bundle"
        )


class Group:
    """A noun of the command line: either a command itself, or the parent of several verbs."""

    def __init__(self, parser: argparse.ArgumentParser, noun: str) -> None:
        """`parser` is the noun's own."""
        self.noun = noun
        self._parser = parser
        self._verbs: argparse._SubParsersAction[Parser] | None = None

    def command(self, run: Run) -> Parser:
        """Make the noun itself the command."""
        assert isinstance(self._parser, Parser)
        self._parser.add_deployment_options()
        self._parser.set_defaults(run=run)
        return self._parser

    def verb(self, name: str, run: Run, help_text: str) -> Parser:
        """Add a verb below the noun."""
        if self._verbs is None:
            self._verbs = self._parser.add_subparsers(
                dest="verb", metavar="COMMAND", required=True, parser_class=Parser
            )
        parser = self._verbs.add_parser(name, help=help_text, description=help_text)
        parser.add_deployment_options()
        parser.set_defaults(run=run)
        return parser
