"""A server with a certificate of its own making, and a command line that is told to trust it."""

from __future__ import annotations

import socket
import ssl
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from tests.cli.conftest import Slipstream

from slipstream.api.front import create_front
from slipstream.api.server import ApiServer, CertificateError
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for this machine, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    alternatives = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    certificate_file, key_file = tmp_path / "server.pem", tmp_path / "server.key"
    certificate_file.write_bytes(made.public_bytes(pem))
    key_file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file


@pytest.fixture
def url(store: Store, tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[str]:
    """The address of a server with that certificate."""
    settings = ApiSettings(
        log_dir=tmp_path / "logs", simple_auth_manager_all_admins=True, is_https=True
    )
    server = ApiServer(
        lambda: create_front(store, settings=settings),
        port=0,
        certificate_file=str(certificate[0]),
        key_file=str(certificate[1]),
    )
    server.start()
    assert server.wait_ready(30)
    yield server.url
    server.stop()


def test_a_certificate_is_checked_and_can_be_trusted(
    slipstream: Slipstream,
    url: str,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert url.startswith("https://")
    refused = slipstream("pools", "list", "--server", url)
    assert refused.code == 3
    assert f"The certificate of {url} is not to be trusted: " in refused.err
    assert "SSL_CERT_FILE" in refused.err
    plain = slipstream("pools", "list", "--server", url.replace("https", "http"))
    assert plain.code == 3
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    trusted = slipstream("pools", "list", "--server", url)
    assert trusted.code == 0, trusted.err
    assert "default_pool" in trusted.out


def test_the_certificate_of_another_name_is_refused(
    slipstream: Slipstream,
    url: str,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    elsewhere = url.replace("127.0.0.1", "localhost.localdomain")
    monkeypatch.setattr("socket.getaddrinfo", _all_here)
    done = slipstream("pools", "list", "--server", elsewhere)
    assert done.code == 3
    assert "Hostname mismatch" in done.err


def _all_here(_host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def test_answers_over_https_tell_browsers_to_stay_with_it(
    url: str, certificate: tuple[Path, Path]
) -> None:
    context = ssl.create_default_context(cafile=str(certificate[0]))
    for path in ("/api/v2/version", "/api/v2/pools"):
        with urllib.request.urlopen(url + path, context=context, timeout=60) as answer:
            assert answer.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize("fault", ["no certificate", "no file", "another key", "a locked key"])
def test_files_that_do_not_serve_are_named_before_anything_begins(
    certificate: tuple[Path, Path], tmp_path: Path, fault: str
) -> None:
    good, key_file = map(str, certificate)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if fault == "a locked key":
        lock = serialization.BestAvailableEncryption(b"secret")
    pem = serialization.Encoding.PEM
    another = tmp_path / "another.pem"
    another.write_bytes(other.private_bytes(pem, serialization.PrivateFormat.PKCS8, lock))
    files: dict[str, tuple[str | None, str]] = {
        "no certificate": (None, key_file),
        "no file": (str(tmp_path / "nothing.pem"), key_file),
        "another key": (good, str(another)),
        "a locked key": (good, str(another)),
    }
    certificate_file, key = files[fault]
    server = ApiServer(dict, port=0, certificate_file=certificate_file, key_file=key)  # type: ignore[arg-type]  # never made
    with pytest.raises(CertificateError, match="ssl_cert"):
        server.bind()
