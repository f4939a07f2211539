from datetime import UTC, datetime, timedelta

import pytest

from slipstream.sdk import macros


@pytest.mark.parametrize(
    ("ds", "days", "expected"),
    [
        ("2026-02-28", 1, "2026-03-01"),
        ("2026-01-01", -1, "2025-12-31"),
        ("2026-01-01", 0, "2026-01-01"),
    ],
)
def test_days_are_added_to_a_date(ds: str, days: int, expected: str) -> None:
    assert macros.ds_add(ds, days) == expected


def test_a_date_is_formatted_anew() -> None:
    assert macros.ds_format("2026-01-02", "%Y-%m-%d", "%d.%m.%y") == "02.01.26"


def test_differences_are_told_in_words() -> None:
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert macros.datetime_diff_for_humans(moment, moment + timedelta(hours=2)) == "2 hours before"
    assert macros.datetime_diff_for_humans(datetime.now(UTC) - timedelta(days=3)) == "3 days ago"


def test_the_modules_that_templates_use_are_there() -> None:
    assert macros.dateutil.parser.parse("2026-01-01").year == 2026
    assert macros.json.loads("[1]") == [1]
    assert macros.yaml.safe_load("a: 1") == {"a": 1}
    assert 0 <= macros.random() < 1
    with pytest.raises(AttributeError):
        macros.os  # noqa: B018
