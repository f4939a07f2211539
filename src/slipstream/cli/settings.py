"""`slipstream config`: what is set, and by whom."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError
from slipstream.cli.grammar import Group, Parser
from slipstream.cli.linting import add_linting
from slipstream.cli.output import show_rows
from slipstream.cli.settings_file import file_lines, is_wanted
from slipstream.config import Setting

HIDDEN = "< hidden >"


def add_commands(group: Group) -> None:
    """The verbs of `config`."""
    listing = group.verb("list", list_settings, "List the settings with their sources")
    listing.add_argument("--section", help="only this section")
    listing.add_argument(
        "-a", "--include-defaults", "--defaults", action="store_true", help="also what is not set"
    )
    listing.add_argument(
        "--show-secrets", "--show-values", action="store_true", help="print secrets in the clear"
    )
    listing.add_hidden_secrets()
    _add_file_options(listing)
    listing.add_color()
    listing.add_output()
    add_linting(group)
    get = group.verb("get-value", get_value, "Print the value of one setting")
    get.add_argument("section")
    get.add_argument("option")
    get.add_argument("--show-secrets", action="store_true", help="print it even if it is a secret")
    get.add_argument("--show-source", action="store_true", help="also print where it comes from")


_OF_FILES = {
    ("-c", "--comment-out-everything"): "print a settings file in which nothing is set",
    ("-d", "--include-descriptions"): "print a settings file with what each value must be",
    ("-e", "--include-examples"): "print a settings file with examples of values",
    ("-V", "--include-env-vars"): "print a settings file with the variables",
    ("-s", "--include-sources"): "print a settings file with where each value comes from",
}


def _add_file_options(parser: Parser) -> None:
    for options, about in _OF_FILES.items():
        parser.add_argument(*options, action="store_true", help=about)
    parser.add_argument(
        "-p", "--exclude-providers", action="store_true", help="without settings of packages"
    )


def is_file(arguments: Namespace) -> bool:
    """Whether a settings file is asked for."""
    named = (options[1].removeprefix("--").replace("-", "_") for options in _OF_FILES)
    return any(getattr(arguments, name) for name in named)


def list_settings(deployment: Deployment, arguments: Namespace) -> None:
    """Print every setting, by default those that somebody has set."""
    config = deployment.config
    shows_secrets = arguments.show_secrets and not arguments.hide_sensitive
    if is_file(arguments):
        for line in file_lines(config, arguments, hidden=None if shows_secrets else HIDDEN):
            print(line)
        return
    settings: Iterable[Setting] = (config.setting(section, key) for section, key in config.names())
    show_rows(
        (
            {
                "section": setting.section,
                "key": setting.key,
                "value": _shown(setting, shows_secrets),
                "source": setting.source,
            }
            for setting in settings
            if is_wanted(setting, arguments)
        ),
        arguments.output,
        columns=("section", "key", "value", "source"),
    )


def get_value(deployment: Deployment, arguments: Namespace) -> None:
    """Print one value and nothing else, for scripts."""
    setting = deployment.config.setting(arguments.section, arguments.option)
    if setting.is_secret and not arguments.show_secrets:
        raise CommandFailedError(
            f"[{setting.section}] {setting.key} is a secret (from {setting.source}); "
            f"add --show-secrets to print it."
        )
    print(setting.value or "")
    if arguments.show_source:
        print(setting.source)


def _shown(setting: Setting, show_secrets: bool) -> str | None:
    return HIDDEN if setting.is_secret and setting.value and not show_secrets else setting.value
