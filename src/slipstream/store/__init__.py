"""SQL behind one interface of domain verbs."""

from slipstream.store.crypto import generate_key
from slipstream.store.open import open_store

__all__ = ["generate_key", "open_store"]
