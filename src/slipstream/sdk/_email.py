"""Sending mail: `airflow.utils.email`, and what tells of failed tasks by mail.

Where the connection (`smtp_default`, or what `[email] email_conn_id` names) has a host, it says
everything; otherwise the server is that of `[smtp]`, with the connection's login and password.
"""

from __future__ import annotations

import logging
import re
import smtplib
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING

from slipstream.sdk._conf import conf
from slipstream.sdk._tries import with_tries
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowConfigException, AirflowException

if TYPE_CHECKING:
    from slipstream.sdk._connection import Connection

_log = logging.getLogger("airflow.task")

DEFAULT_BACKEND = "airflow.utils.email.send_email_smtp"

_SEPARATORS = re.compile(r"\s*[,;]\s*")
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
"""Between two tries to reach a mail server; each pause is twice as long as the one before."""
_PASSING = (smtplib.SMTPServerDisconnected, ConnectionError, TimeoutError)
"""Errors after which another try may find the server well."""


def send_email(
    to: str | Iterable[str],
    subject: str,
    html_content: str,
    files: Sequence[str] | None = None,
    dryrun: bool = False,
    cc: str | Iterable[str] | None = None,
    bcc: str | Iterable[str] | None = None,
    mime_subtype: str = "mixed",
    mime_charset: str = "utf-8",
    conn_id: str | None = None,
    custom_headers: Mapping[str, UserValue] | None = None,
    **kwargs: UserValue,
) -> UserValue:
    """Send a mail through `[email] email_backend`, from `[email] from_email`."""
    addresses = get_email_address_list(to)
    options: dict[str, UserValue] = {
        "files": files,
        "dryrun": dryrun,
        "cc": cc,
        "bcc": bcc,
        "mime_subtype": mime_subtype,
        "mime_charset": mime_charset,
        "conn_id": conn_id or conf.get("email", "email_conn_id", fallback="smtp_default"),
        "from_email": conf.get("email", "from_email", fallback=None),
        "custom_headers": custom_headers,
        **kwargs,
    }
    path = conf.get("email", "email_backend", fallback=DEFAULT_BACKEND) or DEFAULT_BACKEND
    backend = send_email_smtp
    if path != DEFAULT_BACKEND:
        backend = conf.getimport("email", "email_backend")
    return backend(", ".join(addresses), subject, html_content, **options)


def send_email_smtp(
    to: str | Iterable[str],
    subject: str,
    html_content: str,
    files: Sequence[str] | None = None,
    dryrun: bool = False,
    cc: str | Iterable[str] | None = None,
    bcc: str | Iterable[str] | None = None,
    mime_subtype: str = "mixed",
    mime_charset: str = "utf-8",
    conn_id: str = "smtp_default",
    from_email: str | None = None,
    custom_headers: Mapping[str, UserValue] | None = None,
    **kwargs: UserValue,
) -> None:
    """Send a mail over SMTP. Raises `smtplib.SMTPException` or `OSError` where that fails."""
    del kwargs
    server = _server(conn_id)
    sender = from_email or server.from_email
    if not sender:
        raise AirflowConfigException(
            "A mail needs a sender; set [email] from_email or [smtp] smtp_mail_from."
        )
    message, recipients = build_mime_message(
        sender,
        to,
        subject,
        html_content,
        files=files,
        cc=cc,
        bcc=bcc,
        mime_subtype=mime_subtype,
        mime_charset=mime_charset,
        custom_headers=custom_headers,
    )
    if not dryrun:
        _send(server, sender, recipients, message)


def build_mime_message(
    mail_from: str | None,
    to: str | Iterable[str],
    subject: str,
    html_content: str,
    files: Sequence[str] | None = None,
    cc: str | Iterable[str] | None = None,
    bcc: str | Iterable[str] | None = None,
    mime_subtype: str = "mixed",
    mime_charset: str = "utf-8",
    custom_headers: Mapping[str, UserValue] | None = None,
) -> tuple[MIMEMultipart, list[str]]:
    """The message, and everybody who gets it. `bcc` does not show in the message."""
    message = MIMEMultipart(mime_subtype)
    recipients = get_email_address_list(to)
    message["Subject"] = subject
    message["From"] = mail_from or ""
    message["To"] = ", ".join(recipients)
    if cc:
        copied = get_email_address_list(cc)
        message["CC"] = ", ".join(copied)
        recipients = recipients + copied
    if bcc:
        recipients = recipients + get_email_address_list(bcc)
    message["Date"] = formatdate(localtime=True)
    for name, value in (custom_headers or {}).items():
        message[name] = str(value)
    message.attach(MIMEText(html_content, "html", mime_charset))
    for file in files or ():
        path = Path(file)
        part = MIMEApplication(path.read_bytes(), Name=path.name)
        part.add_header("Content-Disposition", "attachment", filename=path.name)
        message.attach(part)
    return message, recipients


