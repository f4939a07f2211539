/** What is asked of task instances. */
import { queryOptions } from "@tanstack/react-query";
import { answer, client } from "../api/client";
import { ALL, keys } from "../api/queries";
import type { XComPlace } from "../run/compare.model";

const MOST = 100;

/** What a task, or every task (`~`), has pushed in a run; without the values. */
export const xcomsQuery = (dagId: string, runId: string, taskId: string, mapIndex?: number) =>
  queryOptions({
    queryKey: [...keys.instances(dagId, runId), taskId, mapIndex, "xcoms"],
    queryFn: () =>
      answer(
        client.GET(
          "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries",
          {
            params: {
              path: { dag_id: dagId, dag_run_id: runId, task_id: taskId },
              query: { map_index: taskId === ALL ? undefined : mapIndex, limit: MOST },
            },
          },
        ),
      ),
  });

/** One XCom with its value. */
export const xcomQuery = (dagId: string, runId: string, { task_id, map_index, key }: XComPlace) =>
  queryOptions({
    queryKey: [...keys.instances(dagId, runId), task_id, map_index, "xcom", key],
    queryFn: async () => {
      const found = await answer(
        client.GET(
          "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}",
          {
            params: {
              path: { dag_id: dagId, dag_run_id: runId, task_id, xcom_key: key },
              query: { map_index },
            },
          },
        ),
      );
      return { value: "value" in found ? found.value : null };
    },
  });
