"""The version of Airflow whose surface this is."""

version = "3.3.2"
__version__ = version
sdk_version = "1.3.2"
standard_version = "1.21.0"

AIRFLOW_V_3_0_PLUS = AIRFLOW_V_3_1_PLUS = AIRFLOW_V_3_1_3_PLUS = True
AIRFLOW_V_3_2_PLUS = AIRFLOW_V_3_3_PLUS = True
"""What provider code asks before it uses something new."""


def get_base_airflow_version_tuple() -> tuple[int, int, int]:
    """The version as numbers."""
    major, minor, micro = map(int, version.split("."))
    return major, minor, micro
