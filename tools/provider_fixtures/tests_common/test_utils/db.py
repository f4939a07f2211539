"""What empties tables between tests: there is no database, and nothing to empty."""


def __getattr__(name):
    """Any function that clears something."""
    if not name.startswith("clear_"):
        raise AttributeError(name)
    return lambda *_args, **_more: None
