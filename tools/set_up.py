"""Makes the project's virtual environment: `python3 tools/set_up.py FOLDER`.

Needs nothing but Python and its venv module. The locked packages are installed with uv, which is
several times quicker than pip; where uv cannot be had or cannot reach the packages, pip does it.

The file must parse on any Python 3, so that an old one gets a message and not a syntax error.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time

OLDEST = (3, 11)
NEWER_NAMES = ("python3.13", "python3.12", "python3.11", "python3.14")
UV_LIMIT_SECONDS = 300
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INPUTS = ("pyproject.toml", "requirements.lock", os.path.join("tools", "set_up.py"))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: python3 tools/set_up.py FOLDER")
    leave_an_old_python()
    folder = os.path.abspath(sys.argv[1])
    stamp = os.path.join(folder, ".slipstream-stamp")
    wanted = fingerprint()
    if read(stamp) == wanted:
        return
    started = time.monotonic()
    say("Setting up %s (once; needs the network) ..." % os.path.relpath(folder))
    make_environment(folder)
    used = install(folder)
    with open(stamp, "w") as file:
        file.write(wanted)
    say("Set up with %s in %.0f s." % (used, time.monotonic() - started))


def leave_an_old_python():
    """Go on in a newer Python of this machine where this one is too old."""
    if sys.version_info >= OLDEST:
        return
    for name in NEWER_NAMES:
        newer = shutil.which(name)
        if newer and run([newer, "-c", "import venv, ensurepip"]):
            say("%s is too old; using %s." % (sys.executable, newer))
            os.execv(newer, [newer, *sys.argv])
    sys.exit(
        "Slipstream needs Python %d.%d or newer, and %s is Python %s.\n"
        "Install a newer Python and run: make PYTHON=/path/to/python3.11"
        % ((*OLDEST, sys.executable, ".".join(str(part) for part in sys.version_info[:3])))
    )


def fingerprint():
    """What the environment was made from: its inputs' contents and the Python it stands on."""
    digest = hashlib.sha256("{}\n{}\n".format(ROOT, sys.version).encode())
    for name in INPUTS:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def make_environment(folder):
    if os.access(python_of(folder), os.X_OK) and run([python_of(folder), "-c", "import pip"]):
        return
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    except subprocess.CalledProcessError:
        sys.exit(
            "%s cannot make virtual environments. On Debian and Ubuntu: "
            "apt-get install python3-venv" % sys.executable
        )


def install(folder):
    """Install the lock and the project itself; gives the name of the tool that did it."""
    lock = ["-r", os.path.join(ROOT, "requirements.lock")]
    project = ["--no-deps", "-e", ROOT]
    python = python_of(folder)
    uv = find_uv(folder)
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", python]
        settings = dict(os.environ, **uv_settings(python))
        if run(command + lock, settings) and run(command + project, settings):
            return "uv"
        say("uv could not install the packages; pip takes over.")
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "--no-compile", *lock], check=True)
    subprocess.run(command + project, check=True)
    return "pip"


def find_uv(folder):
    """The machine's uv, or one put into the environment; None where neither is to be had."""
    found = shutil.which("uv")
    if found:
        return found
    own = os.path.join(folder, "bin", "uv")
    pip = [python_of(folder), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if os.access(own, os.X_OK) or run([*pip, "--only-binary=:all:", "uv"]):
        return own
    return None


def uv_settings(python):
    """What pip is configured with and uv would not read: where packages come from.

    A value that is already set for uv stays.
    """
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "extra-index-url": "UV_INDEX",
        "find-links": "UV_FIND_LINKS",
        "cert": "SSL_CERT_FILE",
    }
    settings = {"UV_HTTP_TIMEOUT": "30", "UV_INDEX_STRATEGY": "unsafe-best-match"}
    listing = subprocess.run(
        [python, "-m", "pip", "config", "list"], stdout=subprocess.PIPE, check=False
    )
    for line in listing.stdout.decode("utf-8", "replace").splitlines():
        name, _, value = line.partition("=")
        variable = names.get(name.rpartition(".")[2])
        if variable:
            entries = value.strip("'\"").replace("\\n", " ").split()
            separator = "," if variable == "UV_FIND_LINKS" else " "
            settings[variable] = separator.join(entries)
    return {name: value for name, value in settings.items() if name not in os.environ}


def run(command, settings=None):
    """Whether the command worked; what it says to stderr is shown only by pip's later failure."""
    try:
        done = subprocess.run(
            command,
            env=settings,
            timeout=UV_LIMIT_SECONDS,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def python_of(folder):
    return os.path.join(folder, "bin", "python")


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None


def say(text):
    print(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
