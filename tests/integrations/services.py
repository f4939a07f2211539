"""The other side of integrations: started here, on loopback, and stopped by their own ids."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

_START_SECONDS = 90.0


@contextmanager
def s3() -> Iterator[str]:
    """Moto's server: S3, SQS and more of AWS."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@dataclass(slots=True)
class Mails:
    """A mail server and what it was sent."""

    port: int = 0
    messages: list[Message] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[Mails]:
    """A mail server that keeps everything."""
    from aiosmtpd.controller import Controller

    mails = Mails()

    class Keeper:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
            mails.messages.append(message_from_bytes(envelope.content))
            return "250 OK"

    controller = Controller(Keeper(), hostname="127.0.0.1", port=_free_port())
    controller.start()
    mails.port = controller.port
    try:
        yield mails
    finally:
        controller.stop()


@dataclass(slots=True)
class Web:
    """A web server and what it was asked: `(method, path, headers, body)`."""

    port: int = 0
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    """`{path: (status, JSON)}`; other paths answer 200 and `ok`."""


@contextmanager
def web_server() -> Iterator[Web]:
    """A web server on loopback."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            web.requests.append((self.command, self.path, dict(self.headers), body))
            status, answer = web.answers.get(self.path.partition("?")[0], (200, "ok"))
            data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_PUT = do_DELETE = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(slots=True)
class Ssh:
    """An SSH server: who may come in, and the folder that SFTP shows."""

    port: int
    folder: Path
    user: str = "tester"
    password: str = "secret"


@contextmanager
def ssh_server(folder: Path) -> Iterator[Ssh]:
    """An SSH server that runs commands in a shell and serves files."""
    import asyncssh

    shown = folder / "sftp"
    shown.mkdir()
    found = Ssh(0, shown)

    class Doorman(asyncssh.SSHServer):
        def begin_auth(self, _username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == (found.user, found.password)

    async def run_command(process: Any) -> None:
        child = await asyncio.create_subprocess_shell(
            process.command,
            executable="/bin/bash",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await child.communicate()
        process.stdout.write(out.decode())
        process.stderr.write(err.decode())
        process.exit(child.returncode or 0)

    loop = asyncio.new_event_loop()
    started = threading.Event()
    servers: list[Any] = []

    async def serve() -> None:
        server = await asyncssh.create_server(
            Doorman,
            "127.0.0.1",
            0,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            process_factory=run_command,
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(shown)),
        )
        found.port = server.get_port()
        servers.append(server)
        started.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())
        loop.run_forever()
        servers[0].close()
        loop.run_until_complete(servers[0].wait_closed())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(_START_SECONDS)
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


@contextmanager
def docker_daemon(folder: Path) -> Iterator[str]:
    """A Docker daemon with images that are named as those of the founding documents.

    Their `python` and `python3` are shell scripts that print what they were called with.
    """
    for program in ("dockerd", "busybox"):
        if shutil.which(program) is None:
            pytest.skip(
                f"DOCKER WAS NOT TESTED: {program} is missing; apt-get install docker.io "
                "busybox-static iptables"
            )
    if os.geteuid() != 0:
        pytest.skip("DOCKER WAS NOT TESTED: dockerd has to be started by root")
    had_bridge = Path("/sys/class/net/docker0").exists()
    (folder / "none.json").write_text("{}")
    address = f"unix://{folder}/docker.sock"
    command = [
        "dockerd",
        "--storage-driver=overlay2",
        f"--data-root={folder}/data",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid",
        f"--host={address}",
        "--iptables=false",
        "--ip6tables=false",
        "--ip-forward=false",
        "--ip-masq=false",
        f"--config-file={folder}/none.json",
    ]
    environment = {**os.environ, "DOCKER_HOST": address}

    def docker(*words: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["docker", *words], env=environment, capture_output=True, check=False, **options
        )

    with _process(command, folder / "log", lambda: docker("version").returncode == 0):
        _make_images(folder / "rootfs", docker)
        yield address
    if not had_bridge and shutil.which("ip"):
        subprocess.run(["ip", "link", "delete", "docker0"], capture_output=True, check=False)


def _make_images(root: Path, docker: Callable[..., Any]) -> None:
    programs = root / "bin"
    programs.mkdir(parents=True)
    (root / "tmp").mkdir()
    shutil.copy(str(shutil.which("busybox")), programs / "busybox")
    for name in ("sh", "echo", "cat", "env", "sleep", "true"):
        (programs / name).symlink_to("busybox")
    for name in ("python", "python3"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*"\n')
        (programs / name).chmod(0o755)
    packed = subprocess.run(["tar", "-C", root, "-c", "."], capture_output=True, check=True).stdout
    for image in ("music-genre-classif:latest", "my-ml-image:latest"):
        done = docker("import", "-", image, input=packed)
        assert done.returncode == 0, done.stderr


@contextmanager
def mariadb(folder: Path) -> Iterator[int]:
    """A MariaDB on loopback with a database `test`, and a user `tester` without a password."""
    if shutil.which("mariadbd") is None or shutil.which("mariadb-install-db") is None:
        pytest.skip("MARIADB WAS NOT TESTED: apt-get install mariadb-server")
    user = ["--user=root"] if os.geteuid() == 0 else []
    data = [f"--datadir={folder}/data", *user]
    subprocess.run(
        ["mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", *data],
        capture_output=True,
        check=True,
    )
    (folder / "init.sql").write_text(
        "CREATE DATABASE IF NOT EXISTS test;\n"
        "CREATE USER tester@'127.0.0.1' IDENTIFIED BY '';\n"
        "GRANT ALL ON test.* TO tester@'127.0.0.1';\n"
    )
    port = _free_port()
    command = [
        "mariadbd",
        "--no-defaults",
        *data,
        "--bind-address=127.0.0.1",
        f"--port={port}",
        f"--socket={folder}/socket",
        f"--pid-file={folder}/pid",
        f"--init-file={folder}/init.sql",
        "--innodb-flush-log-at-trx-commit=0",
    ]
    with _process(command, folder / "log", lambda: _listens(port)):
        yield port


@contextmanager
def redis(folder: Path) -> Iterator[int]:
    """A Redis on loopback that keeps nothing."""
    if shutil.which("redis-server") is None:
        pytest.skip("REDIS WAS NOT TESTED: apt-get install redis-server")
    port = _free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", ""]
    with _process([*command, "--dir", str(folder)], folder / "log", lambda: _listens(port)):
        yield port


@contextmanager
def kerberos(folder: Path, principal: str) -> Iterator[dict[str, str]]:
    """A key distribution center with one principal, whose keys are in `folder/keytab`; gives the
    variables that lead clients to it."""
    port = _free_port()
    realm = principal.partition("@")[2]
    (folder / "krb5.conf").write_text(
        f"[libdefaults]\n default_realm = {realm}\n dns_lookup_kdc = false\n"
        f" dns_canonicalize_hostname = false\n[realms]\n {realm} = {{\n  kdc = 127.0.0.1:{port}\n }}\n"
    )
    (folder / "kdc.conf").write_text(
        f"[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n"
        f"[realms]\n {realm} = {{\n  database_name = {folder}/principal\n"
        f"  key_stash_file = {folder}/stash\n  max_renewable_life = 7d\n }}\n"
    )
    variables = {
        "KRB5_CONFIG": str(folder / "krb5.conf"),
        "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
    }
    environment = {**os.environ, **variables}
    for command in (
        ["kdb5_util", "create", "-s", "-P", "master", "-W"],
        ["kadmin.local", "-q", f"addprinc -randkey {principal}"],
        ["kadmin.local", "-q", f"ktadd -k {folder}/keytab {principal}"],
    ):
        subprocess.run(command, env=environment, capture_output=True, check=True)
    with _process(["krb5kdc", "-n"], folder / "log", lambda: _listens(port), environment):
        yield variables


@contextmanager
def _process(
    command: list[str],
    log: Path,
    is_ready: Callable[[], bool],
    environment: dict[str, str] | None = None,
) -> Iterator[None]:
    """A server process, from when it is ready to when it has ended."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not is_ready():
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
            time.sleep(0.1)  # these servers tell nobody when they are ready
        yield
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
