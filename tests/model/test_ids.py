import uuid

from slipstream.model.ids import format_uuid7, new_uuid7


def test_an_id_is_a_uuid_of_version_seven() -> None:
    parsed = uuid.UUID(new_uuid7())
    assert parsed.version == 7
    assert parsed.variant == uuid.RFC_4122


def test_ids_sort_by_the_moment_they_were_made() -> None:
    assert format_uuid7(1_000, b"\xff" * 10) < format_uuid7(1_001, b"\x00" * 10)


def test_a_thousand_ids_are_all_different() -> None:
    assert len({new_uuid7() for _ in range(1000)}) == 1000
