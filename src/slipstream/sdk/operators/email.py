"""An operator that sends a mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from slipstream.sdk._email import get_email_address_list, send_email
from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class EmailOperator(BaseOperator):
    """Sends a mail through the configured backend, which is the mail server of `conn_id`.

    `to`, `cc` and `bcc` are addresses, or texts of addresses with commas or semicolons between
    them. `files` are paths of what to attach. Without `from_email` the configured sender is used.
    """

    template_fields: Sequence[str] = (
        "to",
        "from_email",
        "subject",
        "html_content",
        "files",
        "cc",
        "bcc",
        "mime_subtype",
        "mime_charset",
        "conn_id",
    )
    template_fields_renderers: ClassVar[Mapping[str, str]] = {"html_content": "html"}
    template_ext: Sequence[str] = (".html",)
    ui_color = "#e6faf9"

    def __init__(
        self,
        *,
        to: str | Sequence[str],
        subject: str,
        html_content: str,
        from_email: str | None = None,
        files: Sequence[str] | None = None,
        cc: str | Sequence[str] | None = None,
        bcc: str | Sequence[str] | None = None,
        mime_subtype: str = "mixed",
        mime_charset: str = "utf-8",
        conn_id: str | None = None,
        custom_headers: Mapping[str, UserValue] | None = None,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(**kwargs)
        self.to = to
        self.subject = subject
        self.html_content = html_content
        self.from_email = from_email
        self.files = files
        self.cc = cc
        self.bcc = bcc
        self.mime_subtype = mime_subtype
        self.mime_charset = mime_charset
        self.conn_id = conn_id
        self.custom_headers = custom_headers

    def execute(self, context: Context) -> None:
        """Send it."""
        sender: dict[str, UserValue] = {"from_email": self.from_email} if self.from_email else {}
        send_email(
            self.to,
            self.subject,
            self.html_content,
            files=list(self.files or []),
            cc=self.cc,
            bcc=self.bcc,
            mime_subtype=self.mime_subtype,
            mime_charset=self.mime_charset,
            conn_id=self.conn_id,
            custom_headers=self.custom_headers,
            **sender,
        )
        self.log.info("Sent a mail to %d addresses.", len(get_email_address_list(self.to)))
