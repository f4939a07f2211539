"""Operators that ask people and wait for their answer."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, TypedDict
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from slipstream.sdk._conf import conf
from slipstream.sdk._keys import quoted
from slipstream.sdk._notifier import BaseNotifier
from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._params import ParamsDict
from slipstream.sdk._people import HITLUser, upsert_hitl_detail
from slipstream.sdk._skip import BranchMixIn, SkipMixin
from slipstream.sdk._standard_exceptions import (
    HITLRejectException,
    HITLTimeoutError,
    HITLTriggerEventError,
)
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import TaskAwaitingInput
from slipstream.sdk.triggers.hitl import HITLTriggerEventSuccessPayload

if TYPE_CHECKING:
    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._context import Context
    from slipstream.sdk._task_instance import TaskInstance

_OPTIONS_FIELD = "_options"
"""The name that the form's address has for the options."""


class HITLEvent(TypedDict, total=False):
    """What a task goes on with: an answer, or an `error` with its `error_type`."""

    chosen_options: list[str]
    params_input: dict[str, UserValue]
    responded_at: datetime
    responded_by_user: HITLUser | None
    timedout: bool
    error: str
    error_type: str


class HITLOperator(BaseOperator):
    """Asks people a question and waits, without a process, until one of them answers.

    `subject` is the headline and `body` the text, in Markdown; both are templates. One of `options`
    can be chosen, or several with `multiple`. `params` are the fields of a form; what is filled in
    is checked against their schemas. `notifiers` are told when the question is asked. Only
    `assigned_users` may answer, each `{"id": user name, "name": …}`; without any, whoever may
    change task instances. Where nobody answers within `response_timeout`, `defaults` are taken, and
    without them the task fails.

    The task returns a dictionary with `chosen_options`, `params_input`, `responded_at` and
    `responded_by_user`, which is None where the defaults were taken.
    """

    template_fields = ("subject", "body")

    def __init__(
        self,
        *,
        subject: str,
        options: list[str],
        body: str | None = None,
        defaults: str | list[str] | None = None,
        multiple: bool = False,
        params: ParamsDict | Mapping[str, UserValue] | None = None,
        notifiers: Sequence[BaseNotifier] | BaseNotifier | None = None,
        assigned_users: HITLUser | list[HITLUser] | None = None,
        response_timeout: timedelta | None = None,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(**kwargs)
        if self.execution_timeout and not response_timeout:
            warnings.warn(
                "execution_timeout of an operator that asks people is taken as its "
                "response_timeout: give response_timeout instead.",
                DeprecationWarning,
                stacklevel=2,
            )
            response_timeout, self.execution_timeout = self.execution_timeout, None
        self.subject = subject
        self.body = body
        self.options = options
        self.defaults = [defaults] if isinstance(defaults, str) else defaults
        self.multiple = multiple
        self.params = _form(params)
        self.notifiers = [notifiers] if isinstance(notifiers, BaseNotifier) else notifiers or []
        self.assigned_users = (
            [assigned_users] if isinstance(assigned_users, dict) else assigned_users
        )
        self.response_timeout = response_timeout
        self.validate_options()
        self.validate_params()
        self.validate_defaults()
        self.hitl_summary_extra: dict[str, UserValue] = {}
        """What is added to `hitl_summary` on the way."""

    @property
    def hitl_summary(self) -> dict[str, UserValue]:
        """The question, and what has become of it so far, for whoever watches. Always made anew."""
        return {
            "subject": self.subject,
            "body": self.body,
            "options": self.options,
            "defaults": self.defaults,
            "multiple": self.multiple,
            "assigned_users": self.assigned_users,
            "serialized_params": self.serialized_params or None,
            **self.hitl_summary_extra,
        }

    @property
    def serialized_params(self) -> dict[str, dict[str, UserValue]]:
        """The form: `{name: {value, description, schema, source}}`."""
        return {name: self.params.get_param(name).serialize() for name in self.params}

    def validate_options(self) -> None:
        """Raises `ValueError` where there is nothing to choose from."""
        if not self.options:
            raise ValueError('"options" cannot be empty: people need something to choose.')

    def validate_params(self) -> None:
        """Raises `ValueError` for a name that the form's address needs itself."""
        if _OPTIONS_FIELD in self.params:
            raise ValueError(f'"{_OPTIONS_FIELD}" is not allowed in params: the form uses it.')

    def validate_defaults(self) -> None:
        """Raises `ValueError` for defaults that nobody could choose."""
        if self.defaults is None:
            return
        if not set(self.defaults) <= set(self.options):
            raise ValueError(
                f'defaults "{self.defaults}" should be a subset of options "{self.options}"'
            )
        if not self.multiple and len(self.defaults) > 1:
            raise ValueError(
                'More than one defaults given when "multiple" is set to False: '
                f"{quoted(self.defaults)}."
            )

    def execute(self, context: Context) -> UserValue:
        """Ask, tell the notifiers, and wait."""
        upsert_hitl_detail(
            ti_id=context["ti"].id,
            options=self.options,
            subject=self.subject,
            body=self.body,
            defaults=self.defaults,
            multiple=self.multiple,
            params=self.serialized_params,
            assigned_users=self.assigned_users,
        )
        timeout = self.response_timeout
        until = None if timeout is None else (datetime.now(UTC) + timeout).isoformat()
        self.hitl_summary_extra["timeout_datetime"] = until
        self.log.info("Waiting for somebody to answer: %s", self.subject)
        for notifier in self.notifiers:
            notifier(context)
        raise TaskAwaitingInput(method_name="execute_complete", timeout=timeout)

    def execute_complete(self, context: Context, event: HITLEvent) -> UserValue:
        """Check the answer and return it."""
        del context
        if "error" in event:
            self.hitl_summary_extra["error_type"] = event["error_type"]
            self.process_trigger_event_error(event)
        chosen = event["chosen_options"]
        filled_in = event["params_input"] or {}
        self.validate_chosen_options(chosen)
        self.validate_params_input(filled_in)
        by = event["responded_by_user"]
        self.hitl_summary_extra.update(
            chosen_options=chosen,
            params_input=filled_in,
            responded_at=event["responded_at"].isoformat(),
            responded_by_user=by,
        )
        who = "nobody in time, so the defaults count" if by is None else by["name"]
        self.log.info("Answered by %s: %s", who, ", ".join(chosen))
        return HITLTriggerEventSuccessPayload(
            chosen_options=chosen,
            params_input=filled_in,
            responded_at=event["responded_at"],
            responded_by_user=by,
        )

    def process_trigger_event_error(self, event: HITLEvent) -> None:
        """Raises `HITLTimeoutError` where nobody answered in time, or `HITLTriggerEventError`."""
        if event["error_type"] == "timeout":
            raise HITLTimeoutError(event["error"])
        raise HITLTriggerEventError(event["error"])

    def validate_chosen_options(self, chosen_options: list[str]) -> None:
        """Raises `ValueError` for an answer that is none of the options."""
        if wrong := set(chosen_options) - set(self.options):
            raise ValueError(f"Responses {quoted(wrong)} not in {quoted(self.options)}")

    def validate_params_input(self, params_input: Mapping[str, UserValue]) -> None:
        """Take what was filled in as the values of the params.

        Raises `ValueError` for other fields than those of the form, `ParamValidationError` for a
        value that its schema does not allow.
        """
        if self.params and params_input and set(self.params) != set(params_input):
            raise ValueError(
                f"params_input {quoted(params_input)} does not match params {quoted(self.params)}"
            )
        for name, value in params_input.items():
            self.params[name] = value

    def generate_link_to_ui(
        self,
        *,
        task_instance: TaskInstance,
        base_url: str | None = None,
        options: str | list[str] | None = None,
        params_input: Mapping[str, UserValue] | None = None,
    ) -> str:
        """The address at which people answer, with these options and fields filled in already.

        `base_url` is `[api] base_url` where it is not given. Raises `ValueError` where there is
        neither, and for options and params that are not the operator's.
        """
        query: dict[str, UserValue] = {}
        chosen = [options] if isinstance(options, str) else options
        if chosen:
            if wrong := set(chosen) - set(self.options):
                raise ValueError(f"options {quoted(wrong)} are not valid options")
            query[_OPTIONS_FIELD] = chosen
        if params_input:
            if wrong := set(params_input) - set(self.params):
                raise ValueError(f"params {quoted(wrong)} are not valid params")
            query.update(params_input)
        base = base_url or conf.get("api", "base_url", fallback=None)
        if not base:
            raise ValueError("Not able to retrieve base_url: set [api] base_url, or give base_url.")
        query["map_index"] = task_instance.map_index
        # As in Airflow the path of the base does not count.
        place = urlsplit(str(base))
        parts = [task_instance.dag_id, "runs", task_instance.run_id, "tasks", task_instance.task_id]
        path = "/".join(["/dags", *(quote(part, safe=":+~") for part in parts), "required_actions"])
        return urlunsplit((place.scheme, place.netloc, path, urlencode(query), ""))

    @staticmethod
    def generate_link_to_ui_from_context(
        *,
        context: Context,
        base_url: str | None = None,
        options: list[str] | None = None,
        params_input: Mapping[str, UserValue] | None = None,
    ) -> str:
        """The address for the task that runs, for its notifiers; see `generate_link_to_ui`."""
        task = context["task"]
        if not isinstance(task, HITLOperator):
            raise ValueError(
                f"This method only supports HITLOperator; the task is a {type(task).__name__}."
            )
        return task.generate_link_to_ui(
            task_instance=context["ti"],
            base_url=base_url,
            options=options,
            params_input=params_input,
        )


class ApprovalOperator(HITLOperator, SkipMixin):
    """Asks people to approve or to reject.

    When rejected, the tasks right below are skipped; with `ignore_downstream_trigger_rules`
    everything below is, whatever its trigger rule; with `fail_on_reject` the task fails instead.
    """

    FIXED_ARGS: ClassVar[list[str]] = ["options", "multiple"]
    APPROVE = "Approve"
    REJECT = "Reject"

    def __init__(
        self,
        *,
        ignore_downstream_trigger_rules: bool = False,
        fail_on_reject: bool = False,
        **kwargs: UserValue,
    ) -> None:
        for name in self.FIXED_ARGS:
            if name in kwargs:
                raise ValueError(
                    f"Passing {name} to ApprovalOperator is not allowed: people approve or reject."
                )
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules
        self.fail_on_reject = fail_on_reject
        super().__init__(options=[self.APPROVE, self.REJECT], multiple=False, **kwargs)
        self.hitl_summary_extra.update(
            ignore_downstream_trigger_rules=ignore_downstream_trigger_rules,
            fail_on_reject=fail_on_reject,
        )

    def execute_complete(self, context: Context, event: HITLEvent) -> UserValue:
        """Go on, skip what is below, or fail."""
        answer = super().execute_complete(context=context, event=event)
        chosen = answer["chosen_options"][0]
        self.hitl_summary_extra["approved"] = chosen == self.APPROVE
        if chosen == self.APPROVE:
            self.log.info("Approved")
            return answer
        if self.fail_on_reject:
            raise HITLRejectException(f'Receive "{self.REJECT}": the task fails on it.')
        below = self._below(context["task"])
        if below:
            self.log.info("Rejected: what is below is skipped")
            self.skip(ti=context["ti"], tasks=below)
        return answer

    def _below(self, task: AbstractOperator) -> list[AbstractOperator]:
        if self.ignore_downstream_trigger_rules:
            found = task.get_flat_relatives(upstream=False)
        else:
            found = task.get_direct_relatives(upstream=False)
        return [one for one in found if not one.is_teardown]


class HITLBranchOperator(HITLOperator, BranchMixIn):
    """Lets people choose which of the tasks or groups right below go on.

    `options_mapping` is `{option: task id}`; an option that is not in it is a task's id itself.
    """

    def __init__(
        self, *, options_mapping: Mapping[str, UserValue] | None = None, **kwargs: UserValue
    ):
        super().__init__(**kwargs)
        self.options_mapping = options_mapping or {}
        self.validate_options_mapping()
        self.hitl_summary_extra["options_mapping"] = self.options_mapping

    def validate_options_mapping(self) -> None:
        """Raises `ValueError` for keys that are no options and values that are no texts."""
        if wrong := set(self.options_mapping) - set(self.options):
            raise ValueError(
                f"`options_mapping` contains keys that are not in `options`: {sorted(wrong)}"
            )
        no_texts = {
            option: (value, type(value).__name__)
            for option, value in self.options_mapping.items()
            if not isinstance(value, str)
        }
        if no_texts:
            raise ValueError(
                f"`options_mapping` values must be strings (task_ids).\nInvalid entries: {no_texts}"
            )

    def execute_complete(self, context: Context, event: HITLEvent) -> UserValue:
        """Go on with what was chosen, and skip the rest."""
        answer = super().execute_complete(context=context, event=event)
        branches = [self.options_mapping.get(one, one) for one in answer["chosen_options"]]
        self.hitl_summary_extra["branches_to_execute"] = branches
        return self.do_branch(context, branches)


class HITLEntryOperator(HITLOperator):
    """Asks people to fill in a form; without `options` there is an OK to send it off."""

    OK = "OK"

    def __init__(self, **kwargs: UserValue) -> None:
        if "options" not in kwargs:
            kwargs = {"defaults": [self.OK], **kwargs, "options": [self.OK]}
        super().__init__(**kwargs)


def _form(params: Mapping[str, UserValue] | None) -> ParamsDict:
    """The task's own params. Those of its DAG are for whoever triggers a run."""
    own = ParamsDict(params)
    for _, param in own.items():
        param.source = param.source or "task"
    return ParamsDict.filter_params_by_source(own, source="task")
