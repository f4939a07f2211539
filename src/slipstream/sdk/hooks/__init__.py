"""The standard hooks."""
