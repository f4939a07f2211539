import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useMemo } from "react";
import { answer, client } from "../api/client";
import { ALL, keys, structureQuery } from "../api/queries";
import { useSession } from "../session/SessionGate";
import { type Entry, goesWith } from "./palette.model";

const LEAST_LETTERS = 3;
const DAYS = 7;
const MOST = 8;
const DAY_MS = 86_400_000;

/** Instances of tasks with that in their names, of the last days, the newest first. */
const instancesNamed = (text: string) =>
  queryOptions({
    queryKey: [...keys.instances(ALL, ALL), "named", text],
    queryFn: () =>
      answer(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
          params: {
            path: { dag_id: ALL, dag_run_id: ALL },
            query: {
              task_display_name_pattern: `%${text}%`,
              start_date_gte: new Date(Date.now() - DAYS * DAY_MS).toISOString(),
              order_by: ["-start_date"],
              limit: 50,
            },
          },
        }),
      ),
  });

/** Tasks of the DAG that is on the screen; elsewhere those that ran of late. */
export function useTasksNamed(wanted: string, asked: string): Entry[] {
  const { dagId, runId } = useParams({ strict: false });
  const { may } = useSession();
  const navigate = useNavigate();
  const structure = useQuery({ ...structureQuery(dagId ?? ""), enabled: dagId !== undefined });
  const named = useQuery({
    ...instancesNamed(asked),
    enabled: dagId === undefined && asked.length >= LEAST_LETTERS && may("read", "task_instance"),
    placeholderData: keepPreviousData,
  });
  return useMemo(() => {
    if (wanted === "") return [];
    const to = (dag: string, run: string, taskId: string, map = -1) =>
      void navigate({
        to: "/dags/$dagId/runs/$runId/tasks/$taskId",
        params: { dagId: dag, runId: run, taskId },
        search: map >= 0 ? { tab: "mapped" } : {},
      });
    const common = { kind: "task" } as const;
    if (dagId !== undefined) {
      return (structure.data?.nodes ?? [])
        .filter((node) => !node.is_group && goesWith(wanted, node.id))
        .slice(0, MOST)
        .map((node) => ({
          ...common,
          id: `task ${node.id}`,
          label: node.id,
          detail: dagId,
          open: () => {
            if (runId !== undefined) to(dagId, runId, node.id, node.is_mapped ? 0 : -1);
            else
              void navigate({ to: "/dags/$dagId", params: { dagId }, search: { find: node.id } });
          },
        }));
    }
    const newest = new Map<string, Entry>();
    for (const one of named.data?.task_instances ?? []) {
      const id = `task ${one.dag_id} ${one.task_id}`;
      if (newest.has(id) || !goesWith(wanted, one.task_id)) continue;
      newest.set(id, {
        ...common,
        id,
        label: one.task_id,
        detail: one.dag_id,
        state: one.map_index < 0 ? one.state : null,
        open: () => to(one.dag_id, one.dag_run_id, one.task_id, one.map_index),
      });
    }
    return [...newest.values()].slice(0, MOST);
  }, [wanted, dagId, runId, structure.data, named.data, navigate]);
}
