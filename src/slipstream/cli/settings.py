"""`slipstream config`: what is set, and by whom."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError
from slipstream.cli.grammar import Group
from slipstream.cli.output import show_rows
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
    listing.add_color()
    listing.add_output()
    get = group.verb("get-value", get_value, "Print the value of one setting")
    get.add_argument("section")
    get.add_argument("option")
    get.add_argument("--show-secrets", action="store_true", help="print it even if it is a secret")
    get.add_argument("--show-source", action="store_true", help="also print where it comes from")


def list_settings(deployment: Deployment, arguments: Namespace) -> None:
    """Print every setting, by default those that somebody has set."""
    config = deployment.config
    settings: Iterable[Setting] = (
        config.setting(section, key)
        for section, key in config.names()
        if arguments.section in (None, section)
    )
    show_rows(
        (
            {
                "section": setting.section,
                "key": setting.key,
                "value": _shown(setting, arguments.show_secrets and not arguments.hide_sensitive),
                "source": setting.source,
            }
            for setting in settings
            if arguments.include_defaults or arguments.section or not setting.is_default
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
