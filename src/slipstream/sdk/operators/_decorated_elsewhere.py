"""The operators behind the decorators that call a function in another Python interpreter."""

from __future__ import annotations

from slipstream.sdk.operators._decorated import _PythonDecoratedOperator
from slipstream.sdk.operators.python_venv import (
    BranchExternalPythonOperator,
    BranchPythonVirtualenvOperator,
    ExternalPythonOperator,
    PythonVirtualenvOperator,
)


class _PythonVirtualenvDecoratedOperator(_PythonDecoratedOperator, PythonVirtualenvOperator):
    """Calls the decorated function in a virtual environment."""

    template_fields = PythonVirtualenvOperator.template_fields
    custom_operator_name = "@task.virtualenv"


class _PythonExternalDecoratedOperator(_PythonDecoratedOperator, ExternalPythonOperator):
    """Calls the decorated function with another interpreter."""

    template_fields = ExternalPythonOperator.template_fields
    custom_operator_name = "@task.external_python"


class _BranchPythonVirtualenvDecoratedOperator(
    _PythonDecoratedOperator, BranchPythonVirtualenvOperator
):
    """Goes on with what the decorated function returns from a virtual environment."""

    template_fields = PythonVirtualenvOperator.template_fields
    custom_operator_name = "@task.branch_virtualenv"


class _BranchExternalPythonDecoratedOperator(
    _PythonDecoratedOperator, BranchExternalPythonOperator
):
    """Goes on with what the decorated function returns from another interpreter."""

    template_fields = ExternalPythonOperator.template_fields
    custom_operator_name = "@task.branch_external_python"
