"""The standard sensors."""