def send_mime_email(
    e_from: str,
    e_to: str | Iterable[str],
    mime_msg: MIMEMultipart,
    conn_id: str = "smtp_default",
    dryrun: bool = False,
) -> None:
    """Send a message that is made already."""
    if not dryrun:
        _send(_server(conn_id), e_from, get_email_address_list(e_to), mime_msg)


send_MIME_email = send_mime_email  # noqa: N816 - its name in Airflow 1.10
"""The name that it had in Airflow 1.10."""


def get_email_address_list(addresses: str | Iterable[str]) -> list[str]:
    """The addresses of a text with commas or semicolons between, or of a collection of texts."""
    if isinstance(addresses, str):
        return [one for one in _SEPARATORS.split(addresses.strip()) if one]
    if not isinstance(addresses, Iterable):
        raise TypeError(
            f"Addresses are a text or a collection of texts; found a {type(addresses).__name__}."
        )
    found: list[str] = []
    for one in addresses:
        if not isinstance(one, str):
            raise TypeError(f"An address is a text; found {one!r} of type {type(one).__name__}.")
        found += get_email_address_list(one)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    host: str
    port: int
    login: str | None
    password: str | None
    uses_ssl: bool
    uses_starttls: bool
    timeout_seconds: float
    tries: int
    from_email: str | None
    ssl_context: str


def _server(conn_id: str) -> _Server:
    """The mail server that the connection and the settings describe."""
    connection = _connection(conn_id)
    login = None if connection is None else connection.login or None
    password = None if connection is None else connection.password or None
    if connection is None or not connection.host:
        return _Server(
            host=str(conf.get("smtp", "smtp_host")),
            port=conf.getint("smtp", "smtp_port"),
            login=login,
            password=password,
            uses_ssl=conf.getboolean("smtp", "smtp_ssl"),
            uses_starttls=conf.getboolean("smtp", "smtp_starttls"),
            timeout_seconds=conf.getint("smtp", "smtp_timeout"),
            tries=conf.getint("smtp", "smtp_retry_limit"),
            from_email=conf.get("smtp", "smtp_mail_from", fallback=None),
            ssl_context=str(conf.get("email", "ssl_context", fallback="default")),
        )
    extra = connection.extra_dejson
    return _Server(
        host=connection.host,
        port=connection.port or 0,
        login=login,
        password=password,
        uses_ssl=not _is_true(extra.get("disable_ssl", False)),
        uses_starttls=not _is_true(extra.get("disable_tls", False)),
        timeout_seconds=float(extra.get("timeout", conf.getint("smtp", "smtp_timeout"))),
        tries=int(extra.get("retry_limit", conf.getint("smtp", "smtp_retry_limit"))),
        from_email=extra.get("from_email") or conf.get("smtp", "smtp_mail_from", fallback=None),
        ssl_context=str(
            extra.get("ssl_context") or conf.get("email", "ssl_context", fallback="default")
        ),
    )


def _connection(conn_id: str) -> Connection | None:
    from slipstream.sdk._hook import BaseHook

    try:
        return BaseHook.get_connection(conn_id)
    except AirflowException:
        return None


def _send(server: _Server, sender: str, recipients: list[str], message: MIMEMultipart) -> None:
    def send() -> None:
        with _connected(server) as smtp:
            smtp.sendmail(sender, recipients, message.as_string())

    def tell(error: Exception, pause_seconds: float) -> None:
        _log.info(
            "Mail server %s did not answer (%s); it is asked again in %s s",
            *(server.host, type(error).__name__, pause_seconds),
        )

    pauses = (
        min(_FIRST_PAUSE_SECONDS * 2**number, _LONGEST_PAUSE_SECONDS)
        for number in range(server.tries - 1)
    )
    with_tries(send, pauses, passing=_PASSING, on_failure=tell)


def _connected(server: _Server) -> smtplib.SMTP:
    if server.uses_ssl:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host,
            server.port,
            timeout=server.timeout_seconds,
            context=_tls_context(server.ssl_context),
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=server.timeout_seconds)
    try:
        if server.uses_starttls and not server.uses_ssl:
            smtp.starttls(context=_tls_context(server.ssl_context))
        if server.login and server.password:
            smtp.login(server.login, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _tls_context(name: str) -> ssl.SSLContext | None:
    """What `[email] ssl_context` stands for: certificates are checked, or (`none`) they are not."""
    if name == "default":
        return ssl.create_default_context()
    if name == "none":
        _log.warning("Mail is sent without a check of the server's certificate")
        return None
    raise AirflowConfigException(f"[email] ssl_context is {name!r}; expected 'default' or 'none'.")


def _is_true(value: object) -> bool:
    return str(value).strip().lower() in ("1", "true", "t", "yes", "on")
