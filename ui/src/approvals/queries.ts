/** What is asked of approvals; runs that change have them asked for again. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answer, client } from "../api/client";
import { ALL, keys } from "../api/queries";
import { WAITS } from "./approvals.model";

export const PER_PAGE = 20;

export const approvalsKey = [...keys.runs(ALL), "approvals"] as const;

export interface ApprovalSearch {
  show?: "waiting" | "answered" | "all";
  /** A part of the subject. */
  q?: string;
  dag?: string;
  page?: number;
}

export const approvalsQuery = ({ show = "waiting", q, dag, page = 1 }: ApprovalSearch) =>
  queryOptions({
    queryKey: [...approvalsKey, show, q, dag, page],
    queryFn: () =>
      answer(
        client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails", {
          params: {
            path: { dag_id: dag ?? ALL, dag_run_id: ALL },
            query: {
              limit: PER_PAGE,
              offset: (page - 1) * PER_PAGE,
              order_by: [show === "answered" ? "-responded_at" : "-created_at"],
              response_received: { waiting: false, answered: true, all: undefined }[show],
              state: show === "waiting" ? WAITS : undefined,
              subject_search: q,
            },
          },
        }),
      ),
    placeholderData: keepPreviousData,
  });

/** How many questions wait for an answer. */
export const waitingCountQuery = queryOptions({
  queryKey: [...approvalsKey, "count"],
  queryFn: async () => {
    const found = await answer(
      client.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails", {
        params: {
          path: { dag_id: ALL, dag_run_id: ALL },
          query: { limit: 1, response_received: false, state: WAITS },
        },
      }),
    );
    return found.total_entries ?? 0;
  },
});

export const approvalQuery = (dagId: string, runId: string, taskId: string, mapIndex: number) =>
  queryOptions({
    queryKey: [...approvalsKey, "one", dagId, runId, taskId, mapIndex],
    queryFn: () =>
      answer(
        client.GET(
          "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails",
          {
            params: {
              path: { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex },
            },
          },
        ),
      ),
  });
