from slipstream.model.version import hash_sources


def test_the_hash_does_not_depend_on_the_order_of_the_files() -> None:
    assert hash_sources({"a.py": "x", "b.py": "y"}) == hash_sources({"b.py": "y", "a.py": "x"})


def test_the_hash_tells_where_one_file_ends_and_the_next_begins() -> None:
    assert hash_sources({"a.py": "xb.py", "c": ""}) != hash_sources({"a.py": "x", "b.pyc": ""})


def test_files_that_are_not_utf_8_can_be_hashed() -> None:
    assert hash_sources({"a.py": b"\xff".decode("utf-8", "surrogateescape")})
