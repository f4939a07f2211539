"""`slipstream users`: who may sign in to the API."""

from __future__ import annotations

from argparse import Namespace

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.grammar import Group
from slipstream.cli.output import show_rows
from slipstream.model.errors import AlreadyExistsError


def add_commands(group: Group) -> None:
    """The verbs of `users`."""
    create = group.verb("create", create_user, "Create a user")
    create.add_argument("-u", "--username", required=True)
    create.add_argument("-r", "--role", default="admin", help="admin, op, user or viewer")
    password = create.add_mutually_exclusive_group()
    password.add_argument("-p", "--password", help="asked for if it is not given")
    password.add_argument(
        "--use-random-password", action="store_true", help="make one and print it"
    )
    for name in ("-e/--email", "-f/--firstname", "-l/--lastname"):
        create.add_argument(*name.split("/"), help="accepted; not kept")
    group.verb("list", list_users, "List the users").add_output()


def create_user(deployment: Deployment, arguments: Namespace) -> None:
    """Store a new user with the hash of the password."""
    from slipstream.api.auth.access import Role
    from slipstream.api.auth.passwords import hash_password

    try:
        role = Role.named(arguments.role).name.lower()
    except ValueError as error:
        raise UsageError(str(error)) from error
    store = deployment.store
    if store.get_user_hash(arguments.username) is not None:
        raise AlreadyExistsError(f"There already is a user {arguments.username!r}.")
    password = arguments.password
    if arguments.use_random_password:
        password = random_password()
        print(f"Password: {password}")
    elif password is None:
        password = _asked_password()
    store.set_user(arguments.username, hash_password(password), role)
    print(f"User {arguments.username} created with role {role}")


def list_users(deployment: Deployment, arguments: Namespace) -> None:
    """Print names and roles."""
    show_rows(
        ({"username": name, "role": role} for name, role in deployment.store.list_users()),
        arguments.output,
        columns=("username", "role"),
    )


def random_password() -> str:
    """A password that nobody guesses, of letters and digits."""
    import secrets

    return secrets.token_urlsafe(12)


def _asked_password() -> str:
    from getpass import getpass

    password = getpass("Password: ")
    if not password or password != getpass("Again: "):
        raise UsageError("The passwords are empty or differ; nothing was created.")
    return password
