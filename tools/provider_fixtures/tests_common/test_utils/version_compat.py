"""Which release of Airflow is tested against."""

from airflow.providers.common.compat.sdk import timezone  # noqa: F401
from airflow.sdk.definitions._internal.types import NOTSET  # noqa: F401

AIRFLOW_V_3_0_PLUS = AIRFLOW_V_3_1_PLUS = AIRFLOW_V_3_2_PLUS = AIRFLOW_V_3_3_PLUS = True
AIRFLOW_V_3_0_1 = AIRFLOW_V_3_4_PLUS = False
