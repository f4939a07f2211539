"""Commands by noun; the only composition root."""
