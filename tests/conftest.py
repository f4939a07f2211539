"""What all tests share."""

from __future__ import annotations

from tests.postgres.server import postgres_server

__all__ = ["postgres_server"]
