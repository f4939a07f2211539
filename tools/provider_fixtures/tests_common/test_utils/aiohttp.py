"""An answer of aiohttp's client."""

from aiohttp import ClientResponseError, RequestInfo
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL


class MockAiohttpClientResponse:
    """Says what it was made with; a status of 400 or more raises where it is asked."""

    def __init__(
        self, *, status=200, payload=None, reason="OK", method="GET", url="", text="", headers=None
    ):
        self.status, self.reason, self.method, self.url = status, reason, method, URL(url)
        self.headers = CIMultiDict(headers or {})
        self.history = ()
        self._payload, self._text = payload, text

    async def json(self, **_kwargs):
        """The body."""
        return self._payload

    async def text(self, **_kwargs):
        """The body as text."""
        return self._text

    async def read(self):
        """The body as bytes."""
        return self._text.encode()

    def raise_for_status(self):
        """Raise aiohttp's own error."""
        if self.status >= 400:
            headers = CIMultiDictProxy(self.headers)
            request = RequestInfo(self.url, self.method, headers, self.url)
            raise ClientResponseError(
                request, (), status=self.status, message=self.reason, headers=headers
            )

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_error):
        return None
