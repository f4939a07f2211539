"""The verbs of `slipstream providers`."""

from __future__ import annotations

from slipstream.cli.grammar import Group, Parser, lazily

_LISTINGS = "slipstream.cli.providers.listing"
_VERBS = {
    "auth-managers": ("auth_managers", "List the auth managers"),
    "behaviours": ("behaviours", "List the connection types that change their form"),
    "configs": ("configs", "Show the settings that providers add"),
    "executors": ("executors", "List the executors"),
    "hooks": ("hooks", "List the hooks by connection type"),
    "links": ("links", "List the links that operators bring"),
    "list": ("packages", "List the installed providers"),
    "logging": ("logging_handlers", "List what keeps task logs elsewhere"),
    "notifications": ("notifications", "List the notifiers"),
    "queues": ("queues", "List the message queues"),
    "secrets": ("secrets", "List the secrets backends"),
    "triggers": ("triggers", "List the modules of triggers"),
    "widgets": ("widgets", "List the extra fields of connection forms"),
}


def add_commands(group: Group) -> None:
    """Airflow's verbs, and `install`."""
    for verb, (function, help_text) in _VERBS.items():
        group.verb(verb, lazily(f"{_LISTINGS}:{function}"), help_text).add_output()
    get = group.verb("get", lazily(f"{_LISTINGS}:get_provider"), "Show one provider")
    get.add_argument("provider_name", help="the package, or its short name, such as amazon")
    get.add_color()
    get.add_argument("-f", "--full", action="store_true", help="all that it says about itself")
    get.add_output()
    group.verb(
        "lazy-loaded",
        lazily(f"{_LISTINGS}:check_lazy_loading"),
        "Check that commands do not look for providers before they need them",
    )
    _add_install(
        group.verb(
            "install",
            lazily("slipstream.cli.providers.install:install_providers"),
            "Install provider packages and what they need, without Airflow",
        )
    )


def _add_install(parser: Parser) -> None:
    parser.add_argument(
        "names",
        nargs="+",
        metavar="NAME",
        help="short names or packages, with extras and versions: amazon, docker==4.6.1",
    )
    parser.add_argument(
        "--find-links", metavar="DIR", help="a folder or page with wheels, besides the index"
    )
    parser.add_argument("--index-url", metavar="URL", help="instead of the usual index")
    parser.add_argument(
        "--no-index", action="store_true", help="take wheels from --find-links only"
    )
    parser.add_argument("--target", metavar="DIR", help="into this folder, not the environment")
    parser.add_argument("-c", "--constraint", metavar="FILE", help="versions to keep to")
    parser.add_argument(
        "--installer",
        choices=("uv", "pip"),
        help="what installs (default: uv where it is there, otherwise pip)",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be installed")
