"""Values that no database can hold or compare with: the client's mistake, not the server's."""

from __future__ import annotations

import pytest
from tests.api.conftest import Client

HUGE = 2**70


@pytest.mark.parametrize(
    "path",
    [
        f"/assets/{HUGE}",
        f"/assets/-{HUGE}/state-store",
        f"/pools?offset={HUGE}",
        f"/dagTags?offset={HUGE}",
        f"/dags/~/dagRuns/~/taskInstances?version_number={HUGE}",
        "/dags/~/dagRuns/~/taskInstances?duration_gte=1e300",
        "/dags/~/dagRuns/~/taskInstances?duration_gte=inf",
        "/dags/~/dagRuns?duration_lt=nan",
        "/dags/~/dagRuns?duration_lt=-inf",
    ],
)
def test_numbers_without_room_are_refused(api: Client, path: str) -> None:
    answer = api.get(path)
    assert answer.status_code in (400, 404, 422), answer.text
    assert answer.json()["detail"]


def test_nothing_of_a_refused_write_stays(api: Client) -> None:
    answer = api.post("/pools", {"name": "huge", "slots": HUGE})
    assert answer.status_code == 400
    assert "64 bits" in answer.json()["detail"]
    assert api.get("/pools/huge").status_code == 404
    assert api.post("/pools", {"name": "huge", "slots": 3}).status_code == 201
