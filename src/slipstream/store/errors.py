"""What can go wrong between the store and its database."""

from __future__ import annotations

from slipstream.model.errors import ConflictError, InvalidInputError, SlipstreamError


class StoreError(SlipstreamError):
    """The database refused or failed; the message says what it said."""


class StoreUnavailableError(StoreError):
    """The database cannot be reached, or stayed busy for too long."""


class WouldWaitError(SlipstreamError):
    """Somebody else is at work, and whoever asked did not want to wait. Nothing was done.

    It is no `StoreError`: whoever handles those would take it for a failure.
    """


class SchemaMismatchError(StoreError):
    """The database's schema is not the one that this version works with."""


class ConstraintViolatedError(StoreError):
    """A row that breaks a constraint of the schema was turned away."""


class UnstorableValueError(StoreError, InvalidInputError):
    """A value that the database has no room for, such as a number beyond 64 bits."""


class RowMissingError(StoreError):
    """An update was meant for a row that is not there."""


class AttemptSupersededError(ConflictError):
    """The attempt is no longer its instance's current one: what it sends does not count."""


class UnsupportedUrlError(InvalidInputError):
    """A database or object store URL that the store does not know how to open."""


class UndecryptableError(StoreError):
    """A value was encrypted with a key that is not among those given."""


class ObjectMissingError(StoreError):
    """An XCom's object is not in the object store."""
