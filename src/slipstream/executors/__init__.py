"""Where attempts run: one interface, one conformance suite."""
