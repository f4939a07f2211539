"""The standard operators."""
