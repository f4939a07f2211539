"""Putting the parts of a server together."""
