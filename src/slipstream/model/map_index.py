"""Which of the instances of a task one is."""

UNMAPPED = -1
"""The map index of an instance whose task is not mapped."""
