"""The links that operators offer beside a task instance."""

from __future__ import annotations

from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.links import ExtraLinkCollectionResponse
from slipstream.api.payloads.task_instances import task_of
from slipstream.api.public.task_instances import INSTANCE, READ, instance_of
from slipstream.api.shown_values import shown_value
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import TaskKey

routes = Routes("Extra Links")


@routes.add("GET", INSTANCE + "/links", permission=READ, answer=ExtraLinkCollectionResponse)
def get_extra_links(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    map_index: int = UNMAPPED,
    try_number: int | None = None,
) -> ExtraLinkCollectionResponse:
    """Every link by its name; null for one that the task has not given yet.

    Each try replaces the addresses of the one before, so `try_number` changes nothing.
    """
    del try_number
    run = instance_of(call, dag_id, dag_run_id, TaskKey(task_id, map_index)).run
    spec = call.store.get_version(run.version_id).spec
    keys = task_of(spec, task_id).details.get("extra_link_keys")
    links: dict[str, str | None] = {}
    for name, key in sorted(keys.items()) if isinstance(keys, dict) else ():
        found = call.store.get_xcom(
            dag_id=dag_id, run_id=dag_run_id, task_id=task_id, map_index=map_index, key=str(key)
        )
        value = None if found is None else shown_value(found.value)
        links[name] = value if isinstance(value, str) and value else None
    return ExtraLinkCollectionResponse(extra_links=links, total_entries=len(links))
